"""Which key the radio is given, when, and when none any more."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import pytest
from meshtastic.protobuf import admin_pb2, config_pb2, mesh_pb2, portnums_pb2

from meshbot.link.key_question import LACKING_RESULT, NOBODYS_KEY
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.mesh.radio_keys import RadioKeys
from meshbot.messages.key_pusher import KeyPusher, PushSettings, user_of
from meshbot.messages.outgoing_request import OutgoingRequest
from meshbot.model.known_node import KnownNode
from meshbot.model.link_error import LinkError
from node_manager import NodeManager
from tests.support.clock import Clock
from tests.support.fake_storage import FakeStorage
from tests.support.journal import Journal

OWN, ANN, BOB, EVE = 0x01, 0x0A, 0xB0B0B0B0, 0xFFFFFFFE
KEYS = {num: bytes([position]) * 32 for position, num in enumerate((OWN, ANN, BOB, EVE), 1)}
START_S = 1_000.0
STABLE_S = 900.0
HOUR_S, DAY_S = 3_600.0, 86_400.0


@dataclass
class FakeInterface:
    """An interface that only notes which contacts it was given."""

    ready_s: float | None = START_S - STABLE_S
    own_num: int = OWN
    hop_limit: int = 3
    own_user: mesh_pb2.User | None = field(default_factory=mesh_pb2.User)
    is_managed: bool = False
    contacts: list[tuple[int, mesh_pb2.User]] = field(default_factory=list)

    def send_packet(self, packet: mesh_pb2.MeshPacket) -> None:
        assert packet.to == self.own_num
        assert packet.decoded.portnum == portnums_pb2.PortNum.ADMIN_APP
        contact = admin_pb2.AdminMessage.FromString(packet.decoded.payload).add_contact
        self.contacts.append((contact.node_num, contact.user))


@dataclass
class FakeSender:
    """A sender that sends when a test says so, on the spot, unless it is full."""

    requests: list[OutgoingRequest] = field(default_factory=list)
    full: bool = False
    fills_up: bool = False
    """Whether the last room is taken after it was looked for."""
    on_request: Callable[[], None] = lambda: None

    def is_full(self) -> bool:
        return self.full

    def request(self, request: OutgoingRequest) -> bool:
        if self.full or self.fills_up:
            return False
        self.requests.append(request)
        self.on_request()
        return True


def _at_once(call: Callable[[], object]) -> None:
    """Stand in for the worker, which would make the call a little later."""
    call()


class Bench:
    """A key pusher with a real node manager, on fakes."""

    def __init__(self, storage: FakeStorage, max_per_day: int = 20) -> None:
        self.clock, self.wall_clock = Clock(START_S), Clock(1_700_000_000.0)
        self.storage = storage
        self.sender = FakeSender()
        self.radio = RadioKeys()
        self.radio.note_entries([], complete=True)
        self.interface = FakeInterface()
        self.max_per_day = max_per_day
        self.start()

    def start(self) -> None:
        """Start the bot, or start it again."""
        self.nodes = NodeManager(self.storage, clock=self.clock, wall_clock=self.wall_clock)
        self.nodes.load()
        self.pusher = KeyPusher(
            self.nodes,
            self.radio,
            self.sender,
            PushSettings(STABLE_S, self.max_per_day),
            post=_at_once,
            clock=self.clock,
            wall_clock=self.wall_clock,
        )

    def writes_to_us(self, num: int, key: bytes | None = None) -> None:
        key = KEYS[num] if key is None else key
        self.nodes.learn_from_air(num, mesh_pb2.User(long_name=f"Node{num}", public_key=key))
        self.nodes.heard_message(num)

    def pass_time(self, seconds: float) -> None:
        self.clock.now_s += seconds
        self.wall_clock.now_s += seconds

    def turn(self, interface: FakeInterface | None = None) -> bool:
        """Do a turn on an interface, by default the one that is live; return whether it asked."""
        before = len(self.sender.requests)
        self.pusher.push_next(cast(SupervisedInterface, interface or self.interface))
        return len(self.sender.requests) > before

    def lose_link(self) -> None:
        self.pusher.push_next(None)

    def answer(self, result: int | None) -> list[int]:
        """Let the pending request be sent and answered; return whose keys the radio was given."""
        (request,) = self.sender.requests
        self.sender.requests.clear()
        given: list[int] = []
        if result is not None:
            request.interface.send_packet(request.packet(request.interface, 77))
            given = [num for num, _ in cast(FakeInterface, request.interface).contacts]
        request.done(result)
        return given

    def push(self) -> list[int]:
        """Do a turn, and have what it asks taken by the radio; return whose keys it was given."""
        self.interface.contacts.clear()
        return self.answer(0) if self.turn() else []


@pytest.fixture
def bench() -> Bench:
    return Bench(FakeStorage())


def test_the_key_of_somebody_who_wrote_and_whose_key_the_radio_lacks_is_given(
    bench: Bench, journal: Journal
) -> None:
    bench.writes_to_us(ANN)
    assert bench.push() == [ANN]
    ((num, user),) = bench.interface.contacts
    assert (num, user.public_key, user.long_name, user.id) == (
        ANN,
        KEYS[ANN],
        "Node10",
        "!0000000a",
    )
    assert "🔑 Clé de ‹Node10› (!0000000a) donnée à la radio (écrite dans sa mémoire)" in (
        journal.messages
    )
    assert not bench.radio.is_lacking(ANN)
    assert bench.push() == []


def test_a_node_that_never_wrote_to_us_is_given_nothing(bench: Bench) -> None:
    bench.nodes.learn_from_air(ANN, mesh_pb2.User(public_key=KEYS[ANN]))
    bench.nodes.heard(ANN, snr_db=1.0, hops=0)
    assert not bench.turn()


def test_an_empty_key_is_never_given(bench: Bench) -> None:
    bench.writes_to_us(ANN, b"")
    assert not bench.turn()


def test_a_key_that_the_operator_took_away_is_not_given(bench: Bench) -> None:
    bench.writes_to_us(ANN)
    bench.storage.add_decision(BOB, KEYS[ANN], accept=True)
    bench.nodes.carry_out_decisions()
    assert not bench.turn()


def test_a_key_that_the_radio_may_hold_is_never_given(bench: Bench) -> None:
    bench.writes_to_us(ANN)
    bench.radio.note_heard(ANN, KEYS[ANN])
    assert not bench.turn()


def test_a_radio_that_may_hold_another_key_is_given_none(bench: Bench) -> None:
    bench.writes_to_us(ANN)
    bench.radio.note_heard(ANN, KEYS[EVE])
    assert not bench.turn()


def test_a_key_that_the_radio_showed_in_the_place_of_the_known_one_is_replaced(
    bench: Bench,
) -> None:
    bench.writes_to_us(ANN)
    bench.radio.note_held(ANN, KEYS[EVE])
    for number in range(10):
        bench.radio.note_heard(ANN, bytes([number]) * 32)
    assert bench.push() == [ANN]
    assert bench.interface.contacts[0][1].public_key == KEYS[ANN]
    assert not bench.turn(), "it has it now"


def test_a_key_for_which_the_nodes_number_speaks_is_not_replaced(bench: Bench) -> None:
    """The one that we know may be the forger's then."""
    num = zlib.crc32(KEYS[EVE])
    bench.writes_to_us(num, KEYS[ANN])
    bench.radio.note_held(num, KEYS[EVE])
    assert not bench.turn()
    bench.radio.note_missing(num)
    assert bench.push() == [num]


