"""What the operator reads of orders, and which settings count."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import pytest
from meshtastic.protobuf import mesh_pb2, portnums_pb2

from meshbot.link.link_status import LinkStatus
from meshbot.messages.commands import Commands
from meshbot.messages.decoded_packet import DecodedPacket
from meshbot.messages.direct_message_counts import DirectMessageCounts
from meshbot.messages.flood_guard import FloodGuard
from meshbot.messages.heard_packet import HeardPacket
from meshbot.messages.message_sender import MessageSender
from meshbot.messages.order_gate import OrderGate
from meshbot.messages.text_message_handler import AnswerSettings, CommandDesk, TextMessageHandler
from meshbot.model.known_node import BROADCAST_NUM
from tests.support.clock import Clock
from tests.support.fake_view import FakeView
from tests.support.journal import Journal

OWN, ANN = 0x01, 0x0A
KEY = b"\x01" * 32


class FakeNodes:
    def public_key(self, num: int) -> bytes:
        return KEY

    def label(self, num: int) -> str:
        return f"Node{num}"

    def is_disputed(self, num: int) -> bool:
        return False

    def heard_message(self, num: int) -> None:
        pass


@dataclass
class FakeSender:
    sent: list[tuple[str | Callable[[], str], int]] = field(default_factory=list)

    def is_full(self) -> bool:
        return False

    def send(
        self,
        text: str | Callable[[], str],
        to: int,
        *,
        channel: int = 0,
        reply_id: int = 0,
        sealed: bool = False,
    ) -> None:
        self.sent.append((text, to))

    def texts(self) -> list[str]:
        """Have every reply's turn come."""
        return [text if isinstance(text, str) else text() for text, _ in self.sent]


class FakeOrders:
    def __init__(self) -> None:
        self.heard: set[tuple[int, int]] = set()

    def note(self, num: int, packet_id: int) -> bool:
        is_new = (num, packet_id) not in self.heard
        self.heard.add((num, packet_id))
        return is_new

    def write_again(self) -> None:
        pass


class Bench:
    """A handler on fakes, with the real commands and the real gate for orders."""

    def __init__(self, view: FakeView | None = None, admins: tuple[int, ...] = (ANN,)) -> None:
        self.sender = FakeSender()
        self.packet_id = 0
        nodes, clock = FakeNodes(), Clock(1_000.0)
        gate = OrderGate(
            nodes, FakeOrders(), dict.fromkeys(admins, ""), on_vanished=print, clock=clock
        )
        self.handler = TextMessageHandler(
            nodes,
            CommandDesk(Commands(view or FakeView()), gate),
            cast(MessageSender, self.sender),
            AnswerSettings((), 600.0),
            flood=FloodGuard(50, 1.0),
            counts=DirectMessageCounts(),
            clock=clock,
        )

    def hear(
        self,
        text: str | bytes,
        *,
        proven: bool = True,
        to: int = OWN,
        emoji: int = 0,
        reply_id: int = 0,
    ) -> list[str]:
        """Return the answers to a text of Ann's."""
        self.packet_id += 1
        packet = mesh_pb2.MeshPacket(to=to, id=self.packet_id)
        setattr(packet, "from", ANN)
        payload = text.encode("utf-8") if isinstance(text, str) else text
        data = mesh_pb2.Data(
            portnum=portnums_pb2.PortNum.TEXT_MESSAGE_APP,
            payload=payload,
            emoji=emoji,
            reply_id=reply_id,
        )
        already = len(self.sender.sent)
        heard = HeardPacket(packet, 1_000.0, 0.0)
        self.handler.handle(DecodedPacket(heard, data, proven, 0.0), OWN)
        return self.sender.texts()[already:]


