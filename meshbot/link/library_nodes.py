"""Updates the library's dictionaries of nodes in its place, for what a mesh says all day.

For each packet and each entry of the node's database the library (meshtastic 2.7.11) turns every
layer into dictionaries, formats them as text for a log that is off, and publishes them to listeners
although there are none. Done here is only what it leaves in ``interface.nodes`` and
``interface.nodesByNum``; what leaves nothing there is only looked at for what makes no sense. The
library's own way is taken where somebody does listen or waits for an answer, for a port that it was
taught since the start, and for positions of our own node, of which it keeps the best one.

Owned by one session; called on its reader's thread, which owns those dictionaries.
"""

import contextlib
from collections.abc import Callable
from typing import Any

from meshtastic import protocols
from meshtastic.mesh_interface import MeshInterface
from meshtastic.protobuf import admin_pb2, mesh_pb2, portnums_pb2, telemetry_pb2

from meshbot.link.protobuf_dict import as_dict
from meshbot.link.pubsub_listeners import PubsubListeners
from meshbot.model.known_node import BROADCAST_NUM

UNITS_A_DEGREE = 1e7
_PORT = portnums_pb2.PortNum
_PROTOCOLS = dict(protocols)
"""What the library makes of which port, before anybody teaches it more."""
_SEALED_TOPIC = "meshtastic.receive"
_TOPICS = {
    portnum: f"meshtastic.receive.{_PROTOCOLS[portnum].name}"
    if portnum in _PROTOCOLS
    else f"meshtastic.receive.data.{name}"
    for name, portnum in _PORT.items()
}
"""Under which topic the library publishes a packet, by its port."""
_METRICS = {
    "device_metrics": "deviceMetrics",
    "environment_metrics": "environmentMetrics",
    "air_quality_metrics": "airQualityMetrics",
    "power_metrics": "powerMetrics",
    "local_stats": "localStats",
}
"""What the library keeps of a node's telemetry, and under which names."""


class LibraryNodes:
    """The dictionaries of one session, as the library would fill them."""

    def __init__(self, interface: MeshInterface, listeners: PubsubListeners) -> None:
        """Name the session, and who knows whether anybody listens to the library."""
        self._interface = interface
        self._listeners = listeners
        self._notes: dict[int, Callable[[mesh_pb2.MeshPacket], None]] = {
            _PORT.POSITION_APP: self._note_position,
            _PORT.TELEMETRY_APP: self._note_telemetry,
            _PORT.NODEINFO_APP: self._note_user,
            _PORT.TEXT_MESSAGE_APP: self._note_text,
            _PORT.RANGE_TEST_APP: self._note_text,
            _PORT.DETECTION_SENSOR_APP: self._note_text,
            _PORT.ADMIN_APP: self._note_admin,
        }

    def note_packet(self, packet: mesh_pb2.MeshPacket, own_num: int) -> bool:
        """Note what the library would of a packet; return False if it is left to the library.

        Raises ``DecodeError`` for a payload that makes no sense.
        """
        if not packet.HasField("decoded"):
            return not self._listeners.hear(_SEALED_TOPIC)
        data = packet.decoded
        portnum, topic = data.portnum, _TOPICS.get(data.portnum)
        protocol = protocols.get(portnum)
        if topic is None or protocol is not _PROTOCOLS.get(portnum):
            return False
        if self._listeners.hear(topic):
            return False
        if data.request_id in self._interface.responseHandlers:
            return False
        if portnum == _PORT.POSITION_APP and getattr(packet, "from") == own_num:
            return False
        note = self._notes.get(portnum)
        if note is not None:
            note(packet)
        elif protocol is not None and protocol.protobufFactory is not None:
            protocol.protobufFactory().ParseFromString(data.payload)
        return True

    def note_node_info(self, info: mesh_pb2.NodeInfo) -> bool:
        """Note an entry of the node's own database; return False if that is left to the library."""
        nodes = self._interface.nodes
        if nodes is None or not info.num or self._listeners.hear("meshtastic.node.updated"):
            return False
        node = self._filed(info.num, as_dict(info))
        if "position" in node:
            _add_degrees(node["position"])
        node_id = node.get("user", {}).get("id")
        if node_id is not None:
            nodes[node_id] = node
        return True

    def _filed(self, num: int, entry: dict[str, Any]) -> dict[str, Any]:
        """Return the node's dictionary, with an entry in it."""
        by_num = self._interface.nodesByNum
        if by_num is not None and num not in by_num and "user" in entry and num != BROADCAST_NUM:
            by_num[num] = entry  # without the stand-in that the library would make first
            return entry
        node: dict[str, Any] = self._interface._getOrCreateByNum(num)
        node.update(entry)
        return node

    def _note_position(self, packet: mesh_pb2.MeshPacket) -> None:
        position = mesh_pb2.Position.FromString(packet.decoded.payload)
        heard = as_dict(position)
        _add_degrees(heard)
        heard["raw"] = position
        self._node_of(packet)["position"] = heard

    def _note_telemetry(self, packet: mesh_pb2.MeshPacket) -> None:
        telemetry = telemetry_pb2.Telemetry.FromString(packet.decoded.payload)
        node = self._node_of(packet)
        kind = telemetry.WhichOneof("variant")
        if kind in _METRICS:
            node.setdefault(_METRICS[kind], {}).update(as_dict(getattr(telemetry, kind)))

    def _note_user(self, packet: mesh_pb2.MeshPacket) -> None:
        user = mesh_pb2.User.FromString(packet.decoded.payload)
        told = self._told_of(packet)
        told["decoded"]["user"] = heard = as_dict(user)
        heard["raw"] = user
        node = self._node_of(packet)
        node["user"] = heard
        if self._interface.nodes is not None:
            self._interface.nodes[user.id] = node
        _note_last(node, told)

    def _note_text(self, packet: mesh_pb2.MeshPacket) -> None:
        told = self._told_of(packet)
        with contextlib.suppress(UnicodeDecodeError):  # then the library has no text either
            told["decoded"]["text"] = packet.decoded.payload.decode()
        _note_last(self._node_of(packet), told)

    def _note_admin(self, packet: mesh_pb2.MeshPacket) -> None:
        message = admin_pb2.AdminMessage.FromString(packet.decoded.payload)
        self._node_of(packet)["adminSessionPassKey"] = message.session_passkey

    def _node_of(self, packet: mesh_pb2.MeshPacket) -> dict[str, Any]:
        node: dict[str, Any] = self._interface._getOrCreateByNum(getattr(packet, "from"))
        return node

    def _told_of(self, packet: mesh_pb2.MeshPacket) -> dict[str, Any]:
        """Return a packet as the library tells it, but for what its payload says."""
        told = as_dict(packet)
        told["raw"] = packet
        told.setdefault("to", 0)
        told["fromId"] = self._interface._nodeNumToId(getattr(packet, "from"), False)
        told["toId"] = self._interface._nodeNumToId(packet.to)
        told["decoded"]["payload"] = packet.decoded.payload
        return told


def _note_last(node: dict[str, Any], told: dict[str, Any]) -> None:
    node["lastReceived"] = told
    node["lastHeard"] = told.get("rxTime")
    node["snr"] = told.get("rxSnr")
    node["hopLimit"] = told.get("hopLimit")


def _add_degrees(position: dict[str, Any]) -> None:
    for name, source in (("latitude", "latitudeI"), ("longitude", "longitudeI")):
        if source in position:
            position[name] = position[source] / UNITS_A_DEGREE
