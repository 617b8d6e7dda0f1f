"""Who is given what: every answer reaches its owner and nobody else, by the id he gave."""

import itertools
import random
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meshtastic.protobuf import admin_pb2, mesh_pb2, portnums_pb2

from meshbot.sharing.packet_ids import REPEATED, PacketIds
from meshbot.sharing.packet_routing import PacketRouting
from meshbot.simulation.wire import number_field
from tests.support.capture import PATHS, Capture, frames_of
from tests.support.clock import Clock

OWN, OTHER, EVERYBODY = 0x0C0D0E0F, 0x11223344, 0xFFFFFFFF
ANN, BOB, CAROL = 1, 2, 3
READY = (ANN, BOB, CAROL)
FIRST_DRAWN = 1_000
RATE_LIMIT = b"\x18\x26"
SECRET = b"\x22" * 32

_Port = portnums_pb2.PortNum


@pytest.fixture
def ids() -> PacketIds:
    return PacketIds(Clock(0.0), itertools.count(FIRST_DRAWN).__next__)


@pytest.fixture
def routing(ids: PacketIds) -> PacketRouting:
    return PacketRouting(ids)


def frame_of(
    port: int, *, sender: int = OWN, to: int = OWN, payload: bytes = b"\x18\x00", **data: Any
) -> mesh_pb2.FromRadio:
    frame = mesh_pb2.FromRadio(id=3)
    frame.packet.id, frame.packet.to = 0x5151, to
    setattr(frame.packet, "from", sender)
    frame.packet.decoded.MergeFrom(mesh_pb2.Data(payload=payload, **data))
    frame.packet.decoded.portnum = port  # type: ignore[assignment] # a number of the enum
    return frame


def given_to(
    routing: PacketRouting, frame: mesh_pb2.FromRadio, ready: tuple[int, ...] = READY
) -> dict[int, mesh_pb2.MeshPacket]:
    """Return who is given what packet; who it does not touch is given the very bytes."""
    payload = frame.SerializeToString()
    deliveries = routing.deliveries(frame.packet, payload, OWN, ready)
    assert len({client for client, _ in deliveries}) == len(deliveries)
    parsed = {client: mesh_pb2.FromRadio.FromString(told) for client, told in deliveries}
    for client, told in deliveries:
        assert (told is payload) is (parsed[client] == frame)
        assert parsed[client].id == frame.id
    return {client: message.packet for client, message in parsed.items()}


def requests_of(packets: dict[int, mesh_pb2.MeshPacket]) -> dict[int, int]:
    return {client: packet.decoded.request_id for client, packet in packets.items()}


@pytest.mark.parametrize("port", [_Port.ROUTING_APP, _Port.ADMIN_APP])
def test_an_answer_is_its_owners_alone(ids: PacketIds, routing: PacketRouting, port: int) -> None:
    for client in READY:
        ids.enter(client, 7)
    ids.note_bot(8)

    def answered(request_id: int) -> dict[int, int]:
        return requests_of(given_to(routing, frame_of(port, payload=b"", request_id=request_id)))

    assert answered(7) == {ANN: 7}
    assert answered(FIRST_DRAWN) == {BOB: 7}
    assert answered(FIRST_DRAWN + 1) == {CAROL: 7}
    assert answered(8) == {}


def test_an_error_that_names_nobody_is_its_owners_too(
    ids: PacketIds, routing: PacketRouting
) -> None:
    """2.7 and 2.8 address the error for a second text within two seconds to 0."""
    ids.enter(ANN, 7)
    frame = frame_of(_Port.ROUTING_APP, to=0, payload=RATE_LIMIT, request_id=7)
    assert requests_of(given_to(routing, frame)) == {ANN: 7}


def test_what_answers_nobody_we_know(ids: PacketIds, routing: PacketRouting) -> None:
    routed = frame_of(_Port.ROUTING_APP, request_id=99)
    assert set(given_to(routing, routed)) == set(READY)
    assert given_to(routing, frame_of(_Port.ADMIN_APP, payload=b"", request_id=99)) == {}
    asked = frame_of(_Port.ADMIN_APP, sender=OTHER, payload=b"")
    assert set(given_to(routing, asked)) == set(READY)  # asks, and does not answer


def test_an_owner_that_is_not_ready_is_given_nothing(
    ids: PacketIds, routing: PacketRouting
) -> None:
    ids.enter(ANN, 7)
    assert given_to(routing, frame_of(_Port.ROUTING_APP, request_id=7), (BOB,)) == {}


