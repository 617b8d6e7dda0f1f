"""Builds the frames and mesh packets of the simulated node. Pure functions: no state, no I/O."""

import random
import time

from meshtastic.protobuf import mesh_pb2, portnums_pb2, telemetry_pb2

from meshbot.link.frame_decoder import encode_frame
from meshbot.simulation.peer import SimulatedPeer

BROADCAST_NUM = 0xFFFFFFFF
HOP_START = 3
_Priority = mesh_pb2.MeshPacket.Priority


def frame(message: mesh_pb2.FromRadio) -> bytes:
    """Serialize and frame what goes to the client."""
    return encode_frame(message.SerializeToString())


def sender_of(packet: mesh_pb2.MeshPacket) -> int:
    """Read the field whose name is a Python keyword."""
    return int(getattr(packet, "from"))


def set_sender(packet: mesh_pb2.MeshPacket, num: int) -> None:
    """Write the field whose name is a Python keyword."""
    setattr(packet, "from", num)


def packet_from_peer(
    peer: SimulatedPeer,
    *,
    to: int,
    packet_id: int,
    rx_time: int | None = None,
    channel: int = 0,
    want_ack: bool = False,
) -> mesh_pb2.MeshPacket:
    """Build a packet as heard from a peer, still without its content."""
    packet = mesh_pb2.MeshPacket(
        to=to,
        id=packet_id,
        channel=channel,
        want_ack=want_ack,
        rx_time=int(time.time()) if rx_time is None else rx_time,
        rx_snr=peer.snr_db,
        rx_rssi=peer.rssi_dbm,
        hop_start=HOP_START,
        hop_limit=max(0, HOP_START - peer.hops_away),
    )
    set_sender(packet, peer.num)
    return packet


def packet_from_node(
    num: int,
    data: mesh_pb2.Data,
    packet_id: int,
    *,
    to: int | None = None,
    rx_time: int | None = None,
    priority: _Priority.ValueType = _Priority.UNSET,
    hop_limit: int = 0,
) -> mesh_pb2.MeshPacket:
    """Build a packet of the node itself: for its own client, unless ``to`` says otherwise."""
    packet = mesh_pb2.MeshPacket(
        to=num if to is None else to,
        id=packet_id,
        decoded=data,
        rx_time=int(time.time()) if rx_time is None else rx_time,
        hop_limit=hop_limit,
        priority=priority,
    )
    set_sender(packet, num)
    return packet


def notification(
    text: str,
    level: mesh_pb2.LogRecord.Level.ValueType = mesh_pb2.LogRecord.Level.WARNING,
    *,
    reply_id: int = 0,
) -> mesh_pb2.ClientNotification:
    """Build what the node tells its client in words."""
    told = mesh_pb2.ClientNotification(level=level, time=int(time.time()), message=text)
    if reply_id:
        told.reply_id = reply_id
    return told


def text_data(payload: bytes, reply_id: int | None) -> mesh_pb2.Data:
    """Build the content of a text message."""
    data = mesh_pb2.Data(portnum=portnums_pb2.PortNum.TEXT_MESSAGE_APP, payload=payload)
    if reply_id is not None:
        data.reply_id = reply_id
    return data


def routing_data(request_id: int, error: mesh_pb2.Routing.Error.ValueType) -> mesh_pb2.Data:
    """Build an acknowledgement (error NONE) or a failure report for a packet of the client."""
    return mesh_pb2.Data(
        portnum=portnums_pb2.PortNum.ROUTING_APP,
        payload=mesh_pb2.Routing(error_reason=error).SerializeToString(),
        request_id=request_id,
    )


def node_info_data(payload: bytes, request_id: int = 0) -> mesh_pb2.Data:
    """Build a NodeInfo from an already serialized User, or from bytes that do not parse."""
    return mesh_pb2.Data(
        portnum=portnums_pb2.PortNum.NODEINFO_APP, payload=payload, request_id=request_id
    )


def telemetry_data(rng: random.Random) -> mesh_pb2.Data:
    """Build plausible device metrics."""
    telemetry = telemetry_pb2.Telemetry(
        time=int(time.time()),
        device_metrics=telemetry_pb2.DeviceMetrics(
            battery_level=rng.randrange(30, 101),
            voltage=round(rng.uniform(3.4, 4.2), 2),
            channel_utilization=round(rng.uniform(0, 25), 2),
            air_util_tx=round(rng.uniform(0, 5), 2),
            uptime_seconds=rng.randrange(60, 10**6),
        ),
    )
    return mesh_pb2.Data(
        portnum=portnums_pb2.PortNum.TELEMETRY_APP, payload=telemetry.SerializeToString()
    )


def own_telemetry_data(
    content: telemetry_pb2.DeviceMetrics | telemetry_pb2.LocalStats,
) -> mesh_pb2.Data:
    """Build what the node tells of itself."""
    telemetry = telemetry_pb2.Telemetry(time=int(time.time()))
    if isinstance(content, telemetry_pb2.DeviceMetrics):
        telemetry.device_metrics.CopyFrom(content)
    else:
        telemetry.local_stats.CopyFrom(content)
    return mesh_pb2.Data(
        portnum=portnums_pb2.PortNum.TELEMETRY_APP, payload=telemetry.SerializeToString()
    )


def position_data(peer: SimulatedPeer) -> mesh_pb2.Data:
    """Build the position of a peer."""
    return mesh_pb2.Data(
        portnum=portnums_pb2.PortNum.POSITION_APP,
        payload=peer.position(int(time.time())).SerializeToString(),
    )
