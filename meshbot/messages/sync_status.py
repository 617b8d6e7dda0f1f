"""The key sync at a glance."""

from typing import NamedTuple


class SyncStatus(NamedTuple):
    """The last key sync that ran: how long ago, and how many keys the interface then held."""

    ago_s: float
    keys: int