def test_an_acknowledgement_finds_who_came_back(ids: PacketIds, routing: PacketRouting) -> None:
    ids.enter(BOB, 7)
    ids.enter(ANN, 7)
    assert ids.enter(CAROL, 7) == FIRST_DRAWN + 1
    ids.forget(ANN)
    routed = frame_of(_Port.ROUTING_APP, request_id=FIRST_DRAWN)
    # Bob and Carol would take it for one of their own; 4 came later, and may be Ann.
    assert requests_of(given_to(routing, routed, (BOB, CAROL, 4))) == {4: 7}
    secret = frame_of(_Port.ADMIN_APP, payload=b"", request_id=FIRST_DRAWN)
    assert given_to(routing, secret, (BOB, CAROL, 4)) == {}


def test_who_was_there_before_inherits_nothing(ids: PacketIds, routing: PacketRouting) -> None:
    ids.enter(BOB, 7)
    ids.forget(BOB)
    routed = frame_of(_Port.ROUTING_APP, request_id=7)
    assert requests_of(given_to(routing, routed, (ANN, CAROL))) == {CAROL: 7}


def test_other_answers_are_for_all_and_to_the_owner_by_his_id(
    ids: PacketIds, routing: PacketRouting
) -> None:
    ids.enter(ANN, 7)
    ids.enter(BOB, 7)
    route = frame_of(_Port.TRACEROUTE_APP, sender=OTHER, payload=b"", request_id=FIRST_DRAWN)
    # Carol is given the very bytes; Ann's own 7 is another, so Bob's stays what it is to her.
    assert requests_of(given_to(routing, route)) == {ANN: FIRST_DRAWN, BOB: 7, CAROL: FIRST_DRAWN}


def test_a_reply_to_a_text_names_it_as_each_knows_it(
    ids: PacketIds, routing: PacketRouting
) -> None:
    ids.enter(ANN, 7)
    ids.enter(BOB, 7)

    def replies(reply_id: int) -> dict[int, int]:
        frame = frame_of(_Port.TEXT_MESSAGE_APP, sender=OTHER, to=EVERYBODY, reply_id=reply_id)
        told = given_to(routing, frame)
        assert all(packet.id == 0x5151 for packet in told.values())
        return {client: packet.decoded.reply_id for client, packet in told.items()}

    assert replies(FIRST_DRAWN) == {ANN: FIRST_DRAWN, BOB: 7, CAROL: FIRST_DRAWN}
    assert replies(7) == {ANN: 7, BOB: FIRST_DRAWN, CAROL: 7}  # Bob's 7 is another
    assert replies(12) == {ANN: 12, BOB: 12, CAROL: 12}


def test_a_text_of_our_node_is_shown_by_the_id_each_knows(
    ids: PacketIds, routing: PacketRouting
) -> None:
    ids.enter(ANN, 7)
    ids.enter(BOB, 7)
    shown = frame_of(_Port.TEXT_MESSAGE_APP, to=EVERYBODY, payload=b"hi")
    shown.packet.id = 7
    told = {client: packet.id for client, packet in given_to(routing, shown).items()}
    assert told == {ANN: 7, BOB: FIRST_DRAWN, CAROL: 7}
    heard = frame_of(_Port.TEXT_MESSAGE_APP, sender=OTHER, to=EVERYBODY, payload=b"hi")
    heard.packet.id = 7  # another node's 7 is none of ours
    assert {packet.id for packet in given_to(routing, heard).values()} == {7}


def test_what_we_do_not_know_stays_in_a_frame_that_is_changed(
    ids: PacketIds, routing: PacketRouting
) -> None:
    ids.note_bot(7)
    ids.enter(ANN, 7)
    frame = frame_of(_Port.ROUTING_APP, request_id=FIRST_DRAWN)
    frame.packet.MergeFromString(number_field(300, 1))
    (payload,) = [
        told for _, told in routing.deliveries(frame.packet, frame.SerializeToString(), OWN, READY)
    ]
    frame.packet.decoded.request_id = 7
    assert payload == frame.SerializeToString()


def test_sealed_packets_and_nobody_at_all(ids: PacketIds, routing: PacketRouting) -> None:
    ids.enter(ANN, 0x5151)
    sealed = mesh_pb2.FromRadio(id=3)
    sealed.packet.id, sealed.packet.to, sealed.packet.encrypted = 0x5151, OWN, b"sealed"
    setattr(sealed.packet, "from", OTHER)
    assert set(given_to(routing, sealed)) == set(READY)
    assert given_to(routing, sealed, ()) == {}


# -- The private key -------------------------------------------------------------------------------


def config_answer(sender: int) -> mesh_pb2.FromRadio:
    message = admin_pb2.AdminMessage(session_passkey=b"12345678")
    message.get_config_response.security.private_key = SECRET
    message.get_config_response.security.public_key = b"\x11" * 32
    payload = message.SerializeToString()
    return frame_of(_Port.ADMIN_APP, sender=sender, payload=payload, request_id=7)


