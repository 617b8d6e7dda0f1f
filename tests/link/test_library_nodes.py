"""What is noted here of a packet is what the library itself would have noted."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message
from meshtastic.mesh_interface import MeshInterface
from meshtastic.protobuf import mesh_pb2, portnums_pb2, telemetry_pb2
from pubsub import pub

from meshbot.link import library_nodes

OWN, ANN, BOB = 0x01, 0x0A, 0xB0B0B0B0
PORT = portnums_pb2.PortNum
NUMBERS = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}


def new_interface() -> MeshInterface:
    """An interface of the library's that has begun its configuration; nothing is opened."""
    interface = MeshInterface(noProto=True)
    interface._startConfig()  # type: ignore[no-untyped-call]
    interface.myInfo = mesh_pb2.MyNodeInfo(my_node_num=OWN)
    return interface


@pytest.fixture
def ours() -> MeshInterface:
    return new_interface()


@pytest.fixture
def stock() -> MeshInterface:
    return new_interface()


def filled(message: Message, chance: random.Random) -> Message:
    """Fill a message at random, field by field, as its descriptor allows."""
    for field in message.DESCRIPTOR.fields:
        if chance.random() < 0.4 or field.is_repeated:
            continue
        if field.message_type is not None:
            filled(getattr(message, field.name), chance)
            getattr(message, field.name).SetInParent()
        else:
            setattr(message, field.name, random_value(field, chance))
    return message


def random_value(field: Any, chance: random.Random) -> Any:
    if field.cpp_type in NUMBERS:
        return chance.randint(*NUMBERS[field.cpp_type])
    if field.enum_type is not None:
        return chance.choice(list(field.enum_type.values_by_number))
    if field.cpp_type in (FieldDescriptor.CPPTYPE_FLOAT, FieldDescriptor.CPPTYPE_DOUBLE):
        return chance.uniform(-1e6, 1e6)
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return chance.random() < 0.5
    if field.type == FieldDescriptor.TYPE_BYTES:
        return chance.randbytes(6)
    return f"texte {chance.random():.3f} é"


def packet_of(
    sender: int, portnum: portnums_pb2.PortNum.ValueType, payload: bytes, request_id: int = 0
) -> mesh_pb2.MeshPacket:
    packet = mesh_pb2.MeshPacket(to=0xFFFFFFFF, id=7, rx_time=1_700_000_000, rx_snr=4.25)
    setattr(packet, "from", sender)
    packet.decoded.portnum = portnum
    packet.decoded.payload = payload
    packet.decoded.request_id = request_id
    return packet


def random_packets(chance: random.Random, count: int) -> Iterator[mesh_pb2.MeshPacket]:
    for _ in range(count):
        sender = chance.choice((ANN, BOB))
        if chance.random() < 0.4:
            position = filled(mesh_pb2.Position(), chance)
            yield packet_of(sender, PORT.POSITION_APP, position.SerializeToString())
        else:
            telemetry = telemetry_pb2.Telemetry(time=chance.randrange(2**32))
            variant = chance.choice(telemetry.DESCRIPTOR.oneofs_by_name["variant"].fields)
            filled(getattr(telemetry, variant.name), chance)
            getattr(telemetry, variant.name).SetInParent()
            yield packet_of(sender, PORT.TELEMETRY_APP, telemetry.SerializeToString())


@pytest.mark.parametrize("seed", range(20))
def test_measurements_leave_what_the_library_would_leave(
    seed: int, ours: MeshInterface, stock: MeshInterface
) -> None:
    for packet in random_packets(random.Random(seed), 40):
        stock._handlePacketFromRadio(packet)  # type: ignore[no-untyped-call]
        assert library_nodes.note_packet(ours, packet, OWN)
    assert ours.nodesByNum == stock.nodesByNum
    assert ours.nodes == stock.nodes
    assert set(ours.nodesByNum or {}) <= {ANN, BOB}


