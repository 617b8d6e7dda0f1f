"""Sealed messages: opened, kept for a key, or given up, and what is written of each."""

from dataclasses import dataclass, field
from typing import cast

import pytest
from meshtastic.protobuf import mesh_pb2, portnums_pb2

from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.mesh import direct_messages
from meshbot.mesh.radio_keys import RadioKeys
from meshbot.mesh.sealed_messages import SealedMessages
from meshbot.messages.direct_message_counts import DirectMessageCounts
from meshbot.messages.heard_packet import HeardPacket
from meshbot.messages.message_sender import MessageSender
from meshbot.messages.outgoing_request import OutgoingRequest
from meshbot.messages.packet_path import PacketPath
from meshbot.messages.sealed_inbox import MAX_LINES_OF_STRANGERS, SealedInbox
from meshbot.messages.waiting_messages import MAX_WAITING
from meshbot.model.cause import Cause
from meshbot.model.link_event import EventKind
from meshbot.model.link_notes import LinkNotes
from tests.support.clock import Clock
from tests.support.journal import Journal

OWN, ANN = 0x01, 0x0A
OWN_PRIVATE, ANN_PRIVATE, FORGER_PRIVATE = b"\x11" * 32, b"\x22" * 32, b"\x33" * 32
OWN_KEY = direct_messages.public_key_of(OWN_PRIVATE)
ANN_KEY = direct_messages.public_key_of(ANN_PRIVATE)
FORGER_KEY = direct_messages.public_key_of(FORGER_PRIVATE)


@dataclass
class FakeSession:
    own_num: int = OWN
    own_private_key: bytes = OWN_PRIVATE
    own_user: mesh_pb2.User | None = field(default_factory=mesh_pb2.User)


@dataclass
class FakeKeys:
    keys: dict[int, bytes] = field(default_factory=dict)
    claimed: dict[int, bytes] = field(default_factory=dict)
    learned: list[tuple[int, bytes]] = field(default_factory=list)

    def claimed_key(self, num: int) -> bytes:
        return self.claimed.get(num, b"")

    def learn_from_message(self, num: int, public_key: bytes) -> None:
        self.learned.append((num, public_key))

    def public_key(self, num: int) -> bytes:
        return self.keys.get(num, b"")

    def label(self, num: int) -> str:
        return f"Node{num}"


@dataclass
class FakeSender:
    requests: list[OutgoingRequest] = field(default_factory=list)

    def request(self, request: OutgoingRequest) -> bool:
        self.requests.append(request)
        return True


@dataclass
class FakeNotes(LinkNotes):
    noted: list[tuple[EventKind, str]] = field(default_factory=list)

    def note(
        self,
        kind: EventKind,
        *,
        seconds: float | None = None,
        count: int | None = None,
        text: str = "",
        cause: Cause | None = None,
    ) -> None:
        self.noted.append((kind, text))


class Bench:
    """An inbox on fakes, with real seals."""

    def __init__(self) -> None:
        self.clock = Clock(1_000.0)
        self.session, self.keys = FakeSession(), FakeKeys()
        self.sender, self.notes = FakeSender(), FakeNotes()
        self.counts = DirectMessageCounts()
        self.inbox = SealedInbox(
            self.keys,
            SealedMessages(),
            RadioKeys(),
            cast(MessageSender, self.sender),
            self.counts,
            notes=self.notes,
            clock=self.clock,
        )

    def hear(self, text: bytes, packet_id: int = 1) -> bytes | None:
        """Return what the inbox reads in a message that Ann sealed."""
        session = cast(SupervisedInterface, self.session)
        opened = self.inbox.open(session, self.heard(text, packet_id))
        return opened.data.payload if opened is not None else None

    def heard(self, text: bytes, packet_id: int = 1) -> HeardPacket:
        """Return a message that Ann sealed."""
        data = mesh_pb2.Data(portnum=portnums_pb2.PortNum.TEXT_MESSAGE_APP, payload=text)
        packet = mesh_pb2.MeshPacket(to=OWN, id=packet_id)
        setattr(packet, "from", ANN)
        packet.encrypted = direct_messages.seal(
            direct_messages.message_key(ANN_PRIVATE, OWN_KEY),
            packet_id,
            ANN,
            data.SerializeToString(),
            b"\x01\x02\x03\x04",
        )
        return HeardPacket(packet, self.clock.now_s, 2.0)

    def hear_from_others(self, *senders: int) -> None:
        """Hear sealed messages of nodes that were heard before, and have no key yet."""
        for sender in senders:
            packet = mesh_pb2.MeshPacket(to=OWN, id=sender, encrypted=bytes(30))
            setattr(packet, "from", sender)
            heard = HeardPacket(packet, self.clock.now_s, 2.0, familiar=True)
            self.inbox.open(cast(SupervisedInterface, self.session), heard)

    def open_waiting(self) -> list[tuple[bytes, float]]:
        """Return what the messages that waited say, and how old they are."""
        opened = self.inbox.open_waiting(cast(SupervisedInterface, self.session))
        return [(message.data.payload, message.age_s) for message in opened]


