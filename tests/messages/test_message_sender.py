"""What becomes of texts and requests, on an interface whose every verdict the test decides."""

import math
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest
from meshtastic.protobuf import localonly_pb2, mesh_pb2, portnums_pb2

from main_bot import MeshBot
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.mesh.direct_messages import message_key, open_sealed, public_key_of
from meshbot.mesh.sealed_messages import SealedMessages
from meshbot.messages import message_sender, sent_texts
from meshbot.messages.air_budget import AirBudget, AirBudgetSettings
from meshbot.messages.air_gate import AirGate
from meshbot.messages.air_narrator import AirNarrator
from meshbot.messages.message_sender import MessageSender
from meshbot.messages.outbox import MAX_WAITING_REQUESTS
from meshbot.messages.outgoing_request import OutgoingRequest
from meshbot.messages.routing_errors import NO_KEY_ERRORS
from meshbot.messages.sender_settings import SenderSettings
from meshbot.messages.text_delivery import TextDelivery
from meshbot.model.cause import Cause
from meshbot.model.link_error import LinkError
from tests.support.journal import Journal
from tests.support.limits import WAIT_S

OWN, ANN, BOB = 0x01, 0x0A, 0xB0B0B0B0
PRIVATE_KEY = b"\x21" * 32
PUBLIC_KEY = public_key_of(b"\x42" * 32)
Error = mesh_pb2.Routing.Error
NO_KEY = Error.PKI_SEND_FAIL_PUBLIC_KEY
SETTINGS = SenderSettings(
    spacing_s=0.0,
    max_age_s=MeshBot.MESSAGE_MAX_AGE,
    confirm_timeout_s=WAIT_S,
    late_confirm_timeout_s=WAIT_S,
)


@dataclass(frozen=True)
class Sent:
    """A text that the interface was given; ``key``: the one it was sealed with."""

    text: str
    to: int
    packet_id: int
    key: bytes = b""
    reply_id: int = 0
    bitfield: int | None = field(default=None, compare=False)


class FakeInterface:
    """An interface whose texts the test takes, and to which it gives the node's verdicts."""

    def __init__(self) -> None:
        self.alive = True
        self.own_num, self.hop_limit = OWN, 3
        self.own_private_key = PRIVATE_KEY
        self.own_user: mesh_pb2.User | None = mesh_pb2.User()
        self.sends_by_udp = False
        self.localNode = SimpleNamespace(localConfig=localonly_pb2.LocalConfig())
        self.ok_to_mqtt, self.mute_until_s = False, -math.inf
        self._sent: queue.Queue[Sent] = queue.Queue()
        self._verdicts: queue.Queue[int | None] = queue.Queue()
        self._last_id = 1_000

    def wait_for_room(self) -> None:
        pass

    def new_packet_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def send_packet(self, packet: mesh_pb2.MeshPacket) -> None:
        """Note a text in clear, one that Ann can open, or a request."""
        data, key = packet.decoded, b""
        if packet.encrypted:
            key = message_key(PRIVATE_KEY, PUBLIC_KEY)
            data = mesh_pb2.Data.FromString(open_sealed(key, packet.id, OWN, packet.encrypted))
        if data.portnum == portnums_pb2.PortNum.TEXT_MESSAGE_APP:
            text = data.payload.decode()
            bitfield = data.bitfield if data.HasField("bitfield") else None
            self._sent.put(Sent(text, packet.to, packet.id, key, data.reply_id, bitfield))

    def wait_for_queue_status(
        self, packet_id: int, timeout_s: float, limit_s: float
    ) -> mesh_pb2.QueueStatus | None:
        result = self._verdicts.get(timeout=WAIT_S)
        if result is None:
            return None
        return mesh_pb2.QueueStatus(res=result, mesh_packet_id=packet_id)

    def take(self) -> Sent:
        """Return the next text that the interface was given; fail if it does not come."""
        return self._sent.get(timeout=WAIT_S)

    def say(self, result: int | None) -> None:
        """Give the node's verdict on the text given last; None: it says nothing in time."""
        self._verdicts.put(result)


class FakeLink:
    """A link with one interface, or none."""

    def __init__(self, interface: FakeInterface) -> None:
        self.interface: FakeInterface | None = interface

    def wait_live(self, timeout_s: float) -> SupervisedInterface | None:
        return cast(SupervisedInterface | None, self.interface)