@pytest.mark.parametrize("seed", range(20))
def test_entries_of_the_database_leave_what_the_library_would_leave(
    seed: int, ours: MeshInterface, stock: MeshInterface
) -> None:
    chance = random.Random(seed)
    for _ in range(20):
        info = mesh_pb2.NodeInfo()
        filled(info, chance)
        info.num = chance.choice((ANN, BOB))
        frame = mesh_pb2.FromRadio(node_info=info).SerializeToString()
        stock._handleFromRadio(frame)  # type: ignore[no-untyped-call]
        assert library_nodes.note_node_info(ours, info)
    assert ours.nodesByNum == stock.nodesByNum
    assert ours.nodes == stock.nodes
    for node_id, node in (ours.nodes or {}).items():
        assert (ours.nodesByNum or {})[node["num"]] is node, node_id


@pytest.mark.parametrize(
    "packet",
    [
        packet_of(ANN, PORT.NODEINFO_APP, mesh_pb2.User(id="!0000000a").SerializeToString()),
        packet_of(ANN, PORT.TEXT_MESSAGE_APP, b"bonjour"),
        packet_of(ANN, PORT.POSITION_APP, b"", request_id=5),
        packet_of(OWN, PORT.POSITION_APP, b""),
    ],
    ids=["node info", "text", "answer", "our own position"],
)
def test_what_somebody_may_wait_for_and_the_rest_is_left_to_the_library(
    packet: mesh_pb2.MeshPacket, ours: MeshInterface
) -> None:
    assert not library_nodes.note_packet(ours, packet, OWN)
    assert ours.nodesByNum == {}


def test_an_entry_without_a_number_is_left_to_the_library(ours: MeshInterface) -> None:
    assert not library_nodes.note_node_info(ours, mesh_pb2.NodeInfo())
    assert ours.nodesByNum == {}


def test_a_payload_that_is_none_is_an_error_and_leaves_no_trace(ours: MeshInterface) -> None:
    for portnum in (PORT.POSITION_APP, PORT.TELEMETRY_APP):
        with pytest.raises(DecodeError):
            library_nodes.note_packet(ours, packet_of(ANN, portnum, b"\xff\xff"), OWN)
    assert ours.nodesByNum == {}


# pubsub takes the first listener's parameters for those of the topic.
def hear_packet(packet: object, interface: object) -> None:
    """Hear what the library publishes of packets."""


def hear_node(node: object, interface: object) -> None:
    """Hear what the library publishes of nodes."""


def hear_anything(**data: object) -> None:
    """Hear what is published above those."""


@pytest.mark.parametrize(
    ("topic", "listener"),
    [
        ("meshtastic.receive.telemetry", hear_packet),
        ("meshtastic.receive", hear_packet),
        ("meshtastic", hear_anything),
        (pub.ALL_TOPICS, hear_anything),
    ],
)
def test_a_listener_of_the_librarys_is_seen_until_it_is_gone(
    topic: str, listener: Callable[..., None], ours: MeshInterface
) -> None:
    packet = packet_of(ANN, PORT.TELEMETRY_APP, telemetry_pb2.Telemetry().SerializeToString())
    pub.subscribe(listener, topic)
    try:
        assert not library_nodes.note_packet(ours, packet, OWN)
    finally:
        pub.unsubscribe(listener, topic)
    assert library_nodes.note_packet(ours, packet, OWN)


def test_listeners_of_something_else_change_nothing(ours: MeshInterface) -> None:
    packet = packet_of(ANN, PORT.POSITION_APP, mesh_pb2.Position().SerializeToString())
    pub.subscribe(hear_packet, "meshtastic.receive.text")
    pub.subscribe(hear_node, "meshtastic.node.updated")
    try:
        assert library_nodes.note_packet(ours, packet, OWN)
        assert not library_nodes.note_node_info(ours, mesh_pb2.NodeInfo(num=ANN))
    finally:
        pub.unsubscribe(hear_packet, "meshtastic.receive.text")
        pub.unsubscribe(hear_node, "meshtastic.node.updated")
    assert library_nodes.note_node_info(ours, mesh_pb2.NodeInfo(num=ANN))
