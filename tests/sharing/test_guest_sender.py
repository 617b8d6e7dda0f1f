"""What becomes of clients' packets, on an interface whose every verdict the test decides."""

import math
import queue
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import cast

import pytest
from meshtastic.protobuf import admin_pb2, localonly_pb2, mesh_pb2, portnums_pb2

from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.mesh.direct_messages import message_key, open_sealed, public_key_of
from meshbot.mesh.sealed_messages import SealedMessages
from meshbot.messages.air_budget import AirBudget, AirBudgetSettings
from meshbot.messages.sender_settings import SenderSettings
from meshbot.messages.text_turn import TextTurn
from meshbot.model.cause import Cause
from meshbot.model.link_error import LinkError
from meshbot.sharing import guest_sender, write_watch
from meshbot.sharing.guest_air import GuestAir
from meshbot.sharing.guest_packet import GuestPacket
from meshbot.sharing.guest_queue import ROOM, SPARE
from meshbot.sharing.guest_seal import GuestSeal
from meshbot.sharing.guest_sender import MOST_TRIES, GuestSender
from tests.support.journal import Journal
from tests.support.limits import WAIT_S

OWN, ANN = 0x01, 0x0A
PRIVATE_KEY = b"\x21" * 32
PUBLIC_KEY = public_key_of(b"\x42" * 32)
Port = portnums_pb2.PortNum
Error = mesh_pb2.Routing.Error
NO_KEY = Error.PKI_SEND_FAIL_PUBLIC_KEY
STOP_S = 1.0


class FakeInterface:
    """Gives the test what it is given, and the sender the verdicts of the test."""

    def __init__(self) -> None:
        self.alive, self.room, self.broken = True, True, False
        self.own_num, self.own_private_key = OWN, PRIVATE_KEY
        self.own_user: mesh_pb2.User | None = mesh_pb2.User()
        self.sends_by_udp, self.ok_to_mqtt = False, True
        self.localNode = SimpleNamespace(localConfig=localonly_pb2.LocalConfig())
        self.metadata = mesh_pb2.DeviceMetadata(firmware_version="2.7.26.54e0d8d")
        self.last_received_s = -math.inf
        self.given: queue.Queue[mesh_pb2.ToRadio] = queue.Queue()
        self.asked = threading.Event()
        self._verdicts: queue.Queue[int | None] = queue.Queue()
        self._last_id = 0x5000

    def has_room(self) -> bool:
        return self.room

    def new_packet_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def give(self, message: mesh_pb2.ToRadio) -> None:
        if self.broken:
            raise LinkError(Cause.LINK_DOWN)
        if message.ByteSize() > 512:
            raise ValueError("too long")
        copy = mesh_pb2.ToRadio()
        copy.CopyFrom(message)
        self.given.put(copy)

    def ask_configuration(self) -> None:
        self.asked.set()

    def wait_for_queue_status(
        self, packet_id: int, timeout_s: float, limit_s: float
    ) -> mesh_pb2.QueueStatus | None:
        try:
            result = self._verdicts.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if result is None:
            self.alive = False
            return None
        return mesh_pb2.QueueStatus(res=result, mesh_packet_id=packet_id)

    def take(self) -> mesh_pb2.MeshPacket:
        """Return the next packet that the node was given; fail if it does not come."""
        return self.given.get(timeout=WAIT_S).packet

    def say(self, result: int | None) -> None:
        """Give the node's verdict; None: the link dies."""
        self._verdicts.put(result)


class FakeLink:
    """A link with one interface, or none."""

    def __init__(self, interface: FakeInterface) -> None:
        self.interface: FakeInterface | None = interface

    def wait_live(self, timeout_s: float) -> SupervisedInterface | None:
        return cast(SupervisedInterface | None, self.interface)


class FakeKeys:
    """Ann's key."""

    def public_key(self, num: int) -> bytes:
        return PUBLIC_KEY if num == ANN else b""

    def label(self, num: int) -> str:
        return f"node {num:x}"


class Heard:
    """What the sender tells, one after another."""

    def __init__(self) -> None:
        self.events: queue.Queue[tuple[object, ...]] = queue.Queue()

    def packet_given(self, packet: GuestPacket) -> None:
        self.events.put(("given", packet))

    def packet_refused(self, packet: GuestPacket, error: int, text: str) -> None:
        self.events.put(("refused", packet, error, text))

    def packet_renumbered(self, old_id: int, new_id: int) -> None:
        self.events.put(("renumbered", old_id, new_id))

    def room_again(self, client: int) -> None:
        self.events.put(("room", client))

    def take(self) -> tuple[object, ...]:
        return self.events.get(timeout=WAIT_S)