class FakeKeys:
    """The keys that a test sets."""

    def __init__(self) -> None:
        self.keys = {ANN: PUBLIC_KEY}

    def public_key(self, num: int) -> bytes:
        return self.keys.get(num, b"")

    def label(self, num: int) -> str:
        return f"node {num:x}"


def new_sender(
    link: FakeLink, keys: FakeKeys, budget: AirBudget | None = None, **given: Any
) -> MessageSender:
    """Return a sender that may use as much of the air as it likes."""
    clock = given.get("clock", time.monotonic)
    budget = budget or AirBudget(AirBudgetSettings(100.0, 100.0), clock)
    gate = AirGate(budget, AirNarrator(budget, clock), SETTINGS)
    delivery = TextDelivery(keys, SealedMessages(), SETTINGS, clock)
    return MessageSender(link, delivery, gate, SETTINGS, **given)


@pytest.fixture
def interface() -> FakeInterface:
    return FakeInterface()


@pytest.fixture
def link(interface: FakeInterface) -> FakeLink:
    return FakeLink(interface)


@pytest.fixture
def keys() -> FakeKeys:
    return FakeKeys()


@pytest.fixture
def sender(
    link: FakeLink, keys: FakeKeys, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MessageSender]:
    monkeypatch.setattr(message_sender, "LINK_POLL_S", 0.01)
    started = new_sender(link, keys)
    started.start()
    yield started
    if link.interface is not None:
        link.interface.say(None)  # whatever it still waits for
    assert started.stop(WAIT_S)


SentTexts = Callable[[str], Sent]


@pytest.fixture
def send_taken(sender: MessageSender, interface: FakeInterface, journal: Journal) -> SentTexts:
    """Return a function that sends a text to Ann which the node takes."""

    def send(text: str) -> Sent:
        sender.send(text, ANN, reply_id=5)
        sent = interface.take()
        assert (sent.text, sent.key) == (text, b"")
        interface.say(0)
        journal.wait_for(f"💬 Envoyé à node a : {text}")
        return sent

    return send


# -- Routing errors ----------------------------------------------------------------------------


def test_a_text_not_delivered_is_said_with_the_reason_once(
    sender: MessageSender, send_taken: SentTexts, interface: FakeInterface, journal: Journal
) -> None:
    sent = send_taken("hello")
    for _ in range(3):
        assert sender.routing_error(sent.packet_id, OWN, Error.MAX_RETRANSMIT, OWN) is None
    assert journal.count("non remise") == 1
    assert journal.messages[-1] == (
        "⚠️ Réponse à node a non remise : aucun accusé de réception après trois émissions : hors "
        "de portée, ou éteint (MAX_RETRANSMIT)"
    )
    send_taken("next")  # what had been queued again would come before it


@pytest.mark.parametrize("error", [Error.MAX_RETRANSMIT, NO_KEY])
def test_an_error_about_a_packet_that_is_not_ours_means_nothing(
    sender: MessageSender, send_taken: SentTexts, journal: Journal, error: int
) -> None:
    sent = send_taken("hello")
    assert sender.routing_error(sent.packet_id + 1, OWN, error, OWN) is None
    assert journal.count("⚠️") == 0


@pytest.mark.parametrize("error", [Error.MAX_RETRANSMIT, NO_KEY])
def test_an_error_from_somebody_else_means_nothing_and_does_not_hide_the_real_one(
    sender: MessageSender,
    send_taken: SentTexts,
    interface: FakeInterface,
    journal: Journal,
    error: int,
) -> None:
    sent = send_taken("hello")
    assert sender.routing_error(sent.packet_id, BOB, error, OWN) is None
    assert journal.count("⚠️") == 0
    send_taken("next")
    sender.routing_error(sent.packet_id, OWN, Error.NO_ROUTE, OWN)
    assert journal.count("⚠️") == 1


@pytest.mark.parametrize("error", [Error.NO_CHANNEL, Error.PKI_UNKNOWN_PUBKEY, NO_KEY])
def test_an_error_from_the_recipient_is_said_and_nothing_is_sent_again(
    sender: MessageSender,
    send_taken: SentTexts,
    interface: FakeInterface,
    journal: Journal,
    error: int,
) -> None:
    """It got the packet, since it knows of it: so our own node does not lack its key."""
    sent = send_taken("hello")
    assert sender.routing_error(sent.packet_id, ANN, error, OWN) is None
    assert journal.count("non remise") == 1
    send_taken("next")


