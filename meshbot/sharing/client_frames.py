"""Frames that a client is given and the node did not send. Pure; payloads without their header."""

from meshtastic.protobuf import mesh_pb2, portnums_pb2

from meshbot.sharing.guest_queue import ROOM

RES_TAKEN = 0
RES_FULL = 32
"""``ERRNO_UNKNOWN``: what a node with a full queue says (``MeshTypes.h``)."""
RES_NO_NODE = 33
"""``ERRNO_NO_INTERFACES``."""


def queue_status(free: int, packet_id: int = 0, res: int = RES_TAKEN) -> bytes:
    """Return what became of queueing a packet, and how many more may come."""
    status = mesh_pb2.QueueStatus(res=res, free=free, maxlen=ROOM, mesh_packet_id=packet_id)
    return mesh_pb2.FromRadio(queueStatus=status).SerializeToString()


def notification(text: str, packet_id: int, wall_s: float) -> bytes:
    """Return a warning in words, about one of the client's packets or about none (0)."""
    told = mesh_pb2.ClientNotification(
        message=text, level=mesh_pb2.LogRecord.Level.WARNING, time=max(int(wall_s), 0)
    )
    if packet_id:
        told.reply_id = packet_id
    return mesh_pb2.FromRadio(clientNotification=told).SerializeToString()


def routing_error(own_num: int, request_id: int, error: int, answer_id: int) -> bytes:
    """Return the word of our node that a packet of its client failed.

    As ``sendAckNak`` makes it: from our node to our node, answered under its own id.
    """
    routing = mesh_pb2.Routing()
    routing.error_reason = error  # type: ignore[assignment] # a number of the enum
    packet = mesh_pb2.MeshPacket(
        to=own_num, id=answer_id, priority=mesh_pb2.MeshPacket.Priority.ACK
    )
    setattr(packet, "from", own_num)
    packet.decoded.portnum = portnums_pb2.PortNum.ROUTING_APP
    packet.decoded.request_id = request_id
    packet.decoded.payload = routing.SerializeToString()
    return mesh_pb2.FromRadio(packet=packet).SerializeToString()


def echoed(packet: mesh_pb2.MeshPacket, own_num: int, wall_s: float) -> mesh_pb2.MeshPacket:
    """Return a packet of our own node as others see it who did not send it."""
    copy = mesh_pb2.MeshPacket()
    copy.CopyFrom(packet)
    setattr(copy, "from", own_num)
    copy.rx_time = max(int(wall_s), 0)
    return copy


def opened(
    packet: mesh_pb2.MeshPacket, data: mesh_pb2.Data, public_key: bytes
) -> mesh_pb2.MeshPacket:
    """Return a sealed packet as the radio would have handed it over, had it had the key.

    As ``perhapsDecode`` leaves it: decoded, on channel 0, with the key that opened it.
    """
    copy = mesh_pb2.MeshPacket()
    copy.CopyFrom(packet)
    copy.decoded.CopyFrom(data)  # the other of the two contents goes with that
    copy.channel = 0
    copy.pki_encrypted = True
    copy.public_key = public_key
    return copy


def packet_frame(packet: mesh_pb2.MeshPacket) -> bytes:
    """Return a packet as a frame."""
    return mesh_pb2.FromRadio(packet=packet).SerializeToString()
