"""The key sync at a glance."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SyncStatus:
    """The last key sync that ran: how long ago, and how many keys the interface then held."""

    ago_s: float
    keys: int