@pytest.mark.parametrize(
    ("admins", "proven", "line"),
    [
        ((ANN,), True, "🛠️ Ordre de Node10 exécuté (clé AQEBAQEBAQEB)"),
        (
            (),
            True,
            "⛔ Ordre de Node10 refusé : pas dans ADMIN_NODES",
        ),
        ((ANN,), False, "⛔ Ordre de Node10 refusé : message non authentifié"),
    ],
)
def test_the_operator_reads_of_each_order_what_became_of_it(
    admins: tuple[int, ...], proven: bool, line: str, journal: Journal
) -> None:
    bench = Bench(admins=admins)
    assert len(bench.hear("/tcp reconnect", proven=proven)) == 1
    assert journal.messages == ["📩 Node10 : ‹/tcp\u00a0reconnect›", line]


def test_the_operator_reads_of_a_question_no_more_than_that_it_came(journal: Journal) -> None:
    bench = Bench(FakeView(reconnecting=True))
    assert len(bench.hear("/tcp reconnect", proven=True)) == 1
    assert len(bench.hear("/ping", proven=True)) == 1
    assert journal.messages == ["📩 Node10 : ‹/tcp\u00a0reconnect›", "📩 Node10 : ‹/ping›"]


def test_other_settings_count_from_when_they_are_given() -> None:
    bench = Bench()
    assert bench.hear("/ping", proven=False) == ["pong sauts inconnus"]
    assert bench.hear("/ping", proven=False, to=BROADCAST_NUM) == []
    bench.handler.change_settings(AnswerSettings((0,), 600.0, require_pki=True))
    assert bench.hear("/ping", proven=False) == []
    assert bench.hear("/ping", proven=True) == ["pong sauts inconnus"]
    assert bench.hear("/ping", proven=False, to=BROADCAST_NUM) == ["pong sauts inconnus"]
    assert bench.sender.sent[-1][1] == BROADCAST_NUM


def test_a_message_for_somebody_else_is_none_of_ours() -> None:
    assert Bench().hear("/ping", proven=True, to=0x77) == []


def test_a_question_is_answered_when_its_turn_comes_and_an_order_obeyed_when_it_is_heard() -> None:
    view = FakeView()
    bench = Bench(view)
    bench.hear("/sys\x07")
    bench.hear("/tcp")
    bench.hear("／TCP  Reconnect\ufe0f")
    assert len(view.causes) == 1
    view.link = LinkStatus(7.0, 0, 0, "", "host:4403")
    first, second, third = (text for text, _ in bench.sender.sent)
    assert callable(first)
    assert callable(second)
    assert second().startswith("Liaison établie depuis 7 s\n")
    assert third == "Liaison refaite à votre demande."
    assert len(view.causes) == 1


@pytest.mark.parametrize("emoji", [1, 0x1F44D])
def test_a_sign_put_under_a_message_is_no_command(emoji: int) -> None:
    bench = Bench()
    assert bench.hear("/ping", emoji=emoji) == []
    assert bench.hear("👍", emoji=emoji, reply_id=9) == []
    assert bench.hear("👍", reply_id=9) == []
    assert bench.hear("/ping", reply_id=9) == ["pong sauts inconnus"]


@pytest.mark.parametrize(
    "payload", ["/ping é".encode()[:-1], b"/ping\xc3", b"/ping \xff", b"/ping\xe9"]
)
def test_a_command_with_a_broken_character_is_answered(payload: bytes, journal: Journal) -> None:
    assert Bench().hear(payload) == ["pong sauts inconnus"]
    assert len(journal.messages) == 1


def test_a_command_filled_up_with_nul_is_answered(journal: Journal) -> None:
    assert Bench().hear(b"/ping" + bytes(40)) == ["pong sauts inconnus"]
    assert len(journal.messages) == 1


def test_bytes_that_are_no_text_are_told_as_such(journal: Journal) -> None:
    assert Bench().hear(b"\xff\xfe\x00/") == []
    assert journal.messages == ["ℹ️ Message illisible de Node10 ignoré (pas de l'UTF-8)"]
