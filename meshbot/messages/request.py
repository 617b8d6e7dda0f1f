"""A text that may be a command, as it was heard."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    """A text as it was heard. ``snr_db`` etc. are None where the radio did not say."""

    sender: int
    text: str
    proven: bool = False
    """Whether the sender's key sealed it, which proves ``sender``."""
    may_order: bool = False
    """Whether an order in it is to be obeyed."""
    snr_db: float | None = None
    rssi_dbm: int | None = None
    hops: int | None = None
    via_mqtt: bool = False