@pytest.fixture
def interface() -> FakeInterface:
    return FakeInterface()


@pytest.fixture
def link(interface: FakeInterface) -> FakeLink:
    return FakeLink(interface)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def air() -> GuestAir:
    budget = AirBudget(AirBudgetSettings(100.0, 100.0), time.monotonic)
    return GuestAir(100.0, budget, time.monotonic)


def new_sender(
    link: FakeLink, heard: Heard, air: GuestAir, max_age_s: float = 600.0
) -> GuestSender:
    settings = SenderSettings(0.0, max_age_s, confirm_timeout_s=WAIT_S)
    seal = GuestSeal(FakeKeys(), SealedMessages())
    return GuestSender(link, TextTurn(), air, seal, settings, events=heard)


@pytest.fixture
def sender(
    link: FakeLink, heard: Heard, air: GuestAir, monkeypatch: pytest.MonkeyPatch
) -> Iterator[GuestSender]:
    monkeypatch.setattr(guest_sender, "LINK_POLL_S", 0.01)
    monkeypatch.setattr(guest_sender, "FULL_PAUSE_S", 0.01)
    monkeypatch.setattr(write_watch, "QUIET_S", 0.01)
    made = new_sender(link, heard, air)
    made.start()
    yield made
    assert made.stop(WAIT_S)


def packet(
    number: int = 1,
    *,
    client: int = 1,
    to: int = ANN,
    port: int = Port.TEXT_MESSAGE_APP,
    payload: bytes = b"hello",
    writes: bool = False,
) -> GuestPacket:
    made = mesh_pb2.MeshPacket(to=to, id=number, hop_limit=3, want_ack=True)
    made.decoded.portnum = port  # type: ignore[assignment]
    made.decoded.payload = payload
    return GuestPacket(client, made, number, time.monotonic(), writes)


def order(number: int = 1, **given: object) -> GuestPacket:
    message = admin_pb2.AdminMessage(**given)  # type: ignore[arg-type]
    payload = message.SerializeToString()
    return packet(number, to=OWN, port=Port.ADMIN_APP, payload=payload, writes=True)


# -- What the node says ------------------------------------------------------------------------


def test_a_packet_goes_as_it_is(
    sender: GuestSender, interface: FakeInterface, heard: Heard
) -> None:
    sent = packet()
    assert sender.put(sent)
    assert interface.take() == sent.packet
    interface.say(0)
    assert heard.take() == ("given", sent)


@pytest.mark.parametrize("result", [33, 34])
def test_what_the_radio_will_not_send_is_refused(
    sender: GuestSender, interface: FakeInterface, heard: Heard, result: int
) -> None:
    sent = packet()
    sender.put(sent)
    interface.take()
    interface.say(result)
    kind, refused, error, text = heard.take()
    assert (kind, refused, error) == ("refused", sent, Error.NO_INTERFACE)
    assert text


def test_of_a_result_that_is_a_routing_error_the_node_tells_itself(
    sender: GuestSender, interface: FakeInterface, heard: Heard
) -> None:
    sender.put(packet(1))
    interface.take()
    interface.say(Error.NO_CHANNEL)
    second = packet(2)
    sender.put(second)
    interface.take()
    interface.say(0)
    assert heard.take() == ("given", second)


def test_a_full_node_is_given_it_again_under_a_new_id(
    sender: GuestSender, interface: FakeInterface, heard: Heard
) -> None:
    sent = packet(7)
    sender.put(sent)
    interface.take()
    interface.say(32)
    again = interface.take()
    assert heard.take() == ("renumbered", 7, again.id)
    assert again.id != 7
    interface.say(0)
    assert heard.take() == ("given", sent)
    assert sent.own_id == 7


def test_while_the_node_has_no_room_only_what_is_for_itself_goes(
    sender: GuestSender, interface: FakeInterface, heard: Heard
) -> None:
    interface.room = False
    sender.put(packet(1))
    sender.put(packet(2, to=OWN, port=Port.ADMIN_APP))
    assert interface.take().id == 2
    interface.say(0)
    heard.take()
    interface.room = True
    assert interface.take().id == 1
    interface.say(0)
    heard.take()