def test_for_a_missing_key_a_text_goes_out_again_under_our_own_seal(
    sender: MessageSender, send_taken: SentTexts, interface: FakeInterface, journal: Journal
) -> None:
    sent = send_taken("hello")
    assert sender.routing_error(sent.packet_id, OWN, NO_KEY, OWN) == ANN
    again = interface.take()
    interface.say(0)
    assert (again.text, again.to, again.reply_id) == ("hello", ANN, 5)
    assert again.key == message_key(PRIVATE_KEY, PUBLIC_KEY)
    assert again.packet_id != sent.packet_id, "the node ignores an id that it has seen"
    journal.wait_for("💬 Envoyé à node a : hello", times=2)
    assert journal.count("🔑 La radio n'a pas la clé de node a : le bot scelle lui-même") == 1
    assert journal.count("non remise") == 0


def test_a_text_that_goes_out_again_under_our_own_seal_is_told_once(
    sender: MessageSender, send_taken: SentTexts, interface: FakeInterface, journal: Journal
) -> None:
    """It means the same; clients of the shared node would show it twice."""
    told: list[int] = []
    sender._delivery.on_text_sent = lambda packet: told.append(packet.id)
    sent = send_taken("hello")
    assert sender.routing_error(sent.packet_id, OWN, NO_KEY, OWN) == ANN
    interface.take()
    interface.say(0)
    journal.wait_for("💬 Envoyé à node a : hello", times=2)
    send_taken("next")
    assert len(told) == 2
    assert told[0] == sent.packet_id


@pytest.mark.parametrize("error", sorted(NO_KEY_ERRORS - {NO_KEY}))
def test_another_trouble_with_keys_is_sealed_around_but_no_sign_that_the_radio_has_none(
    sender: MessageSender,
    send_taken: SentTexts,
    interface: FakeInterface,
    error: int,
) -> None:
    """Our own node may hold a wrong one: it must not be taken for lacking and given another."""
    sent = send_taken("hello")
    assert sender.routing_error(sent.packet_id, OWN, error, OWN) is None
    again = interface.take()
    interface.say(0)
    assert (again.text, again.key) == ("hello", message_key(PRIVATE_KEY, PUBLIC_KEY))


def test_for_a_missing_key_a_text_goes_out_again_once_however_often_that_is_said(
    sender: MessageSender, send_taken: SentTexts, interface: FakeInterface, journal: Journal
) -> None:
    sent = send_taken("hello")
    for _ in range(3):
        assert sender.routing_error(sent.packet_id, OWN, NO_KEY, OWN) == ANN
    assert interface.take().text == "hello"
    interface.say(0)
    send_taken("next")


def test_a_text_under_our_own_seal_is_not_sealed_a_second_time(
    sender: MessageSender, send_taken: SentTexts, interface: FakeInterface, journal: Journal
) -> None:
    sender.send("hello", ANN, sealed=True)
    sent = interface.take()
    interface.say(0)
    journal.wait_for("💬 Envoyé")
    assert sent.key
    assert sender.routing_error(sent.packet_id, OWN, NO_KEY, OWN) == ANN
    assert journal.count("non remise") == 1
    send_taken("next")


UNKNOWN, LICENSED = None, mesh_pb2.User(long_name="F4ABC", is_licensed=True)


@pytest.mark.parametrize("own_user", [UNKNOWN, LICENSED])
def test_a_text_to_be_sealed_goes_out_in_clear_from_a_station_that_must_not_seal(
    sender: MessageSender,
    interface: FakeInterface,
    journal: Journal,
    own_user: mesh_pb2.User | None,
) -> None:
    """It was queued before the operator became licensed, or before we knew."""
    interface.own_user = own_user
    sender.send("hello", ANN, sealed=True)
    assert interface.take().key == b""
    interface.say(0)
    journal.wait_for("💬 Envoyé à node a : hello")


@pytest.mark.parametrize("own_user", [UNKNOWN, LICENSED])
def test_a_station_that_must_not_seal_does_not_seal_around_a_missing_key(
    sender: MessageSender,
    interface: FakeInterface,
    send_taken: SentTexts,
    journal: Journal,
    own_user: mesh_pb2.User | None,
) -> None:
    interface.own_user = own_user
    sent = send_taken("hello")
    assert sender.routing_error(sent.packet_id, OWN, NO_KEY, OWN) == ANN
    assert journal.count("non remise") == 1
    sender.send("again", ANN)
    interface.take()
    interface.say(NO_KEY)
    journal.wait_for("⚠️ Le nœud refuse la réponse à node a : ")
    assert journal.count("🔑") == 0
    send_taken("next")


