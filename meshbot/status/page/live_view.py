"""What the live page shows, as records that never change. Pure.

All times are wall-clock seconds. A record is compared with the one before: only what differs is
rendered again, so nothing in it may tick.
"""

import enum
from dataclasses import dataclass, field
from typing import Protocol

from meshbot.model.client_status import ClientStatus
from meshbot.model.node_metrics import NodeMetrics


@dataclass(frozen=True, slots=True)
class LinkNow:
    """The link: up or down, since when, and how it is being won back."""

    is_up: bool
    since_s: float
    cause: str
    """Why it is down; empty while it is up."""
    attempts: int
    where: str
    reconnections_hour: int
    reconnections_day: int


class PieceState(enum.Enum):
    """What there was for a while. The values are names of the page's colours."""

    UP = "up"
    DOWN = "down"
    OFF = "off"
    """The bot did not run, or nobody knows."""


@dataclass(frozen=True, slots=True)
class DayPiece:
    """A part of the last day; ``outages``: how many are drawn as this one."""

    state: PieceState
    start_s: float
    end_s: float
    cause: str = ""
    outages: int = 0

    @property
    def length_s(self) -> float:
        """How long it lasted."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Day:
    """The last 24 hours, without gaps."""

    start_s: float
    end_s: float
    pieces: tuple[DayPiece, ...] = ()

    @property
    def outages(self) -> tuple[DayPiece, ...]:
        """When there was no link though the bot ran, the latest first."""
        return tuple(one for one in reversed(self.pieces) if one.state is PieceState.DOWN)

    @property
    def up_share(self) -> float | None:
        """How much of the time that the bot ran there was a link; None where it did not run."""
        up_s = sum(one.length_s for one in self.pieces if one.state is PieceState.UP)
        down_s = sum(one.length_s for one in self.pieces if one.state is PieceState.DOWN)
        return up_s / (up_s + down_s) if up_s + down_s > 0 else None


@dataclass(frozen=True, slots=True)
class Share:
    """A cause of losses: its name, which part of all, how many."""

    name: str
    share: float
    count: int


@dataclass(frozen=True, slots=True)
class VerdictNow:
    """The report in short. ``tone``: "good", "bad" or nothing."""

    headline: str
    to_do: str
    tone: str
    shares: tuple[Share, ...] = ()


class KeyState(enum.Enum):
    """What is known of a node's key. The values order the rows."""

    WAITING = 0
    WEAK = 1
    NONE = 2
    ABSENT = 3
    """Known, but the link does not hold it."""
    IN_PLACE = 4


@dataclass(frozen=True, slots=True)
class NodeRow:
    """A node of the mesh; ``heard_s`` 0: nobody can tell."""

    id: str
    name: str
    short_name: str
    heard_s: int
    hops: int | None
    snr_db: float | None
    key: KeyState


@dataclass(frozen=True, slots=True)
class NodesNow:
    """The nodes heard last, and how many are known."""

    rows: tuple[NodeRow, ...] = ()
    known: int = 0


@dataclass(frozen=True, slots=True)
class WaitingKey:
    """A key that waits for the operator; ``known``: the fingerprint of the one believed so far."""

    id: str
    name: str
    known: str
    offered: str
    offered_s: int
    proven: bool
    """Whether its holder was seen to use the node's number."""


class Fate(enum.Enum):
    """What became of a message."""

    HEARD = "heard"
    SENT = "sent"
    """The node has it."""
    DELIVERED = "delivered"
    FAILED = "failed"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A command heard, or a text of the bot's; ``node_id`` empty: everybody."""

    at_s: int
    node_id: str
    name: str
    text: str
    fate: Fate
    why: str = ""


@dataclass(frozen=True, slots=True)
class OwnNodeNow:
    """The bot's own node, as far as it said."""

    id: str = ""
    name: str = ""
    firmware: str = ""
    metrics: NodeMetrics = field(default_factory=NodeMetrics)


@dataclass(frozen=True, slots=True)
class ClientRow:
    """A program that shares the node."""

    address: str
    since_s: int
    packets: int
    refused: int


def client_row(client: ClientStatus, since_s: int) -> ClientRow:
    """Return what the page shows of a client that came at a time."""
    return ClientRow(client.address, since_s, client.packets, client.refused)


class LiveView(Protocol):
    """The running bot. Each answer is a moment's work, takes no file and waits for no thread."""

    def now_s(self) -> float:
        """Return the wall-clock time."""

    def link(self) -> LinkNow:
        """Return the state of the link."""

    def day(self) -> Day:
        """Return the last 24 hours, up to this minute."""

    def verdict(self) -> VerdictNow | None:
        """Return why the link was lost in the last days; None while nobody has judged yet."""

    def nodes(self) -> NodesNow:
        """Return the nodes heard last, latest first."""

    def waiting_keys(self) -> tuple[WaitingKey, ...]:
        """Return the keys that wait for the operator."""

    def messages(self) -> tuple[MessageRow, ...]:
        """Return the last messages, latest first."""

    def log_lines(self) -> tuple[str, ...]:
        """Return the log's last lines, the latest last."""

    def clients(self) -> tuple[ClientRow, ...] | None:
        """Return the clients of the node; None where it is not shared."""

    def own_node(self) -> OwnNodeNow:
        """Return how the bot's own node is."""