def test_a_message_opens_with_the_key_that_is_known() -> None:
    bench = Bench()
    bench.keys.keys[ANN] = ANN_KEY
    assert bench.hear(b"/ping") == b"/ping"
    assert bench.notes.noted == [(EventKind.MESSAGE_OPENED, "")]
    assert bench.counts.not_opened == 0


def test_a_message_of_a_stranger_waits_until_his_key_is_known(journal: Journal) -> None:
    bench = Bench()
    assert bench.hear(b"/ping", 1) is None
    assert bench.hear(b"/my", 2) is None
    assert len(bench.sender.requests) == 1
    assert bench.open_waiting() == []
    bench.clock.now_s += 5.0
    bench.keys.keys[ANN] = ANN_KEY
    assert bench.open_waiting() == [(b"/ping", 7.0), (b"/my", 7.0)]
    assert bench.open_waiting() == []
    assert journal.messages == [
        "🔒 Message scellé de Node10 gardé 10 min : sa clé publique est inconnue, elle lui est "
        "demandée"
    ]


def test_a_first_key_that_does_not_open_it_leaves_a_message_waiting_for_the_true_one() -> None:
    bench = Bench()
    bench.hear(b"/ping")
    bench.keys.keys[ANN] = FORGER_KEY
    assert bench.open_waiting() == []
    bench.keys.keys[ANN] = ANN_KEY
    assert bench.open_waiting() == [(b"/ping", 2.0)]


@pytest.mark.parametrize(
    ("key", "private_key", "stored", "said"),
    [
        (ANN_KEY, b"", "no_private_key", "le nœud ne donne pas sa clé privée"),
        (
            FORGER_KEY,
            OWN_PRIVATE,
            "other_key",
            "altéré, ou scellé avec une autre clé que celle connue",
        ),
    ],
)
def test_the_journal_keeps_the_reason_as_a_value_and_says_it_in_french(
    key: bytes, private_key: bytes, stored: str, said: str, journal: Journal
) -> None:
    bench = Bench()
    bench.keys.keys[ANN] = key
    bench.session.own_private_key = private_key
    assert bench.hear(b"/ping", 1) is None
    assert bench.hear(b"/ping", 2) is None
    assert bench.notes.noted == [(EventKind.MESSAGE_NOT_OPENED, stored)]
    assert journal.messages == [f"🔒 Message scellé de Node10 non ouvert : {said}"]
    assert bench.counts.not_opened == 2


def test_a_message_that_waits_is_tried_once_with_each_key_and_counted_so() -> None:
    """Whatever NodeInfos are heard meanwhile: each of them looks for what waits."""
    bench = Bench()
    bench.hear(b"/ping")
    bench.keys.keys[ANN] = FORGER_KEY
    for _ in range(10):
        assert bench.open_waiting() == []
    assert bench.counts.not_opened == 1
    bench.keys.keys[ANN] = ANN_KEY
    assert bench.open_waiting() == [(b"/ping", 2.0)]
    assert bench.counts.not_opened == 1


def test_a_licensed_station_reads_a_sealed_message_and_asks_for_no_key(journal: Journal) -> None:
    bench = Bench()
    bench.session.own_user = mesh_pb2.User(is_licensed=True)
    assert bench.hear(b"/ping", 1) is None
    assert bench.sender.requests == []
    assert journal.count("elle lui est demandée") == 0
    bench.keys.keys[ANN] = ANN_KEY
    assert bench.hear(b"/ping", 2) == b"/ping"


