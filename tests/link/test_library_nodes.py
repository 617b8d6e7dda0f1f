"""What is noted here of a packet is what the library itself would have noted."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.protobuf.message import DecodeError
from meshtastic import KnownProtocol, protocols
from meshtastic.mesh_interface import MeshInterface
from meshtastic.protobuf import mesh_pb2, portnums_pb2, telemetry_pb2
from pubsub import pub

from meshbot.link.library_nodes import LibraryNodes
from meshbot.link.pubsub_listeners import PubsubListeners
from tests.support.random_message import filled

OWN, ANN, BOB = 0x01, 0x0A, 0xB0B0B0B0
PORT = portnums_pb2.PortNum


def new_interface() -> MeshInterface:
    """An interface of the library's that has begun its configuration; nothing is opened."""
    interface = MeshInterface(noProto=True)
    interface._startConfig()  # type: ignore[no-untyped-call]
    interface.myInfo = mesh_pb2.MyNodeInfo(my_node_num=OWN)
    return interface


def notes_of(interface: MeshInterface) -> LibraryNodes:
    return LibraryNodes(interface, PubsubListeners())


@pytest.fixture
def ours() -> MeshInterface:
    return new_interface()


@pytest.fixture
def stock() -> MeshInterface:
    return new_interface()


def packet_of(
    sender: int, portnum: portnums_pb2.PortNum.ValueType, payload: bytes, request_id: int = 0
) -> mesh_pb2.MeshPacket:
    packet = mesh_pb2.MeshPacket(to=0xFFFFFFFF, id=7, rx_time=1_700_000_000, rx_snr=4.25)
    setattr(packet, "from", sender)
    packet.decoded.portnum = portnum
    packet.decoded.payload = payload
    packet.decoded.request_id = request_id
    return packet


def random_payload(portnum: portnums_pb2.PortNum.ValueType, chance: random.Random) -> bytes:
    if portnum == PORT.TELEMETRY_APP:
        telemetry = telemetry_pb2.Telemetry(time=chance.randrange(2**32))
        variant = chance.choice(telemetry.DESCRIPTOR.oneofs_by_name["variant"].fields)
        filled(getattr(telemetry, variant.name), chance)
        getattr(telemetry, variant.name).SetInParent()
        return telemetry.SerializeToString()
    kind: Any = protocols[portnum].protobufFactory if portnum in protocols else None
    if kind is None:
        return chance.choice((b"bonjour \xc3\xa0 tous", b"\xff\xfe", b""))
    payload: bytes = filled(kind(), chance).SerializeToString()
    return payload


def random_packets(chance: random.Random, count: int) -> Iterator[mesh_pb2.MeshPacket]:
    for _ in range(count):
        packet = mesh_pb2.MeshPacket()
        filled(packet, chance)
        setattr(packet, "from", chance.choice((ANN, BOB, OWN)))
        packet.to = chance.choice((0xFFFFFFFF, OWN, BOB, 0, 99))
        if packet.WhichOneof("payload_variant") == "decoded":
            portnum = chance.choice(PORT.values())
            packet.decoded.portnum = portnum
            packet.decoded.payload = random_payload(portnum, chance)
            if portnum == PORT.POSITION_APP and getattr(packet, "from") == OWN:
                setattr(packet, "from", BOB)
            if portnum == PORT.NODEINFO_APP:
                user = mesh_pb2.User.FromString(packet.decoded.payload)
                user.id = f"!{getattr(packet, 'from'):08x}"
                packet.decoded.payload = user.SerializeToString()
        yield packet


