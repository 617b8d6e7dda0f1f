"""What 2.8 tells again of other nodes after a configuration. Owned by the node's loop thread.

``PhoneAPI::popReplayPacket``: the last position and device metrics of each node, as packets that
look like live ones and keep their id for as long as nothing new is heard.
"""

import zlib

from meshtastic.protobuf import mesh_pb2, portnums_pb2

from meshbot.simulation import packets
from meshbot.simulation.peer import SimulatedPeer

_Port = portnums_pb2.PortNum
# In the order in which they are told.
_REMEMBERED = (_Port.POSITION_APP, _Port.TELEMETRY_APP)


class SimulatedReplays:
    """The last position and telemetry of each peer."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._last: dict[tuple[int, int], mesh_pb2.MeshPacket] = {}

    def note(self, peer: SimulatedPeer, data: mesh_pb2.Data, rx_time: int) -> None:
        """Remember what was heard, if it is told again."""
        if data.portnum not in _REMEMBERED:
            return
        packet = packets.packet_from_peer(
            peer,
            to=packets.BROADCAST_NUM,
            packet_id=zlib.crc32(f"{peer.num}/{rx_time}/{data.portnum}".encode()) or 1,
            rx_time=rx_time,
        )
        packet.ClearField("rx_rssi")
        packet.priority = mesh_pb2.MeshPacket.Priority.BACKGROUND
        packet.transport_mechanism = mesh_pb2.MeshPacket.TransportMechanism.TRANSPORT_LORA
        packet.decoded.portnum = data.portnum
        packet.decoded.payload = data.payload
        self._last[data.portnum, peer.num] = packet

    def packets(self) -> list[mesh_pb2.MeshPacket]:
        """Return all positions, then all telemetry."""
        return [
            packet
            for port in _REMEMBERED
            for (number, _), packet in self._last.items()
            if number == port
        ]
