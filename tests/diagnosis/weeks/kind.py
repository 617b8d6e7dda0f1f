"""A kind of week: how it comes about, and what a judge should make of it."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.diagnosis.weeks.week import Chances, Week

SYNC = "sync suspected"
CLIENT = "another client takes the connection"
INTERVAL = "a client with a fixed interval"
DUMP = "the node-database dump"
QUIET_MESH = "quiet mesh, not a fault"
CRASHES = "the node crashes"
REBOOTS = "the node reboots"
NETWORK = "network or power"
ACCESS_POINT = "this machine or the access point"
SCHEDULE = "a schedule"
SCHEDULED = "scheduled reconnection"
REGION = "region unset or transmitter off"
UNEXPLAINED = "unexplained"
TOO_LITTLE = "not enough data"
CLEARED = "sync cleared"

NAMES = {
    "sync": frozenset({SYNC}),
    "wifi": frozenset({NETWORK}),
    "power": frozenset({ACCESS_POINT}),
    "crash": frozenset({CRASHES}),
    "reboot": frozenset({REBOOTS}),
    "loop": frozenset({CRASHES, REBOOTS}),
    "client": frozenset({CLIENT}),
    "interval": frozenset({INTERVAL}),
    "dump": frozenset({DUMP}),
    "quiet": frozenset({QUIET_MESH}),
    "scheduled": frozenset({SCHEDULED}),
    "clock": frozenset({SCHEDULE}),
}
"""What a true cause is called in a report, by the names that weeks use."""


@dataclass(frozen=True)
class Kind:
    """One kind. The targets are shares of many weeks."""

    name: str
    play: Callable[[Chances], Week]
    """Return a week of it; all chance comes from what is passed in."""
    accepts: frozenset[str] = frozenset()
    """Names of verdicts that are right; empty where only the word on the sync counts."""
    guilty: bool = False
    """Whether the sync is, in truth."""
    accused: float = 0.01
    """Of an innocent sync, the largest share accused; of a guilty one, the least found."""
    named: float = 0.95
    """The least share of weeks in which the verdict, or each cause of a mix, is right."""
    mix: tuple[str, ...] = ()
    """The true causes whose shares must be told within fifteen points."""
    says: str = ""
    """What must be among the shares, whatever the verdict is."""
    text: bool = False
    """Whether a text journal is judged, instead of this bot's own events."""
