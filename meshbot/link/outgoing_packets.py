"""What the bot gives its node to send or to obey, as packets. Pure: no threads, no I/O, no state.

Priority ``RELIABLE`` is what the library and the apps give their own texts and requests.
"""

from typing import NamedTuple

from meshtastic.protobuf import admin_pb2, mesh_pb2, portnums_pb2

from meshbot.link.node_facts import may_seal
from meshbot.model.cause import Cause
from meshbot.model.link_error import LinkError

OK_TO_MQTT_BIT = 0x1


class Envelope(NamedTuple):
    """Where a packet goes, under which id, over how many hops at most.

    A node drops an id that it has seen: of the last 20 from us in this session, and of those
    heard on the air. ``want_ack``: the recipient is to confirm it.
    """

    to: int
    packet_id: int
    hop_limit: int
    want_ack: bool = False

    def packet(self) -> mesh_pb2.MeshPacket:
        """Return a packet that says nothing yet."""
        return mesh_pb2.MeshPacket(
            to=self.to,
            id=self.packet_id,
            want_ack=self.want_ack,
            hop_limit=self.hop_limit,
            priority=mesh_pb2.MeshPacket.Priority.RELIABLE,
        )


def text_data(text: str, reply_id: int = 0, *, ok_to_mqtt: bool = False) -> mesh_pb2.Data:
    """Return a text as a packet carries it; ``reply_id``: the packet that it answers, if any.

    ``bitfield`` is what the firmware puts into each packet of its own (``perhapsEncode``, from 2.5
    on) but not into one that we sealed: whether gateways may publish it, by the node's settings.
    Without it 2.8 drops a packet that was sent over no hop (``classifyHopStart``).
    """
    data = mesh_pb2.Data(
        portnum=portnums_pb2.PortNum.TEXT_MESSAGE_APP,
        payload=text.encode("utf-8"),
        reply_id=reply_id,
    )
    data.bitfield = OK_TO_MQTT_BIT if ok_to_mqtt else 0  # set, even where it is 0
    return data


def text_packet(envelope: Envelope, data: mesh_pb2.Data, channel: int = 0) -> mesh_pb2.MeshPacket:
    """Return a text for the node to encrypt and send."""
    packet = envelope.packet()
    packet.channel = channel
    packet.decoded.CopyFrom(data)
    return packet


def sealed_packet(envelope: Envelope, sealed: bytes) -> mesh_pb2.MeshPacket:
    """Return a packet whose ``Data`` we sealed ourselves, for a peer whose key the radio lacks.

    ``Router::send`` encrypts only what is not encrypted yet, so the radio transmits it as it is.
    ``pki_encrypted`` keeps ``sendLocal`` from choosing a channel for it.
    """
    packet = envelope.packet()
    packet.pki_encrypted = True
    packet.encrypted = sealed
    return packet


def node_info_request(envelope: Envelope, own_user: mesh_pb2.User | None) -> mesh_pb2.MeshPacket:
    """Return a request for a node's NodeInfo, with our own, as nodes ask each other.

    The firmware never seals a NodeInfo, so the key it lacks is no obstacle.
    Raises :class:`LinkError` while our own node has not said who it is, and for a licensed station,
    which has no use for a key.
    """
    if own_user is None:
        raise LinkError(Cause.OWN_USER_UNKNOWN)
    if not may_seal(own_user):
        raise LinkError(Cause.LICENSED)
    packet = envelope.packet()
    packet.decoded.portnum = portnums_pb2.PortNum.NODEINFO_APP
    packet.decoded.payload = own_user.SerializeToString()
    packet.decoded.want_response = True
    return packet


def contact_packet(envelope: Envelope, num: int, user: mesh_pb2.User) -> mesh_pb2.MeshPacket:
    """Have our node write another one's name and key into its own database, in its flash.

    ``NodeDB::addFromContact`` overwrites whatever it has of that node, and marks it as a
    favourite, which keeps it from being evicted. ``envelope`` is addressed to our own node.
    """
    contact = admin_pb2.SharedContact(node_num=num, user=user)
    return _admin_packet(envelope, admin_pb2.AdminMessage(add_contact=contact))


def metadata_request(envelope: Envelope) -> mesh_pb2.MeshPacket:
    """Return the question for a device's metadata, which every firmware answers its client."""
    packet = _admin_packet(envelope, admin_pb2.AdminMessage(get_device_metadata_request=True))
    packet.decoded.want_response = True
    return packet


def _admin_packet(envelope: Envelope, message: admin_pb2.AdminMessage) -> mesh_pb2.MeshPacket:
    packet = envelope.packet()
    packet.decoded.portnum = portnums_pb2.PortNum.ADMIN_APP
    packet.decoded.payload = message.SerializeToString()
    return packet
