"""What the operator reads of orders, and which settings count."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import pytest
from meshtastic.protobuf import mesh_pb2, portnums_pb2

from meshbot.link.link_status import LinkStatus
from meshbot.messages.admissions import Admissions
from meshbot.messages.asker import Asker
from meshbot.messages.commands import Commands
from meshbot.messages.decoded_packet import DecodedPacket
from meshbot.messages.direct_message_counts import DirectMessageCounts
from meshbot.messages.flood_guard import FloodGuard
from meshbot.messages.heard_packet import HeardPacket
from meshbot.messages.message_sender import MessageSender
from meshbot.messages.order_gate import OrderGate
from meshbot.messages.question import Question
from meshbot.messages.sender_rank import SenderRank
from meshbot.messages.text_message_handler import AnswerSettings, CommandDesk, TextMessageHandler
from meshbot.model.known_node import BROADCAST_NUM, KnownNode
from tests.support.clock import Clock
from tests.support.fake_view import FakeView
from tests.support.journal import Journal

OWN, ANN = 0x01, 0x0A
KEY = b"\x01" * 32


class FakeNodes:
    def __init__(self, languages: dict[int, str] | None = None) -> None:
        self.languages = languages or {}

    def public_key(self, num: int) -> bytes:
        return KEY

    def label(self, num: int) -> str:
        return f"Node{num}"

    def is_unconfirmed(self, num: int) -> bool:
        return False

    def node(self, num: int) -> KnownNode | None:
        return KnownNode(num)

    def heard_message(self, num: int) -> None:
        pass

    def language(self, num: int) -> str:
        return self.languages.get(num, "")


@dataclass
class FakeSender:
    sent: list[tuple[str | Callable[[], str], int]] = field(default_factory=list)
    waiting: set[str] = field(default_factory=set)
    questions: list[Question | None] = field(default_factory=list)

    def is_answering(self, question: Question) -> bool:
        return question.command in self.waiting

    def send(
        self,
        text: str | Callable[[], str],
        to: int,
        *,
        channel: int = 0,
        reply_id: int = 0,
        sealed: bool = False,
        question: Question | None = None,
    ) -> None:
        self.sent.append((text, to))
        self.questions.append(question)

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

    def __init__(
        self, view: FakeView | None = None, admins: tuple[int, ...] = (ANN,), *, burst: int = 50
    ) -> None:
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
            admissions=Admissions(
                FakeNodes(),
                FloodGuard(burst, 1.0),
                is_admin=lambda num: False,
                clocks=(clock, clock),
            ),
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
        age_s: float = 0.0,
        again: bool = False,
    ) -> list[str]:
        """Return the answers to a text of Ann's, in a new packet or ``again`` in the last one."""
        self.packet_id += not again
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
        self.handler.handle(DecodedPacket(heard, data, proven, age_s), OWN)
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


def test_a_command_that_waits_for_its_answer_is_not_answered_twice() -> None:
    bench = Bench()
    bench.sender.waiting.add("keys ann")
    assert bench.hear("/keys  Ann") == []
    assert bench.hear("／KEYS ａｎｎ\ufe0f") == []
    assert len(bench.hear("/keys bob")) == 1
    assert len(bench.hear("/keys")) == 1
    bench.sender.waiting.clear()
    assert len(bench.hear("/keys ann")) == 1


def test_the_same_unknown_command_is_answered_once_and_another_one_too() -> None:
    """A bot that writes its own command in front of what it reads would talk with us for ever."""
    bench = Bench()
    assert len(bench.hear("/echo bonjour")) == 1
    assert bench.hear("/echo (1) Commande inconnue : echo.") == []
    assert bench.hear("/ECHO (2) Commande inconnue : echo.") == []
    assert len(bench.hear("/pong")) == 1
    assert [len(bench.hear("/ping")) for _ in range(3)] == [1, 1, 1]


def test_what_was_asked_goes_with_the_reply() -> None:
    bench = Bench()
    bench.hear("/keys Ann", proven=False)
    bench.hear("/foo", proven=True)
    known, unknown = bench.sender.questions
    assert known is not None and unknown is not None
    assert (known.asker, known.command, known.name) == (Asker(ANN), "keys ann", "keys")
    assert known.asked_bytes == len("/keys Ann")
    assert unknown.asker == Asker(ANN, proven=True, rank=SenderRank.ESTABLISHED)
    assert (unknown.command, unknown.name) == ("foo ", "")


def test_an_answer_takes_its_texts_from_the_flood_limit() -> None:
    bench = Bench(burst=5)
    bench.hear("/ping")
    bench.hear("/my")
    first, second = bench.sender.questions
    assert first is not None and second is not None
    assert first.allow(3) == 3
    assert second.allow(5) == 2
    assert bench.hear("/sys") == ["Trop de commandes d'un coup : attendez un peu."]


def test_commands_of_made_up_numbers_do_not_fill_the_journal(journal: Journal) -> None:
    bench = Bench(burst=1_000)
    for _ in range(300):
        assert bench.hear("/ping", proven=False)
    assert bench.hear("/my", proven=True)
    *heard, untold, regular = journal.messages
    assert heard == ["📩 Node10 : ‹/ping›"] * 200
    assert untold == (
        "🐢 Plus de 200 commandes d'inconnus en une heure : les suivantes ne sont plus montrées"
    )
    assert regular == "📩 Node10 : ‹/my›"


def test_an_order_that_came_too_late_does_not_count_when_it_is_repeated(journal: Journal) -> None:
    """It is noted before its age drops it: who recorded it must not choose when it counts."""
    bench = Bench()
    assert bench.hear("/tcp reconnect", age_s=601.0) == []
    assert bench.hear("/tcp reconnect", again=True) == []
    assert journal.count("exécuté") == 0
    assert bench.hear("/tcp reconnect") == ["Liaison refaite à votre demande."]


def test_no_flood_keeps_a_true_order_from_being_obeyed(journal: Journal) -> None:
    """Recorded questions of the admin's, sent again after a restart, are as proven as his order."""
    bench = Bench(burst=2)
    for number in range(6):
        bench.hear(f"/keys {number}")
    assert bench.hear("/tcp reconnect") == ["Liaison refaite à votre demande."]
    assert journal.count("🛠️ Ordre de Node10 exécuté") == 1
    assert bench.hear("/ping") == []


@pytest.mark.parametrize(("admins", "proven"), [((), True), ((ANN,), False)])
def test_the_flood_limit_counts_orders_that_are_refused(
    admins: tuple[int, ...], proven: bool, journal: Journal
) -> None:
    bench = Bench(admins=admins, burst=2)
    answers = [bench.hear("/tcp reconnect", proven=proven) for _ in range(6)]
    assert [len(one) for one in answers] == [1, 1, 1, 0, 0, 0]
    assert journal.count("⛔ Ordre de Node10 refusé") == 2