def test_a_message_for_which_there_is_no_room_is_not_said_to_be_kept(journal: Journal) -> None:
    """No stranger's pushes out those of nodes heard before, which came the same way."""
    bench = Bench()
    bench.hear_from_others(*range(1_000, 1_000 + MAX_WAITING[PacketPath.HOPS]))
    asked = len(bench.sender.requests)
    assert bench.hear(b"/ping") is None
    assert journal.messages[-1] == (
        "🔒 Message scellé de Node10 non gardé : trop d'autres attendent déjà une clé"
    )
    assert len(bench.sender.requests) == asked
    bench.keys.keys[ANN] = ANN_KEY
    assert bench.open_waiting() == []


def test_a_flood_of_strangers_by_mqtt_does_not_hide_the_line_about_one_heard_before(
    journal: Journal,
) -> None:
    bench = Bench()
    bench.session.own_private_key = b""
    for sender in range(1_000, 1_500):
        packet = mesh_pb2.MeshPacket(to=OWN, id=sender, encrypted=bytes(30), via_mqtt=True)
        setattr(packet, "from", sender)
        heard = HeardPacket(packet, bench.clock.now_s, 2.0)
        bench.inbox.open(cast(SupervisedInterface, bench.session), heard)
    assert len(journal.messages) == MAX_LINES_OF_STRANGERS
    bench.hear_from_others(ANN)
    assert "Node10 non ouvert" in journal.messages[-1]


def test_a_key_that_is_only_claimed_opens_and_proves_nothing_to_us() -> None:
    bench = Bench()
    assert bench.hear(b"first") is None
    bench.keys.claimed[ANN] = FORGER_KEY
    assert bench.open_waiting() == []
    bench.keys.claimed[ANN] = ANN_KEY
    assert [text for text, _ in bench.open_waiting()] == [b"first"]
    assert bench.keys.learned == [(ANN, ANN_KEY)], "the operator is told what it shows"
    session = cast(SupervisedInterface, bench.session)
    for known in (b"", ANN_KEY):
        bench.keys.keys[ANN] = known
        opened = bench.inbox.open(session, bench.heard(b"second"))
        assert opened is not None
        assert opened.proven is bool(known)


class Told:
    """What those hear who are to see what only the bot can open."""

    def __init__(self, bench: Bench) -> None:
        self.opened: list[tuple[int, bytes, bytes]] = []
        self.unopened: list[int] = []
        bench.inbox.on_opened = self._note_opened
        bench.inbox.on_unopened = lambda packet: self.unopened.append(packet.id)

    def _note_opened(self, packet: mesh_pb2.MeshPacket, data: mesh_pb2.Data, key: bytes) -> None:
        assert packet.encrypted, "the packet stays as it came"
        self.opened.append((packet.id, data.payload, key))


def test_who_shares_the_node_is_told_what_was_opened() -> None:
    bench = Bench()
    told = Told(bench)
    bench.keys.keys[ANN] = ANN_KEY
    bench.hear(b"/ping", 7)
    assert (told.opened, told.unopened) == ([(7, b"/ping", ANN_KEY)], [])


def test_who_shares_the_node_is_told_once_what_waits_and_again_when_it_opens() -> None:
    bench = Bench()
    told = Told(bench)
    bench.hear(b"/ping", 7)
    bench.hear(b"/my", 8)
    assert (told.opened, told.unopened) == ([], [7, 8])
    bench.keys.keys[ANN] = FORGER_KEY
    bench.open_waiting()
    bench.open_waiting()
    assert (told.opened, told.unopened) == ([], [7, 8])
    bench.keys.keys[ANN] = ANN_KEY
    bench.open_waiting()
    bench.open_waiting()
    assert told.unopened == [7, 8]
    assert told.opened == [(7, b"/ping", ANN_KEY), (8, b"/my", ANN_KEY)]


def test_who_shares_the_node_is_told_what_nothing_opens() -> None:
    bench = Bench()
    told = Told(bench)
    bench.keys.keys[ANN] = FORGER_KEY
    bench.hear(b"/ping", 7)
    bench.session.own_private_key = b""
    bench.hear(b"/ping", 8)
    bench.hear_from_others(*range(1_000, 1_001 + MAX_WAITING[PacketPath.HOPS]))
    assert told.opened == []
    assert told.unopened[:2] == [7, 8]
    assert len(told.unopened) == 3 + MAX_WAITING[PacketPath.HOPS]