def test_a_key_that_is_only_the_radios_word_is_not_given_before_the_operator_confirms_it(
    bench: Bench,
) -> None:
    bench.writes_to_us(ANN)
    info = mesh_pb2.NodeInfo(num=ANN, user=mesh_pb2.User(public_key=KEYS[EVE]))
    bench.nodes.learn_from_radio([info])
    assert bench.nodes.is_disputed(ANN)
    bench.radio.note_missing(ANN)
    assert not bench.turn()
    bench.storage.add_decision(ANN, KEYS[EVE], accept=True)
    bench.nodes.carry_out_decisions()
    assert bench.push() == [ANN]


def test_a_radio_that_does_not_tell_whom_it_lacks_is_asked_and_then_given_the_key(
    bench: Bench,
) -> None:
    bench.radio = RadioKeys()
    bench.radio.enter_session("session", "2.8.0.7754068")
    bench.start()
    bench.writes_to_us(ANN)
    assert bench.turn()
    (question,) = bench.sender.requests
    assert question.packet(question.interface, 77).public_key == NOBODYS_KEY
    assert bench.nodes.pushes_since(0.0) == 0
    bench.sender.requests.clear()
    question.done(LACKING_RESULT)
    assert bench.push() == [ANN]
    assert not bench.turn(), "nor asked about whom it was given today"


