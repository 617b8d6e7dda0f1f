"""A question to the radio, whether it has any key of a node. Pure, and nothing goes on the air.

A client may name the key that a message is to be sealed with (``MeshPacket.public_key``, as the
apps do). From 2.7 on ``perhapsEncode`` refuses one that the radio has no key for at all with
``PKI_SEND_FAIL_PUBLIC_KEY``, and one for which it has another key than the one named with
``PKI_FAILED``; either way ``Router::send`` gives up before anything is transmitted. So a message
naming a key that is nobody's is always refused, and the reason answers the question. (Read in the
source of 2.7.26 and of 2.8, not tried on a radio.)

Firmware without keys (before 2.5) ignores the field and would transmit: it must not be asked.
"""

from meshtastic.protobuf import mesh_pb2, portnums_pb2

from meshbot.link.outgoing_packets import Envelope

NOBODYS_KEY = bytes(31) + b"\x80"
"""Zero but for the bit that X25519 ignores: no radio holds it, and the firmware takes only a key of
zeros for none."""
LACKING_RESULT = int(mesh_pb2.Routing.Error.PKI_SEND_FAIL_PUBLIC_KEY)
HOLDING_RESULT = int(mesh_pb2.Routing.Error.PKI_FAILED)


def key_question(num: int, packet_id: int) -> mesh_pb2.MeshPacket:
    """Return the question about node ``num``.

    Without a hop and without a wish for an acknowledgement no router keeps a copy to try again.
    """
    packet = Envelope(num, packet_id, hop_limit=0).packet()
    packet.pki_encrypted = True
    packet.public_key = NOBODYS_KEY
    packet.decoded.portnum = portnums_pb2.PortNum.PRIVATE_APP
    return packet