def told_config(routing: PacketRouting, frame: mesh_pb2.FromRadio, own_num: int) -> bytes:
    ((client, told),) = routing.deliveries(frame.packet, frame.SerializeToString(), own_num, READY)
    assert client == ANN
    payload = mesh_pb2.FromRadio.FromString(told).packet.decoded.payload
    assert admin_pb2.AdminMessage.FromString(payload).session_passkey == b"12345678"
    return told


def test_the_private_key_is_blanked_unless_clients_may_have_it(ids: PacketIds) -> None:
    ids.enter(ANN, 7)
    for own_num in (OWN, 0, OTHER):  # also where the node is not known, or has a new number
        assert SECRET not in told_config(PacketRouting(ids), config_answer(OWN), own_num)
    allowed = PacketRouting(ids, private_key=True)
    assert SECRET in told_config(allowed, config_answer(OWN), OWN)


def test_another_nodes_answer_is_between_it_and_its_admin(ids: PacketIds) -> None:
    ids.enter(ANN, 7)
    assert SECRET in told_config(PacketRouting(ids), config_answer(OTHER), OWN)


# -- Real nodes, and at random ---------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_answers_of_a_real_node_reach_who_asked(path: Any) -> None:
    ids = PacketIds(Clock(0.0), itertools.count(FIRST_DRAWN).__next__)
    routing = PacketRouting(ids)
    own_num = Capture.read(path).own_num
    answered: set[int] = set()
    for _, ours, payload in frames_of(path):
        if ours:
            packet = mesh_pb2.ToRadio.FromString(payload).packet
            if packet.id:
                assert ids.enter(ANN, packet.id) == packet.id
            continue
        message = mesh_pb2.FromRadio.FromString(payload)
        if not message.HasField("packet"):
            continue
        deliveries = routing.deliveries(message.packet, payload, own_num, READY)
        if message.packet.decoded.portnum in (_Port.ROUTING_APP, _Port.ADMIN_APP):
            answered.add(message.packet.decoded.request_id)
            assert [client for client, _ in deliveries] == [ANN]
        else:
            assert deliveries == [(client, payload) for client in READY]
            assert all(told is payload for _, told in deliveries)
    assert {4097, 4098, 8196} <= answered


@dataclass
class Mesh:
    """What is on the air, by its id there: whose it is (0: the bot's), and by which id."""

    sent: dict[int, tuple[int, int]] = field(default_factory=dict)

    def rename(self, old_id: int, new_id: int) -> None:
        self.sent[new_id] = self.sent[old_id]


@given(st.randoms(use_true_random=False), st.integers(1, 80))
def test_every_answer_reaches_its_owner_and_only_him(chance: random.Random, steps: int) -> None:
    """Three clients that all use the ids 1 to 12, and a bot, in any order."""
    ids = PacketIds(Clock(0.0), lambda: chance.randrange(30))
    routing, mesh = PacketRouting(ids), Mesh()
    for _ in range(steps):
        client, own_id = chance.choice(READY), chance.randrange(13)
        action = chance.randrange(10)
        if action == 0:
            bot_id = chance.randrange(1, 60)
            if bot_id not in mesh.sent:
                ids.note_bot(bot_id)
                mesh.sent[bot_id] = (0, bot_id)
        elif action == 1 and mesh.sent:
            old_id, new_id = chance.choice(list(mesh.sent)), chance.randrange(100, 1_000)
            if new_id not in mesh.sent and ids.owner(old_id) is not None:
                ids.renumber(old_id, new_id)
                mesh.rename(old_id, new_id)
        elif action == 2 and mesh.sent:
            _check_answer(routing, mesh, ids, chance.choice(list(mesh.sent)))
        elif len(mesh.sent) < REPEATED:  # so that none of them may be said again
            air_id = ids.enter(client, own_id)
            repeats = own_id and (client, own_id) in mesh.sent.values()
            assert (air_id is None) is bool(repeats)
            if air_id is not None:
                assert air_id not in mesh.sent
                mesh.sent[air_id] = (client, own_id or air_id)
    for air_id in mesh.sent:
        _check_answer(routing, mesh, ids, air_id)


def _check_answer(routing: PacketRouting, mesh: Mesh, ids: PacketIds, air_id: int) -> None:
    client, own_id = mesh.sent[air_id]
    if ids.owner(air_id) is None:
        return  # one of the ids that it had in between, renumbered again and again
    expected = {client: own_id} if client else {}
    for port in (_Port.ROUTING_APP, _Port.ADMIN_APP):
        answer = frame_of(port, payload=b"", request_id=air_id)
        assert requests_of(given_to(routing, answer)) == expected
    route = frame_of(_Port.TRACEROUTE_APP, sender=OTHER, payload=b"", request_id=air_id)
    told = requests_of(given_to(routing, route))
    assert set(told) == set(READY)
    for other in READY:
        if other == client:
            assert told[other] == own_id
        else:  # nobody takes it for an answer to himself
            assert (other, told[other]) not in mesh.sent.values()