def test_a_radio_is_not_asked_while_no_key_may_be_given(bench: Bench) -> None:
    bench.max_per_day = 0
    bench.radio = RadioKeys()
    bench.radio.enter_session("session", "2.8.0.7754068")
    bench.start()
    bench.writes_to_us(ANN)
    assert not bench.turn()


def test_of_a_radio_that_told_nothing_yet_nothing_is_assumed(bench: Bench) -> None:
    bench.radio = RadioKeys()
    bench.start()
    bench.writes_to_us(ANN)
    assert not bench.turn()
    bench.radio.note_missing(ANN)
    assert bench.turn()


def test_a_licensed_station_and_a_managed_node_are_given_no_key(bench: Bench) -> None:
    bench.writes_to_us(ANN)
    for own_user in (None, mesh_pb2.User(is_licensed=True)):
        assert not bench.turn(FakeInterface(own_user=own_user))
    assert not bench.turn(FakeInterface(is_managed=True))
    assert bench.turn()


def test_our_own_key_is_never_given(bench: Bench) -> None:
    bench.writes_to_us(OWN)
    assert not bench.turn()


def test_who_wrote_last_comes_first_and_one_at_a_time(bench: Bench) -> None:
    for num in (ANN, BOB, EVE):
        bench.pass_time(1.0)
        bench.writes_to_us(num)
    assert [bench.push() for _ in range(4)] == [[EVE], [BOB], [ANN], []]


def test_while_one_is_under_way_no_other_is_asked_for(bench: Bench) -> None:
    bench.writes_to_us(ANN)
    bench.writes_to_us(BOB)
    assert bench.turn()
    bench.pass_time(10.0)
    assert not bench.turn()
    bench.answer(0)
    assert bench.turn()


def test_a_link_must_have_been_up_for_long(bench: Bench) -> None:
    bench.writes_to_us(ANN)
    bench.interface.ready_s = START_S
    assert not bench.turn()
    bench.pass_time(STABLE_S - 0.1)
    assert not bench.turn()
    bench.pass_time(0.1)
    assert bench.turn()


def test_a_link_that_is_not_ready_or_not_there_is_given_nothing(bench: Bench) -> None:
    bench.writes_to_us(ANN)
    bench.interface.ready_s = None
    assert not bench.turn()
    bench.lose_link()
    assert bench.sender.requests == []


def test_a_sender_without_room_costs_nothing(bench: Bench) -> None:
    bench.writes_to_us(ANN)
    bench.sender.full = True
    assert not bench.turn()
    assert bench.nodes.pushes_since(0.0) == 0
    bench.sender.full = False
    assert bench.push() == [ANN]


def test_room_that_is_taken_at_the_last_moment_is_trouble(bench: Bench, journal: Journal) -> None:
    """The push is written down by then, so that it is not tried again at once."""
    bench.writes_to_us(ANN)
    bench.writes_to_us(BOB)
    bench.sender.fills_up = True
    assert not bench.turn()
    assert journal.count("non donnée à la radio (pas de réponse) : pause d'une heure") == 1
    bench.sender.fills_up = False
    bench.pass_time(HOUR_S - 0.1)
    assert not bench.turn()
    bench.pass_time(0.1)
    assert bench.turn()


# -- The bound of a day ------------------------------------------------------------------------


def test_no_more_than_so_many_are_given_a_day(bench: Bench) -> None:
    bench.max_per_day = 2
    bench.start()
    for num in (ANN, BOB, EVE):
        bench.writes_to_us(num)
    assert len(bench.push() + bench.push()) == 2
    assert bench.push() == []
    bench.pass_time(DAY_S - 1.0)
    assert bench.push() == []
    bench.pass_time(1.0)
    assert len(bench.push()) == 1


def test_the_bound_of_a_day_survives_restarts(bench: Bench) -> None:
    bench.max_per_day = 2
    given: list[int] = []
    for num in (ANN, BOB, EVE):
        bench.start()
        bench.writes_to_us(num)
        given += bench.push()
    assert given == [ANN, BOB]


def test_a_limit_of_none_a_day_gives_none(bench: Bench) -> None:
    bench.max_per_day = 0
    bench.start()
    bench.writes_to_us(ANN)
    assert not bench.turn()


def test_the_same_key_is_given_once_a_day_whatever_the_radio_does_with_it(bench: Bench) -> None:
    bench.writes_to_us(ANN)
    assert bench.push() == [ANN]
    bench.radio.note_missing(ANN)
    bench.start()
    assert bench.push() == []
    bench.pass_time(DAY_S)
    assert bench.push() == [ANN]


