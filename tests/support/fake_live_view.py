"""A live view that says what a test has it say."""

from dataclasses import dataclass, field

from meshbot.model.node_metrics import NodeMetrics
from meshbot.status.page.live_view import (
    ClientRow,
    Day,
    DayPiece,
    Fate,
    KeyState,
    LinkNow,
    MessageRow,
    NodeRow,
    NodesNow,
    OwnNodeNow,
    PieceState,
    Share,
    VerdictNow,
    WaitingKey,
)

NOW_S = 1_790_078_400.0
HOUR_S = 3_600.0


def node_row(number: int, name: str, snr_db: float | None = 5.0, heard_ago_s: int = 60) -> NodeRow:
    return NodeRow(
        f"!{number:08x}",
        name,
        name[:4].upper(),
        int(NOW_S) - heard_ago_s,
        number % 4,
        snr_db,
        KeyState(number % 5),
    )


def a_day() -> Day:
    """A day with an outage of an hour, before which the bot did not run."""
    start_s = NOW_S - 24 * HOUR_S
    return Day(
        start_s,
        NOW_S,
        (
            DayPiece(PieceState.OFF, start_s, start_s + HOUR_S),
            DayPiece(PieceState.UP, start_s + HOUR_S, start_s + 12 * HOUR_S),
            DayPiece(
                PieceState.DOWN,
                start_s + 12 * HOUR_S,
                start_s + 13 * HOUR_S,
                "silence, le nœud ne répond plus",
                1,
            ),
            DayPiece(PieceState.UP, start_s + 13 * HOUR_S, NOW_S),
        ),
    )


def three_nodes() -> NodesNow:
    return NodesNow(
        (
            node_row(0xA1, "Zoé", 2.5, 10),
            node_row(0xB2, "Émile", -11.0, 30),
            node_row(0xC3, "Alice", 9.75, 7_200),
        ),
        known=40,
    )


A_LINK = LinkNow(True, NOW_S - 90, "", 0, "192.168.1.38:4403", 1, 3)
A_VERDICT = VerdictNow(
    "le Wi-Fi du nœud (80 %) : rapprocher le nœud",
    "Rapprocher le nœud du point d'accès.",
    "bad",
    (Share("Le Wi-Fi du nœud", 0.8, 8), Share("Coupures inexpliquées", 0.2, 2)),
)
AN_OWN_NODE = OwnNodeNow("!8271fb11", "Base", "2.7.11", NodeMetrics(87, 4.02, 12.5, 1.25))


@dataclass
class FakeLiveView:
    """Its fields are its answers; ``looks`` counts the questions."""

    said_link: LinkNow = A_LINK
    said_day: Day = field(default_factory=a_day)
    said_verdict: VerdictNow | None = A_VERDICT
    said_nodes: NodesNow = field(default_factory=three_nodes)
    said_keys: tuple[WaitingKey, ...] = (
        WaitingKey("!000000a1", "Zoé", "DMqoyaXFQbTx", "Vr9U1zBj54ti", int(NOW_S) - 600, True),
    )
    said_messages: tuple[MessageRow, ...] = (
        MessageRow(int(NOW_S) - 9, "!000000a1", "Zoé", "", Fate.DROPPED, "liaison perdue"),
        MessageRow(int(NOW_S) - 10, "!000000a1", "Zoé", "pong\n2,5 dB", Fate.DELIVERED),
        MessageRow(int(NOW_S) - 12, "!000000a1", "Zoé", "/ping", Fate.HEARD),
        MessageRow(int(NOW_S) - 60, "", "", "bonjour", Fate.FAILED, "file pleine"),
        MessageRow(int(NOW_S) - 61, "!000000c3", "", "ok", Fate.SENT),
    )
    said_log: tuple[str, ...] = ("12:00:00 [INFO] ✅ tout va bien",)
    said_clients: tuple[ClientRow, ...] | None = (
        ClientRow("192.168.1.20:51034", int(NOW_S) - 300, 12, 1),
    )
    said_own: OwnNodeNow = AN_OWN_NODE
    said_now_s: float = NOW_S
    looks: int = 0

    def now_s(self) -> float:
        return self.said_now_s

    def link(self) -> LinkNow:
        self.looks += 1
        return self.said_link

    def day(self) -> Day:
        return self.said_day

    def verdict(self) -> VerdictNow | None:
        return self.said_verdict

    def nodes(self) -> NodesNow:
        return self.said_nodes

    def waiting_keys(self) -> tuple[WaitingKey, ...]:
        return self.said_keys

    def messages(self) -> tuple[MessageRow, ...]:
        return self.said_messages

    def log_lines(self) -> tuple[str, ...]:
        return self.said_log

    def clients(self) -> tuple[ClientRow, ...] | None:
        return self.said_clients

    def own_node(self) -> OwnNodeNow:
        return self.said_own