def test_a_packet_longer_than_a_frame_is_refused(
    sender: GuestSender, interface: FakeInterface, heard: Heard
) -> None:
    sent = packet(payload=b"x" * 600)
    sender.put(sent)
    assert heard.take()[:3] == ("refused", sent, Error.TOO_LARGE)


def test_an_unexpected_error_costs_one_packet(
    sender: GuestSender,
    interface: FakeInterface,
    heard: Heard,
    air: GuestAir,
    monkeypatch: pytest.MonkeyPatch,
    journal: Journal,
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(air, "wait_s", lambda *_: 1 / 0)
        first = packet(1)
        sender.put(first)
        assert heard.take()[:2] == ("refused", first)
    sender.put(packet(2))
    assert interface.take().id == 2
    interface.say(0)
    journal.wait_for("❌ Erreur inattendue, un paquet d'un client est perdu")
    journal.forget()


# -- Sealed by us ------------------------------------------------------------------------------


def opened(out: mesh_pb2.MeshPacket) -> mesh_pb2.Data:
    key = message_key(PRIVATE_KEY, PUBLIC_KEY)
    return mesh_pb2.Data.FromString(open_sealed(key, out.id, OWN, out.encrypted))


@pytest.mark.parametrize("told", ["result", "routing error", "both"])
def test_what_the_radio_lacks_the_key_for_is_sealed_by_us(
    sender: GuestSender, interface: FakeInterface, heard: Heard, told: str
) -> None:
    sent = packet(7)
    sender.put(sent)
    interface.take()
    if told != "result":
        assert sender.routing_error(7, NO_KEY)
    interface.say(0 if told == "routing error" else NO_KEY)
    out = interface.take()
    if told == "result":
        assert sender.routing_error(7, NO_KEY), "it comes after the result, or before"
    assert heard.take() == ("renumbered", 7, out.id)
    assert (out.pki_encrypted, out.channel, out.want_ack, out.hop_limit) == (True, 0, True, 3)
    data = opened(out)
    assert (data.payload, data.HasField("bitfield"), data.bitfield) == (b"hello", True, 1)
    interface.say(0)
    assert heard.take() == ("given", sent)
    assert sent.sealed
    assert not sender.routing_error(out.id, NO_KEY), "sealed, it is what the node says"


def test_a_routing_error_that_comes_late_has_it_sealed_too(
    sender: GuestSender, interface: FakeInterface, heard: Heard
) -> None:
    sender.put(packet(7))
    interface.take()
    interface.say(0)
    assert heard.take()[0] == "given"
    assert sender.routing_error(7, NO_KEY)
    assert opened(interface.take()).payload == b"hello"
    interface.say(0)
    assert heard.take()[0] == "renumbered"


def test_the_next_one_is_sealed_at_once_under_its_id(
    sender: GuestSender, interface: FakeInterface, heard: Heard
) -> None:
    sender.put(packet(7))
    interface.take()
    interface.say(NO_KEY)
    interface.take()
    interface.say(0)
    sender.put(packet(8))
    out = interface.take()
    assert out.id == 8
    assert opened(out).payload == b"hello"
    interface.say(0)


def test_old_firmware_that_cannot_seal_what_is_demanded_has_it_sealed_by_us(
    sender: GuestSender, interface: FakeInterface, heard: Heard
) -> None:
    sent = packet(7)
    sent.packet.pki_encrypted = True
    sender.put(sent)
    interface.take()
    interface.say(Error.PKI_FAILED)
    assert opened(interface.take()).payload == b"hello"
    interface.say(34)
    assert heard.take()[0] == "renumbered"
    assert heard.take()[2] == Error.NO_INTERFACE, "sealed, 34 is a radio that is off"


def test_of_a_seal_that_fails_the_node_tells_itself(
    sender: GuestSender, interface: FakeInterface, heard: Heard
) -> None:
    lora = interface.localNode.localConfig.lora
    lora.tx_enabled, lora.region = True, 3
    sent, other = packet(7, to=0x0B), packet(8)
    sent.packet.pki_encrypted = True
    sender.put(sent)
    interface.take()
    interface.say(Error.PKI_FAILED)
    sender.put(other)
    interface.take()
    interface.say(0)
    assert heard.take() == ("given", other)


@pytest.mark.parametrize(("channel", "is_sealed"), [(0, True), (1, False)])
def test_what_the_radio_is_known_to_lack_a_key_for_is_sealed_by_us(
    link: FakeLink,
    interface: FakeInterface,
    heard: Heard,
    air: GuestAir,
    channel: int,
    is_sealed: bool,
) -> None:
    seal = GuestSeal(FakeKeys(), SealedMessages(), lambda num: num == ANN)
    sender = GuestSender(link, TextTurn(), air, seal, SenderSettings(0.0, 600.0), events=heard)
    sender.start()
    sent = packet(7)
    sent.packet.channel = channel
    sender.put(sent)
    assert bool(interface.take().encrypted) is is_sealed
    interface.say(0)
    assert sender.stop(WAIT_S)


def test_a_licensed_station_seals_nothing(
    sender: GuestSender, interface: FakeInterface, heard: Heard
) -> None:
    interface.own_user = mesh_pb2.User(is_licensed=True)
    sender.put(packet(7))
    interface.take()
    interface.say(NO_KEY)
    assert not sender.routing_error(7, NO_KEY)


@pytest.mark.parametrize("port", [Port.TRACEROUTE_APP, Port.NODEINFO_APP, Port.POSITION_APP])
def test_what_the_firmware_never_seals_we_do_not_either(
    sender: GuestSender, interface: FakeInterface, heard: Heard, port: int
) -> None:
    sender.put(packet(7, port=port))
    assert interface.take().HasField("decoded")
    assert not sender.routing_error(7, NO_KEY)
    interface.say(0)


def test_a_text_too_long_once_it_is_sealed_is_refused(
    sender: GuestSender, interface: FakeInterface, heard: Heard
) -> None:
    sender.put(packet(7, payload=b"x" * 230))
    interface.take()
    interface.say(NO_KEY)
    assert heard.take()[0] == "renumbered"
    assert heard.take()[2] == Error.TOO_LARGE


# -- The link ----------------------------------------------------------------------------------


def die_under(link: FakeLink, interface: FakeInterface) -> FakeInterface:
    """Have the link die without a word on what was given, and another session begin."""
    link.interface = following = FakeInterface()
    interface.say(None)
    return following


def test_a_packet_of_unknown_fate_goes_again_under_the_same_id(
    sender: GuestSender, link: FakeLink, interface: FakeInterface, heard: Heard
) -> None:
    sent = packet(7)
    sender.put(sent)
    interface.take()
    following = die_under(link, interface)
    assert following.take().id == 7
    following.say(0)
    assert heard.take() == ("given", sent)


def test_a_packet_that_ends_each_session_is_refused(
    sender: GuestSender, link: FakeLink, interface: FakeInterface, heard: Heard
) -> None:
    sender.put(packet(7))
    for _ in range(MOST_TRIES):
        interface.take()
        interface = die_under(link, interface)
    assert heard.take()[2] == Error.NO_INTERFACE


def test_an_order_of_unknown_fate_goes_once_only(
    sender: GuestSender, link: FakeLink, interface: FakeInterface, heard: Heard
) -> None:
    sent = order(7, reboot_seconds=1)
    sender.put(sent)
    interface.take()
    following = die_under(link, interface)
    assert heard.take()[:3] == ("refused", sent, Error.TIMEOUT)
    sender.put(packet(8))
    assert following.take().id == 8
    following.say(0)


def test_an_order_that_came_while_the_node_was_unknown_goes_once_only(
    sender: GuestSender, link: FakeLink, interface: FakeInterface, heard: Heard
) -> None:
    link.interface = None
    sent = order(7, reboot_seconds=1)
    sent.writes = False
    sender.put(sent)
    link.interface = interface
    interface.take()
    die_under(link, interface)
    assert heard.take()[:3] == ("refused", sent, Error.TIMEOUT)


def test_a_question_of_unknown_fate_is_asked_again(
    sender: GuestSender, link: FakeLink, interface: FakeInterface, heard: Heard
) -> None:
    sent = order(7, get_owner_request=True)
    sent.writes = False
    sender.put(sent)
    interface.take()
    following = die_under(link, interface)
    assert following.take().id == 7
    following.say(0)
    assert heard.take() == ("given", sent)


def test_what_was_not_sent_waits_for_the_link(
    sender: GuestSender, link: FakeLink, interface: FakeInterface, heard: Heard
) -> None:
    interface.broken = True
    for number in (1, 2):
        sender.put(packet(number))
    link.interface = following = FakeInterface()
    for number in (1, 2):
        assert following.take().id == number
        following.say(0)


@pytest.mark.parametrize(
    ("has_link", "error"), [(False, Error.NO_INTERFACE), (True, Error.TIMEOUT)]
)
def test_what_waits_for_too_long_is_refused(
    link: FakeLink,
    interface: FakeInterface,
    heard: Heard,
    air: GuestAir,
    has_link: bool,
    error: int,
) -> None:
    interface.room = False
    if not has_link:
        link.interface = None
    sender = new_sender(link, heard, air, max_age_s=0.05)
    sender.start()
    sent = packet()
    sender.put(sent)
    assert heard.take()[:3] == ("refused", sent, error)
    assert sender.stop(WAIT_S)


# -- How much ----------------------------------------------------------------------------------


def test_who_found_no_room_hears_when_there_is_some(
    sender: GuestSender, link: FakeLink, interface: FakeInterface, heard: Heard
) -> None:
    link.interface = None
    taken = [sender.put(packet(number)) for number in range(1, ROOM + SPARE + 2)]
    assert taken == [True] * (ROOM + SPARE) + [False]
    assert sender.room(1) == 0
    link.interface = interface
    for _ in range(SPARE + 1):
        interface.take()
        interface.say(0)
    events = [heard.take()[0] for _ in range(SPARE + 2)]
    assert sorted(str(event) for event in events) == [*["given"] * (SPARE + 1), "room"]


def test_what_is_over_a_clients_share_is_refused_at_once(
    link: FakeLink, interface: FakeInterface, heard: Heard
) -> None:
    budget = AirBudget(AirBudgetSettings(100.0, 100.0), time.monotonic)
    sender = new_sender(link, heard, GuestAir(0.03, budget, time.monotonic))
    sender.start()
    sender.put(packet(1))
    interface.take()
    interface.say(0)
    assert heard.take()[0] == "given"
    over = packet(2)
    sender.put(over)
    kind, refused, error, text = heard.take()
    assert (kind, refused, error) == ("refused", over, Error.DUTY_CYCLE_LIMIT)
    assert "réessayer dans" in str(text)
    sender.put(packet(3, to=OWN, port=Port.ADMIN_APP))
    assert interface.take().id == 3
    interface.say(0)
    assert sender.stop(WAIT_S)


def test_what_the_node_gave_up_is_charged_for_once(
    sender: GuestSender, interface: FakeInterface, heard: Heard, air: GuestAir
) -> None:
    sender.put(packet(7))
    interface.take()
    interface.say(0)
    heard.take()
    once = air.used_percent(1)
    assert once > 0
    for _ in range(3):
        assert not sender.routing_error(7, Error.MAX_RETRANSMIT)
    assert air.used_percent(1) == pytest.approx(3 * once)


# -- What else ---------------------------------------------------------------------------------


def test_the_configuration_is_asked_for_after_a_write(
    sender: GuestSender, interface: FakeInterface, heard: Heard
) -> None:
    sender.put(order(1, set_owner=mesh_pb2.User(long_name="x")))
    interface.take()
    assert not interface.asked.is_set()
    interface.say(0)
    assert interface.asked.wait(WAIT_S)


def test_a_frame_goes_as_it_is(sender: GuestSender, interface: FakeInterface) -> None:
    frame = mesh_pb2.ToRadio(mqttClientProxyMessage=mesh_pb2.MqttClientProxyMessage(topic="x"))
    assert sender.put_frame(1, frame)
    assert interface.given.get(timeout=WAIT_S) == frame


@pytest.mark.parametrize("state", ["idle", "no link", "no word", "no room", "broken"])
def test_it_stops_soon_in_any_state(
    link: FakeLink, interface: FakeInterface, heard: Heard, air: GuestAir, state: str
) -> None:
    if state == "no link":
        link.interface = None
    interface.room, interface.broken = state != "no room", state == "broken"
    sender = new_sender(link, heard, air)
    sender.start()
    if state != "idle":
        sender.put(packet())
    if state == "no word":
        interface.take()
    assert sender.stop(STOP_S)