def test_a_key_that_the_operator_accepts_is_given_without_waiting_for_a_day(bench: Bench) -> None:
    """The owner really had a new one, and the radio was given the old one in its place."""
    bench.writes_to_us(ANN)
    bench.radio.note_held(ANN, KEYS[EVE])
    assert bench.push() == [ANN]
    bench.storage.add_decision(ANN, KEYS[EVE], accept=True)
    bench.nodes.carry_out_decisions()
    assert bench.push() == [ANN]
    assert bench.interface.contacts[0][1].public_key == KEYS[EVE]
    bench.storage.add_decision(ANN, KEYS[EVE], accept=True)
    bench.nodes.carry_out_decisions()
    bench.radio.note_missing(ANN)
    assert bench.push() == [], "the same key, though"


@pytest.mark.parametrize("shows", [True, False])
def test_a_key_that_the_operator_put_aside_is_replaced_though_the_number_speaks_for_it(
    shows: bool, bench: Bench
) -> None:
    """The owner began anew and kept his number; a radio of 2.8 drops what his new key seals."""
    num = zlib.crc32(KEYS[EVE])
    bench.radio = RadioKeys()
    bench.start()
    bench.writes_to_us(num, KEYS[EVE])
    if shows:
        bench.radio.note_held(num, KEYS[EVE])
    bench.storage.add_decision(num, KEYS[BOB], accept=True)
    bench.nodes.carry_out_decisions()
    assert bench.push() == [num]
    assert bench.interface.contacts[0][1].public_key == KEYS[BOB]
    bench.pass_time(DAY_S)
    bench.radio.enter_session("a later one")
    assert bench.push() == [], "once"


def test_a_push_is_on_disk_before_the_radio_can_be_given_the_key(bench: Bench) -> None:
    """The sender's thread may send at once: a bot that dies then must not write it again."""
    bench.writes_to_us(ANN)
    on_disk: list[int] = []
    bench.sender.on_request = lambda: on_disk.append(bench.storage.rows[ANN].pushed_at)
    assert bench.turn()
    assert on_disk == [1_700_000_000]


def test_a_push_that_cannot_be_written_down_is_not_made(bench: Bench) -> None:
    bench.writes_to_us(ANN)
    bench.storage.failing = True
    assert not bench.turn()
    bench.pass_time(HOUR_S - 0.1)
    bench.storage.failing = False
    assert not bench.turn(), "nor tried again within the hour"


@pytest.mark.parametrize("jump_s", [DAY_S + 1.0, 365 * DAY_S, -DAY_S - 1.0, -365 * DAY_S])
def test_a_wall_clock_that_jumps_does_not_make_the_day_shorter(bench: Bench, jump_s: float) -> None:
    bench.max_per_day = 2
    bench.start()
    for num in (ANN, BOB, EVE):
        bench.writes_to_us(num)
    assert len(bench.push() + bench.push()) == 2
    bench.wall_clock.now_s += jump_s
    for num in (ANN, BOB):
        bench.radio.note_missing(num)
    assert bench.push() == []
    bench.clock.now_s += DAY_S - 1.0
    assert bench.push() == []


def test_a_day_after_a_wall_clock_jumped_ahead_keys_are_given_again(bench: Bench) -> None:
    bench.max_per_day = 1
    bench.start()
    bench.writes_to_us(ANN)
    bench.writes_to_us(BOB)
    assert len(bench.push()) == 1
    bench.wall_clock.now_s += DAY_S + 1.0
    bench.pass_time(DAY_S)
    assert len(bench.push()) == 1


# -- Trouble -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("result", "said"), [(None, "pas de réponse"), (36, "code 36")])
def test_a_key_not_taken_is_a_reason_to_pause_for_an_hour(
    bench: Bench, journal: Journal, result: int | None, said: str
) -> None:
    bench.writes_to_us(ANN)
    bench.writes_to_us(BOB)
    assert bench.turn()
    bench.answer(result)
    assert bench.radio.is_lacking(ANN)
    assert bench.radio.is_lacking(BOB)
    (line,) = journal.messages[-1:]
    assert line.endswith(f"non donnée à la radio ({said}) : pause d'une heure")
    bench.pass_time(HOUR_S - 0.1)
    assert not bench.turn()
    bench.pass_time(0.1)
    assert bench.turn()