@pytest.mark.parametrize("sealed", [True, False])
def test_what_the_firmware_puts_into_its_own_packets_is_in_ours_too(
    sender: MessageSender, interface: FakeInterface, *, sealed: bool
) -> None:
    interface.ok_to_mqtt = True
    sender.send("hello", ANN, sealed=sealed)
    sent = interface.take()
    interface.say(0)
    assert bool(sent.key) is sealed
    assert sent.bitfield == 1


@pytest.mark.parametrize("result", [33, 34])
def test_a_radio_that_is_off_is_told_as_that_and_nothing_is_sealed(
    sender: MessageSender,
    interface: FakeInterface,
    send_taken: SentTexts,
    journal: Journal,
    result: int,
) -> None:
    """ERRNO_NO_INTERFACES and ERRNO_DISABLED are no NOT_AUTHORIZED and no PKI_FAILED."""
    sender.send("hello", ANN)
    interface.take()
    interface.say(result)
    journal.wait_for("⚠️ Le nœud refuse la réponse à node a : ")
    assert "(ERRNO_" in journal.messages[-1]
    assert journal.count("🔑") == 0
    send_taken("next")


def test_a_text_whose_memory_the_node_frees_itself_was_taken(
    sender: MessageSender, interface: FakeInterface, journal: Journal
) -> None:
    sender.send("hello", ANN)
    interface.take()
    interface.say(35)  # ERRNO_SHOULD_RELEASE, no PKI_UNKNOWN_PUBKEY
    journal.wait_for("💬 Envoyé à node a : hello")


@pytest.mark.parametrize("missing", ["public key", "private key", "link"])
def test_a_text_that_cannot_be_sealed_is_said_to_be_lost(
    sender: MessageSender,
    send_taken: SentTexts,
    interface: FakeInterface,
    link: FakeLink,
    keys: FakeKeys,
    journal: Journal,
    missing: str,
) -> None:
    sent = send_taken("hello")
    if missing == "public key":
        keys.keys.clear()
    elif missing == "private key":
        interface.own_private_key = b""
    else:
        link.interface = None
    assert sender.routing_error(sent.packet_id, OWN, NO_KEY, OWN) == ANN
    assert journal.count("non remise : la radio n'a pas la clé publique de ce nœud") == 1
    link.interface = interface
    send_taken("next")


def test_an_error_that_comes_before_the_nodes_word_is_seen_to_after_it(
    sender: MessageSender, send_taken: SentTexts, interface: FakeInterface, journal: Journal
) -> None:
    sender.send("hello", ANN)
    sent = interface.take()
    assert sender.routing_error(sent.packet_id, OWN, NO_KEY, OWN) == ANN
    interface.say(0)
    again = interface.take()
    assert again.key
    interface.say(0)
    journal.wait_for("💬 Envoyé à node a : hello")
    assert journal.count("💬 Envoyé") == 1, "the first one was not sent"
    send_taken("next")


def test_a_refusal_in_the_nodes_own_word_is_seen_to_likewise(
    sender: MessageSender, send_taken: SentTexts, interface: FakeInterface, journal: Journal
) -> None:
    sender.send("hello", ANN)
    sent = interface.take()
    interface.say(NO_KEY)
    again = interface.take()
    assert (bool(again.key), again.packet_id != sent.packet_id) == (True, True)
    assert sender.routing_error(sent.packet_id, OWN, NO_KEY, OWN) == ANN
    interface.say(0)
    journal.wait_for("💬 Envoyé à node a : hello")
    assert journal.count("non remise") == 0
    send_taken("next")  # the error that follows the refusal was about the same text


@pytest.mark.parametrize("first", ["the error", "the end of the wait"])
def test_a_node_that_does_not_confirm_may_tell_that_it_lacks_a_key_all_the_same(
    sender: MessageSender, interface: FakeInterface, journal: Journal, first: str
) -> None:
    sender.send("hello", ANN)
    sent = interface.take()
    if first == "the error":
        sender.routing_error(sent.packet_id, OWN, NO_KEY, OWN)
        interface.say(None)
    else:
        interface.say(None)
        journal.wait_for("💬 Remis pour node a, sans confirmation du nœud")
        sender.routing_error(sent.packet_id, OWN, NO_KEY, OWN)
    interface.say(None)
    again = interface.take()
    assert (again.text, again.key) == ("hello", message_key(PRIVATE_KEY, PUBLIC_KEY))


