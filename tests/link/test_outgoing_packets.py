"""What the node is given to send: each packet as the firmware expects it."""

import pytest
from meshtastic.protobuf import admin_pb2, mesh_pb2, portnums_pb2

from meshbot.link.outgoing_packets import (
    Envelope,
    contact_packet,
    metadata_request,
    node_info_request,
    sealed_packet,
    text_data,
    text_packet,
)
from meshbot.model.link_error import LinkError

ENVELOPE = Envelope(to=0x0A, packet_id=77, hop_limit=3, want_ack=True)
USER = mesh_pb2.User(id="!0000000b", long_name="Bob", public_key=b"\x01" * 32)
PortNum = portnums_pb2.PortNum


@pytest.mark.parametrize(
    "packet",
    [
        text_packet(ENVELOPE, text_data("hello")),
        sealed_packet(ENVELOPE, b"sealed"),
        node_info_request(ENVELOPE, USER),
        contact_packet(ENVELOPE, 0x0B, USER),
        metadata_request(ENVELOPE),
    ],
)
def test_every_packet_carries_its_envelope(packet: mesh_pb2.MeshPacket) -> None:
    assert (packet.to, packet.id, packet.hop_limit, packet.want_ack) == (0x0A, 77, 3, True)
    assert packet.priority == mesh_pb2.MeshPacket.Priority.RELIABLE


def test_a_text_goes_out_in_clear_for_the_node_to_encrypt() -> None:
    packet = text_packet(ENVELOPE, text_data("hé", reply_id=5), channel=2)
    assert (packet.channel, packet.decoded.portnum) == (2, PortNum.TEXT_MESSAGE_APP)
    assert (packet.decoded.payload, packet.decoded.reply_id) == ("hé".encode(), 5)


@pytest.mark.parametrize("ok_to_mqtt", [True, False])
def test_a_text_says_whether_gateways_may_publish_it(*, ok_to_mqtt: bool) -> None:
    data = mesh_pb2.Data.FromString(text_data("hé", ok_to_mqtt=ok_to_mqtt).SerializeToString())
    assert data.HasField("bitfield"), "2.8 drops a packet without one that was sent over no hop"
    assert data.bitfield == int(ok_to_mqtt)


def test_a_sealed_packet_is_marked_so_that_the_node_lets_it_be() -> None:
    packet = sealed_packet(ENVELOPE, b"sealed")
    assert (packet.encrypted, packet.pki_encrypted, packet.channel) == (b"sealed", True, 0)


def test_a_node_is_asked_who_it_is_with_who_we_are() -> None:
    data = node_info_request(ENVELOPE, USER).decoded
    assert (data.portnum, data.want_response) == (PortNum.NODEINFO_APP, True)
    assert mesh_pb2.User.FromString(data.payload) == USER


def test_nobody_is_asked_before_we_know_who_we_are() -> None:
    with pytest.raises(LinkError, match="own_user_unknown"):
        node_info_request(ENVELOPE, None)


def test_a_licensed_station_asks_nobody_for_a_key() -> None:
    with pytest.raises(LinkError, match="licensed"):
        node_info_request(ENVELOPE, mesh_pb2.User(id="!0000000b", is_licensed=True))


def test_a_contact_is_an_order_to_our_own_node_and_metadata_a_question() -> None:
    order = contact_packet(ENVELOPE, 0x0B, USER).decoded
    contact = admin_pb2.AdminMessage.FromString(order.payload).add_contact
    assert (order.portnum, order.want_response) == (PortNum.ADMIN_APP, False)
    assert (contact.node_num, contact.user) == (0x0B, USER)
    question = metadata_request(ENVELOPE).decoded
    assert (question.portnum, question.want_response) == (PortNum.ADMIN_APP, True)
    assert admin_pb2.AdminMessage.FromString(question.payload).get_device_metadata_request