@pytest.mark.parametrize("way", ["down", "another"])
def test_a_link_lost_soon_after_a_push_stops_them_for_a_day(
    bench: Bench, journal: Journal, way: str
) -> None:
    bench.writes_to_us(ANN)
    bench.writes_to_us(BOB)
    assert bench.turn()
    bench.answer(0)
    bench.pass_time(59.0)
    if way == "down":
        bench.lose_link()
    else:
        assert not bench.turn(FakeInterface())
    assert journal.count("⚠️ Liaison perdue 59 s après une clé donnée à la radio") == 1
    bench.pass_time(DAY_S - 0.1)
    assert not bench.turn(FakeInterface())
    bench.pass_time(0.1)
    assert bench.turn(FakeInterface())
    assert journal.count("Liaison perdue") == 1


def test_a_link_lost_a_minute_after_a_push_is_not_blamed_on_it(
    bench: Bench, journal: Journal
) -> None:
    bench.writes_to_us(ANN)
    bench.writes_to_us(BOB)
    assert len(bench.push()) == 1
    bench.pass_time(60.0)
    bench.lose_link()
    assert journal.count("Liaison perdue") == 0
    assert bench.turn(FakeInterface())


def test_a_link_lost_without_any_push_is_not_blamed_on_one(bench: Bench) -> None:
    bench.lose_link()
    bench.writes_to_us(ANN)
    assert bench.turn(FakeInterface())


def test_an_answer_that_did_not_come_does_not_shorten_the_pause_of_a_day(bench: Bench) -> None:
    """The sender says so when it comes to it, after the loss was noticed."""
    bench.writes_to_us(ANN)
    bench.writes_to_us(BOB)
    assert bench.turn()
    bench.pass_time(5.0)
    bench.lose_link()
    bench.answer(None)
    bench.pass_time(DAY_S - 1.0)
    assert not bench.turn(FakeInterface())


def test_a_radio_that_took_the_key_and_was_lost_at_once_is_left_alone_for_a_day(
    bench: Bench,
) -> None:
    """Its word may be dealt with only after the loss was noticed."""
    bench.writes_to_us(ANN)
    bench.writes_to_us(BOB)
    assert bench.turn()
    bench.pass_time(1.0)
    bench.lose_link()
    bench.answer(0)
    bench.pass_time(DAY_S - 1.0)
    assert not bench.turn(FakeInterface())
    bench.pass_time(1.0)
    assert bench.turn(FakeInterface())


# -- What the radio is told --------------------------------------------------------------------


def test_a_contact_carries_all_that_is_known_of_the_node() -> None:
    node = KnownNode(BOB, "Bob's Haus", "BOB", "HELTEC_V3", "ROUTER", KEYS[BOB])
    assert user_of(node) == mesh_pb2.User(
        id="!b0b0b0b0",
        long_name="Bob's Haus",
        short_name="BOB",
        hw_model=mesh_pb2.HardwareModel.HELTEC_V3,
        role=config_pb2.Config.DeviceConfig.Role.ROUTER,
        public_key=KEYS[BOB],
    )


def test_a_node_without_a_name_gets_the_one_that_the_firmware_gives() -> None:
    user = user_of(KnownNode(BOB, hw_model="3000", role="99", public_key=KEYS[BOB]))
    assert user == mesh_pb2.User(
        id="!b0b0b0b0", long_name="Meshtastic b0b0", short_name="b0b0", public_key=KEYS[BOB]
    )


@pytest.mark.parametrize(
    ("long_name", "short_name", "long_cut", "short_cut"),
    [
        ("x" * 40, "ABCDE", "x" * 39, "ABCD"),
        ("é" * 40, "ééé", "é" * 19, "éé"),
        ("x" * 37 + "€€", "A€€", "x" * 37, "A€"),
        ("😀" * 10, "😀😀", "😀" * 9, "😀"),
        ("x" * 39, "ABCD", "x" * 39, "ABCD"),
    ],
)
def test_names_are_cut_to_what_the_firmware_holds_in_whole_characters(
    long_name: str, short_name: str, long_cut: str, short_cut: str
) -> None:
    user = user_of(KnownNode(BOB, long_name, short_name, public_key=KEYS[BOB]))
    assert (user.long_name, user.short_name) == (long_cut, short_cut)
    assert len(user.long_name.encode()) <= 39
    assert len(user.short_name.encode()) <= 4


def test_a_contact_without_a_key_is_an_error() -> None:
    with pytest.raises(LinkError, match="no_key"):
        user_of(KnownNode(BOB, "Bob"))