@pytest.mark.parametrize("seed", range(20))
def test_packets_leave_what_the_library_would_leave(
    seed: int, ours: MeshInterface, stock: MeshInterface
) -> None:
    for packet in random_packets(random.Random(seed), 40):
        stock._handlePacketFromRadio(packet)  # type: ignore[no-untyped-call]
        assert notes_of(ours).note_packet(packet, OWN)
    assert ours.nodesByNum == stock.nodesByNum
    assert ours.nodes == stock.nodes
    assert set(ours.nodesByNum or {}) <= {ANN, BOB, OWN}


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
        assert notes_of(ours).note_node_info(info)
    assert ours.nodesByNum == stock.nodesByNum
    assert ours.nodes == stock.nodes
    for node_id, node in (ours.nodes or {}).items():
        assert (ours.nodesByNum or {})[node["num"]] is node, node_id


@pytest.mark.parametrize(
    "packet",
    [
        packet_of(ANN, PORT.POSITION_APP, b"", request_id=5),
        packet_of(ANN, PORT.TRACEROUTE_APP, b"", request_id=5),
        packet_of(OWN, PORT.POSITION_APP, b""),
    ],
    ids=["answer", "answer that leaves nothing", "our own position"],
)
def test_what_somebody_may_wait_for_and_the_rest_is_left_to_the_library(
    packet: mesh_pb2.MeshPacket, ours: MeshInterface
) -> None:
    ours._addResponseHandler(5, lambda answer: None)
    assert not notes_of(ours).note_packet(packet, OWN)
    assert ours.nodesByNum == {}


def test_an_answer_that_nobody_waits_for_is_noted(
    ours: MeshInterface, stock: MeshInterface
) -> None:
    packet = packet_of(ANN, PORT.POSITION_APP, b"", request_id=5)
    stock._handlePacketFromRadio(packet)  # type: ignore[no-untyped-call]
    assert notes_of(ours).note_packet(packet, OWN)
    assert ours.nodesByNum == stock.nodesByNum != {}


def test_an_entry_without_a_number_is_left_to_the_library(ours: MeshInterface) -> None:
    assert not notes_of(ours).note_node_info(mesh_pb2.NodeInfo())
    assert ours.nodesByNum == {}


def test_a_payload_that_is_none_is_an_error_and_leaves_no_trace(ours: MeshInterface) -> None:
    for portnum in (
        PORT.POSITION_APP,
        PORT.TELEMETRY_APP,
        PORT.NODEINFO_APP,
        PORT.TRACEROUTE_APP,
        PORT.NEIGHBORINFO_APP,
    ):
        with pytest.raises(DecodeError):
            notes_of(ours).note_packet(packet_of(ANN, portnum, b"\xff\xff"), OWN)
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
        assert not notes_of(ours).note_packet(packet, OWN)
    finally:
        pub.unsubscribe(listener, topic)
    assert notes_of(ours).note_packet(packet, OWN)


def test_a_port_that_somebody_taught_the_library_is_left_to_it(
    monkeypatch: pytest.MonkeyPatch, ours: MeshInterface
) -> None:
    packet = packet_of(ANN, PORT.PRIVATE_APP, b"")
    assert notes_of(ours).note_packet(packet, OWN)
    taught = KnownProtocol("mine", onReceive=lambda interface, packet: None)
    monkeypatch.setitem(protocols, PORT.PRIVATE_APP, taught)
    assert not notes_of(ours).note_packet(packet, OWN)


def test_listeners_of_something_else_change_nothing(ours: MeshInterface) -> None:
    packet = packet_of(ANN, PORT.POSITION_APP, mesh_pb2.Position().SerializeToString())
    pub.subscribe(hear_packet, "meshtastic.receive.text")
    pub.subscribe(hear_node, "meshtastic.node.updated")
    try:
        assert notes_of(ours).note_packet(packet, OWN)
        assert not notes_of(ours).note_node_info(mesh_pb2.NodeInfo(num=ANN))
    finally:
        pub.unsubscribe(hear_packet, "meshtastic.receive.text")
        pub.unsubscribe(hear_node, "meshtastic.node.updated")
    assert notes_of(ours).note_node_info(mesh_pb2.NodeInfo(num=ANN))
