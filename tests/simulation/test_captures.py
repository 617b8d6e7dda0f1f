"""The simulated node against real ones: the same client gets the same frames from both.

Each recording's client is played against a simulated node over a real socket, and what comes back
is compared frame by frame: kinds in order, fields, lengths, sizes, and the very bytes of the
configuration. Only what must differ may: ids, times, measurements, the peers' keys.
"""

import pytest
from meshtastic.protobuf import mesh_pb2, portnums_pb2

from tests.simulation.frame_shape import kind_of, shape_of
from tests.simulation.recording import Recording
from tests.simulation.replay import Replay
from tests.support.capture import PATHS

Port = portnums_pb2.PortNum
# To the byte, as neither time nor chance is in them.
EXACT = {"config", "moduleConfig", "channel", "metadata", "deviceuiConfig", "config_complete_id",
         "my_info", "19"}  # fmt: skip
# By how many bytes a frame may be longer or shorter: a number that differs takes up to so many
# bytes more. An id has one to five of them, most have five; a packet can have two ids; a file's
# size has one or two. All other kinds: none.
SIZE_TOLERANCE = {"queueStatus": 1, "packet": 3, "fileInfo": 1, "node_info": 2}
# A neighbour that was never heard directly has no such field.
LEFT_OUT = (".node_info.hops_away",)

Played = tuple[Recording, list[list[mesh_pb2.FromRadio]]]


@pytest.fixture(scope="module", params=PATHS, ids=lambda path: path.stem)
def played(request: pytest.FixtureRequest) -> Played:
    capture = Recording(request.param)
    return capture, Replay(capture).play()


def comparable(frame: mesh_pb2.FromRadio) -> list[str]:
    return [field for field in shape_of(frame) if field not in LEFT_OUT]


def pairs(played: Played) -> list[tuple[mesh_pb2.FromRadio, mesh_pb2.FromRadio]]:
    capture, got = played
    return [
        pair
        for session, frames in zip(capture.sessions, got, strict=True)
        for pair in zip(session.received, frames, strict=True)
    ]


def test_the_same_kinds_come_in_the_same_order(played: Played) -> None:
    capture, got = played
    for session, frames in zip(capture.sessions, got, strict=True):
        assert [label(frame) for frame in frames] == [label(frame) for frame in session.received]


def label(frame: mesh_pb2.FromRadio) -> str:
    """Name a frame's kind, and what it is about."""
    kind = kind_of(frame)
    if kind == "packet" and frame.packet.HasField("decoded"):
        return f"packet {Port.Name(frame.packet.decoded.portnum)}"
    if kind == "queueStatus":
        return f"queueStatus res {frame.queueStatus.res} free {frame.queueStatus.free}"
    return kind


def test_the_same_fields_come_with_the_same_lengths(played: Played) -> None:
    for expected, frame in pairs(played):
        assert comparable(frame) == comparable(expected)


def test_the_configuration_is_the_same_to_the_byte(played: Played) -> None:
    for expected, frame in pairs(played):
        if kind_of(expected) in EXACT:
            assert frame.SerializeToString() == expected.SerializeToString()
        elif kind_of(expected) == "fileInfo":
            assert frame.fileInfo.file_name == expected.fileInfo.file_name


def test_the_frames_are_as_long(played: Played) -> None:
    for expected, frame in pairs(played):
        tolerance = SIZE_TOLERANCE.get(kind_of(expected), 0)
        assert abs(frame.ByteSize() - expected.ByteSize()) <= tolerance, (expected, frame)


def test_reports_are_about_the_same_packets(played: Played) -> None:
    """Ids of the client are told back; others are the node's own."""
    for expected, frame in pairs(played):
        if kind_of(expected) == "queueStatus":
            packet_id = expected.queueStatus.mesh_packet_id
            told = frame.queueStatus.mesh_packet_id
            assert told == packet_id or min(told, packet_id) > 0xFFFF


def test_errors_are_about_the_same_packets(played: Played) -> None:
    for expected, frame in pairs(played):
        assert frame.packet.decoded.request_id == expected.packet.decoded.request_id
