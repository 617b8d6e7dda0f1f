"""Frames made here, read back as a client reads them, and beside what real nodes sent."""

from pathlib import Path

import pytest
from meshtastic.protobuf import mesh_pb2, portnums_pb2

from meshbot.sharing.client_frames import (
    echoed,
    notification,
    opened,
    packet_frame,
    queue_status,
    routing_error,
)
from tests.support.capture import PATHS, frames_of

OWN_NUM = 0x1234ABCD
ROUTING = portnums_pb2.PortNum.ROUTING_APP


def parsed(payload: bytes) -> mesh_pb2.FromRadio:
    return mesh_pb2.FromRadio.FromString(payload)


def test_a_queue_status_reads_as_a_nodes() -> None:
    status = parsed(queue_status(7, 99)).queueStatus
    assert (status.res, status.free, status.maxlen, status.mesh_packet_id) == (0, 7, 16, 99)


def test_a_notification_names_the_packet_it_is_about() -> None:
    told = parsed(notification("trop", 5, 1_700_000_000.5)).clientNotification
    assert (told.message, told.reply_id, told.time) == ("trop", 5, 1_700_000_000)
    assert told.level == mesh_pb2.LogRecord.Level.WARNING


def test_a_notification_about_nothing_has_no_reply_id() -> None:
    assert not parsed(notification("trop", 0, 0.0)).clientNotification.HasField("reply_id")


def test_an_opened_message_is_marked_as_the_radio_would() -> None:
    sealed = mesh_pb2.MeshPacket(to=OWN_NUM, id=8, encrypted=b"x" * 20, hop_limit=3, rx_snr=5.5)
    setattr(sealed, "from", 77)
    data = mesh_pb2.Data(portnum=portnums_pb2.PortNum.TEXT_MESSAGE_APP, payload=b"salut")
    shown = opened(sealed, data, b"k" * 32)
    assert shown.WhichOneof("payload_variant") == "decoded"
    assert shown.decoded == data
    assert (shown.pki_encrypted, shown.public_key, shown.channel) == (True, b"k" * 32, 0)
    assert (getattr(shown, "from"), shown.to, shown.id, shown.rx_snr) == (77, OWN_NUM, 8, 5.5)
    assert sealed.WhichOneof("payload_variant") == "encrypted", "the packet itself stays as it is"


def test_an_echo_is_from_our_node_and_says_when() -> None:
    text = mesh_pb2.MeshPacket(to=77, id=8)
    text.decoded.portnum = portnums_pb2.PortNum.TEXT_MESSAGE_APP
    shown = echoed(text, OWN_NUM, 1_700_000_000.9)
    assert (getattr(shown, "from"), shown.rx_time) == (OWN_NUM, 1_700_000_000)
    assert not text.rx_time
    assert parsed(packet_frame(shown)).packet == shown


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_routing_error_has_the_shape_of_a_real_nodes(path: Path) -> None:
    (real,) = [
        message.packet
        for _, ours, payload in frames_of(path)
        if not ours and (message := parsed(payload)).packet.decoded.portnum == ROUTING
    ]
    error = mesh_pb2.Routing.FromString(real.decoded.payload).error_reason
    made = parsed(
        routing_error(getattr(real, "from"), real.decoded.request_id, error, real.id)
    ).packet
    real.ClearField("rx_time")  # 2.5 says when
    assert made == real
