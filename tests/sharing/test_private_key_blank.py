"""The private key leaves the node to nobody, and nothing else is lost with it."""

from typing import Any

import pytest
from meshtastic.protobuf import admin_pb2, mesh_pb2, portnums_pb2

from meshbot.sharing.private_key_blank import blank_private_key
from meshbot.simulation.wire import bytes_field, number_field
from tests.support.capture import PATHS, Capture, frames_of

KEY = b"\x22" * 32
SECURITY_FIELDS = bytes_field(1, b"\x11" * 32) + number_field(9, 2) + bytes_field(3, b"\x33" * 32)


def answer(payload: bytes) -> mesh_pb2.FromRadio:
    frame = mesh_pb2.FromRadio(id=9)
    frame.packet.decoded.portnum = portnums_pb2.PortNum.ADMIN_APP
    frame.packet.decoded.payload = payload
    frame.packet.decoded.request_id = 5
    return frame


def test_the_answer_to_who_asks_for_the_config() -> None:
    config = bytes_field(8, SECURITY_FIELDS + bytes_field(2, KEY))
    frame = answer(bytes_field(6, config) + bytes_field(101, b"12345678") + number_field(300, 1))
    before = frame.SerializeToString()
    blanked = blank_private_key(frame)
    payload = blanked.packet.decoded.payload
    message = admin_pb2.AdminMessage.FromString(payload)
    assert KEY not in blanked.SerializeToString()
    assert message.get_config_response.security.public_key == b"\x11" * 32
    assert list(message.get_config_response.security.admin_key) == [b"\x33" * 32]
    assert message.session_passkey == b"12345678"
    assert number_field(9, 2) in payload
    assert number_field(300, 1) in payload
    assert (blanked.id, blanked.packet.decoded.request_id) == (9, 5)
    assert frame.SerializeToString() == before  # the bot's own is left alone


def test_an_answer_that_a_laxer_parser_might_read_says_nothing() -> None:
    config = bytes_field(6, bytes_field(8, bytes_field(2, KEY)))
    broken = config + bytes_field(4, bytes_field(2, b"\xff\xfe"))  # a name that is no text
    assert KEY not in blank_private_key(answer(broken)).SerializeToString()
    cut = config + b"\x22"
    assert KEY not in blank_private_key(answer(cut)).SerializeToString()


@pytest.mark.parametrize(
    "payload",
    [
        bytes_field(6, bytes_field(8, SECURITY_FIELDS)),
        bytes_field(4, bytes_field(2, b"\xff\xfe")),
        b"",
    ],
)
def test_without_a_key_a_frame_stays_the_same(payload: bytes) -> None:
    frame = answer(payload)
    assert blank_private_key(frame) is frame


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_of_a_real_configuration_the_key_alone_goes(path: Any) -> None:
    secret = Capture.read(path).security.private_key
    assert len(secret) == 32
    blanked_count = 0
    for _, ours, payload in frames_of(path):
        if ours:
            continue
        frame = mesh_pb2.FromRadio.FromString(payload)
        blanked = blank_private_key(frame)
        if secret not in payload:
            assert blanked is frame
            continue
        blanked_count += 1
        assert secret not in blanked.SerializeToString()
        blanked.config.security.private_key = secret
        assert blanked == frame
    assert blanked_count >= 2