def test_of_texts_sent_long_ago_errors_mean_nothing(
    sender: MessageSender,
    send_taken: SentTexts,
    journal: Journal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sent_texts, "REMEMBERED_TEXTS", 2)
    old, recent, last = (send_taken(text) for text in ("one", "two", "three"))
    for sent, count in ((old, 0), (recent, 1), (last, 2)):
        sender.routing_error(sent.packet_id, OWN, Error.NO_ROUTE, OWN)
        assert journal.count("non remise") == count


# -- Requests ----------------------------------------------------------------------------------


class Requests:
    """Requests of a test, and the results they had."""

    def __init__(self) -> None:
        self.results: queue.Queue[int | None] = queue.Queue()
        self.sent: list[tuple[object, int]] = []

    def make(self, interface: object, error: Exception | None = None) -> OutgoingRequest:
        def packet(session: SupervisedInterface, packet_id: int) -> mesh_pb2.MeshPacket:
            if error is not None:
                raise error
            self.sent.append((session, packet_id))
            return mesh_pb2.MeshPacket(id=packet_id)

        return OutgoingRequest(cast(SupervisedInterface, interface), packet, self.results.put)

    def result(self) -> int | None:
        return self.results.get(timeout=WAIT_S)


@pytest.fixture
def requests() -> Requests:
    return Requests()


def test_a_request_whose_memory_the_node_frees_itself_was_taken(
    sender: MessageSender, interface: FakeInterface, requests: Requests
) -> None:
    """Firmware between 2.7 and 2.8 said so of an order to itself."""
    interface.say(35)
    sender.request(requests.make(interface))
    assert requests.result() == 0


@pytest.mark.parametrize("result", [0, 36, None])
def test_a_request_hears_the_nodes_word_on_it(
    sender: MessageSender, interface: FakeInterface, requests: Requests, result: int | None
) -> None:
    interface.say(result)
    assert sender.request(requests.make(interface))
    assert requests.result() == result
    assert requests.sent == [(interface, 1_001)]


def test_a_request_is_not_sent_on_another_interface_than_it_was_meant_for(
    sender: MessageSender, requests: Requests
) -> None:
    assert sender.request(requests.make(FakeInterface()))
    assert requests.result() is None
    assert requests.sent == []


def test_a_request_on_a_link_that_is_down_has_no_result(
    sender: MessageSender, interface: FakeInterface, link: FakeLink, requests: Requests
) -> None:
    link.interface = None
    assert sender.request(requests.make(interface))
    assert requests.result() is None
    assert requests.sent == []


def test_a_request_that_fails_has_no_result_and_stops_nothing(
    sender: MessageSender, interface: FakeInterface, requests: Requests, send_taken: SentTexts
) -> None:
    sender.request(requests.make(interface, LinkError(Cause.LINK_DOWN)))
    assert requests.result() is None
    assert send_taken("next").text == "next"


def test_a_request_is_sent_after_the_texts_that_wait(
    sender: MessageSender, interface: FakeInterface, requests: Requests
) -> None:
    sender.send("hello", ANN)
    sender.request(requests.make(interface))
    interface.take()
    assert requests.sent == []
    interface.say(0)
    interface.say(0)
    assert requests.result() == 0


def test_there_is_room_for_so_many_requests_however_many_texts_wait(
    link: FakeLink, keys: FakeKeys
) -> None:
    sender = new_sender(link, keys)  # does not run
    for num in range(ANN, ANN + 300):
        sender.send("hello", num)
    request = Requests().make(link.interface)
    for _ in range(MAX_WAITING_REQUESTS):
        assert not sender.is_full()
        assert sender.request(request)
    assert sender.is_full()
    assert not sender.request(request)


def test_stopping_ends_the_thread_while_it_waits_for_a_link(
    sender: MessageSender, link: FakeLink
) -> None:
    link.interface = None
    sender.send("hello", ANN)
    assert sender.stop(WAIT_S)
    assert "bot-sender" not in [thread.name for thread in threading.enumerate()]
