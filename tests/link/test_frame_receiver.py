"""What becomes of broken frames: nothing stops the reader, and the next good frame gets through."""

import contextlib
import random
from collections.abc import Iterator

import pytest
from meshtastic.protobuf import mesh_pb2, portnums_pb2

from meshbot.link.frame_decoder import encode_frame
from meshbot.link.frame_receiver import MALFORMED_LINES, FrameReceiver
from meshbot.link.mesh_serial_interface import MeshSerialInterface
from meshbot.link.mesh_tcp_interface import MeshTCPInterface
from meshbot.link.session_options import SessionOptions
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.messages.own_packets import own_user
from meshbot.model.link_error import LinkError
from tests.support.journal import Journal
from tests.support.real_frames import frames_of_nodes, spoil
from tests.support.session_events import Events

KEY = bytes(range(100, 132))
OWN, ANN = 0x01, 0x0A0B0C0D
OPTIONS = SessionOptions(connect_timeout_s=1, queue_wait_s=1)


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture(params=["tcp", "serial"])
def session(request: pytest.FixtureRequest, events: Events) -> Iterator[SupervisedInterface]:
    """A session that is not open, and is fed by hand."""
    yield (
        MeshTCPInterface(events, "127.0.0.1", 1, OPTIONS)
        if request.param == "tcp"
        else MeshSerialInterface(events, "/dev/null", OPTIONS)
    )


def receiver_of(session: SupervisedInterface) -> FrameReceiver:
    session.nodes, session.nodesByNum = {}, {}
    receiver = session._receiver
    my_info = mesh_pb2.FromRadio(my_info=mesh_pb2.MyNodeInfo(my_node_num=OWN))
    receiver.feed(encode_frame(my_info.SerializeToString()), 0.0)
    return receiver


def entry(short_name: bytes = b"ANNE", behind: bytes = b"") -> bytes:
    """Return the frame of Ann's entry, with bytes behind her User that belong to it."""
    user = mesh_pb2.User(id="!0a0b0c0d", long_name="Ann", short_name="ANNE", public_key=KEY)
    content = user.SerializeToString().replace(b"ANNE", short_name) + behind
    info = b"\x08" + varint(ANN) + b"\x12" + varint(len(content)) + content
    return encode_frame(b"\x22" + varint(len(info)) + info)


def varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


def entries_told(session: SupervisedInterface, events: Events) -> list[mesh_pb2.NodeInfo]:
    session.hand_over_download()
    told = []
    while not events.nodes.empty():
        told += events.nodes.get()
    return told


def test_a_name_that_is_no_text_costs_itself_on_every_kind_of_link(
    session: SupervisedInterface, events: Events, journal: Journal
) -> None:
    receiver_of(session).feed(entry("AN🌲".encode()[:4]), 0.0)
    (told,) = entries_told(session, events)
    assert (told.num, told.user.short_name, told.user.public_key) == (ANN, "AN", KEY)
    assert session.nodes is not None
    assert session.nodes["!0a0b0c0d"]["user"]["longName"] == "Ann"
    assert journal.messages == []


def test_a_broken_shape_is_mended_only_where_no_bytes_get_lost(
    session: SupervisedInterface, events: Events, journal: Journal
) -> None:
    """On a wire the key could be half of one frame and half of another."""
    receiver_of(session).feed(entry(behind=b"\x3a\x20\x01"), 0.0)
    told = entries_told(session, events)
    if session.loses_bytes:
        assert told == []
        assert journal.count("illisible") == 1
    else:
        assert [one.user.public_key for one in told] == [KEY]
        assert journal.messages == []


@pytest.mark.parametrize("told_id", [b"!0a0b\xff0d!", b"!0000aaaa", b"?????????"])
def test_the_id_of_an_entry_is_that_of_its_number(
    told_id: bytes, session: SupervisedInterface, events: Events
) -> None:
    """The library files it under the id, and would put it in another node's place."""
    receiver_of(session).feed(entry().replace(b"!0a0b0c0d", told_id), 0.0)
    (told,) = entries_told(session, events)
    assert told.user.id == "!0a0b0c0d"
    assert session.nodes is not None
    assert list(session.nodes) == ["!0a0b0c0d"]


def test_a_broken_name_over_the_air_is_mended_for_the_library_and_for_us(
    session: SupervisedInterface, events: Events, journal: Journal
) -> None:
    user = mesh_pb2.User(id="!0a0b0c0d", long_name="Ann", short_name="ANNE", public_key=KEY)
    packet = mesh_pb2.MeshPacket(to=0xFFFFFFFF, id=5)
    setattr(packet, "from", ANN)
    packet.decoded.portnum = portnums_pb2.PortNum.NODEINFO_APP
    packet.decoded.payload = user.SerializeToString().replace(b"ANNE", b"AN\xff\xf0")
    message = mesh_pb2.FromRadio(packet=packet).SerializeToString()
    receiver_of(session).feed(encode_frame(message), 0.0)
    heard = mesh_pb2.User.FromString(events.packets.get_nowait().decoded.payload)
    assert (heard.short_name, heard.public_key) == ("AN\ufffd", KEY)
    assert session.nodesByNum is not None
    assert session.nodesByNum[ANN]["user"]["shortName"] == "AN\ufffd"
    assert journal.messages == []


@pytest.mark.parametrize("told_id", ["", "!0000aaaa", f"!{OWN:08x}"])
def test_what_a_node_says_over_the_air_is_filed_under_its_number(
    told_id: str, session: SupervisedInterface, events: Events
) -> None:
    """Firmware before 2.7 passes on whatever id somebody gave himself, or none."""
    user = mesh_pb2.User(id=told_id, long_name="Ann", public_key=KEY)
    packet = mesh_pb2.MeshPacket(to=0xFFFFFFFF, id=5)
    setattr(packet, "from", ANN)
    packet.decoded.portnum = portnums_pb2.PortNum.NODEINFO_APP
    packet.decoded.payload = user.SerializeToString()
    message = mesh_pb2.FromRadio(packet=packet).SerializeToString()
    receiver_of(session).feed(encode_frame(message), 0.0)
    assert session.nodes is not None
    assert session.nodesByNum is not None
    assert list(session.nodes) == ["!0a0b0c0d"]
    assert session.nodes["!0a0b0c0d"] is session.nodesByNum[ANN]
    assert session.nodesByNum[ANN]["user"]["longName"] == "Ann"


def test_what_our_own_node_says_is_not_taken_without_what_may_be_its_licence(
    session: SupervisedInterface, events: Events
) -> None:
    user = mesh_pb2.User(id=f"!{OWN:08x}", long_name="Ham", is_licensed=True)
    packet = mesh_pb2.MeshPacket(to=0xFFFFFFFF, id=5)
    setattr(packet, "from", OWN)
    packet.decoded.portnum = portnums_pb2.PortNum.NODEINFO_APP
    packet.decoded.payload = user.SerializeToString()[:-3]  # cut inside the name
    message = mesh_pb2.FromRadio(packet=packet).SerializeToString()
    receiver_of(session).feed(encode_frame(message), 0.0)
    assert own_user(session, events.packets.get_nowait()) is None


def test_whatever_comes_the_next_good_frame_gets_through(
    session: SupervisedInterface, events: Events, journal: Journal
) -> None:
    chance = random.Random(2_814)
    receiver = receiver_of(session)
    frames = frames_of_nodes()
    for _ in range(3_000):
        data = bytearray(chance.choice(frames))
        for _ in range(chance.randint(1, 3)):
            if data:
                spoil(data, chance)
        stream = bytearray(encode_frame(bytes(data[:512])))
        if chance.random() < 0.3:
            spoil(stream, chance)
        with contextlib.suppress(LinkError):  # what was spoilt may be the node's number
            receiver.feed(bytes(stream), chance.choice((0.0, 5.0)))
    receiver.feed(bytes(600), 5.0)
    entries_told(session, events)
    receiver.feed(entry(), 5.0)
    assert entries_told(session, events)[-1].user.public_key == KEY
    assert journal.count("illisible") + journal.count("non traitée") <= MALFORMED_LINES


def test_what_cannot_be_read_is_said_in_french_alone(
    session: SupervisedInterface, events: Events, journal: Journal
) -> None:
    """The words of Python and of protobuf help no operator."""
    packet = mesh_pb2.MeshPacket(to=0xFFFFFFFF, id=5)
    setattr(packet, "from", ANN)
    packet.decoded.portnum = portnums_pb2.PortNum.POSITION_APP
    packet.decoded.payload = b"\x0a\xff\xfe\xfd\x80"
    message = mesh_pb2.FromRadio(packet=packet).SerializeToString()
    receiver_of(session).feed(encode_frame(message), 0.0)
    receiver_of(session).feed(encode_frame(b"\xff\xff\xff"), 0.0)
    assert journal.messages == [
        "⚠️ Paquet de !0a0b0c0d (port 3) illisible (rien n'y est lisible)",
        "⚠️ Trame de 3 octets illisible (moitié d'une trame, ou aucune)",
    ]
