"""Every kind of packet that a mesh carries, by name."""

from benchmarks.traffic import modules, people, positions, routes, telemetries
from benchmarks.traffic.packet_kind import PacketKind, Way

KINDS: dict[str, PacketKind] = {
    "position of a fixed node": PacketKind(positions.fixed_position),
    "position": PacketKind(positions.usual_position),
    "position, 17 fields": PacketKind(positions.full_position),
    "device telemetry": PacketKind(telemetries.device_metrics),
    "environment telemetry": PacketKind(telemetries.environment_metrics),
    "air quality telemetry": PacketKind(telemetries.air_quality_metrics),
    "power telemetry": PacketKind(telemetries.power_metrics),
    "host telemetry": PacketKind(telemetries.host_metrics),
    "own local stats": PacketKind(telemetries.local_stats, Way.FROM_OUR_NODE),
    "node info": PacketKind(people.node_info),
    "text": PacketKind(people.text),
    "reaction": PacketKind(people.reaction),
    "direct text": PacketKind(people.text, Way.SEALED_TO_US),
    "acknowledgement": PacketKind(routes.acknowledgement, Way.TO_US),
    "traceroute": PacketKind(routes.traceroute, Way.TO_US),
    "traced route": PacketKind(routes.traced_route, Way.TO_US),
    "neighbour info": PacketKind(routes.neighbour_info),
    "waypoint": PacketKind(modules.waypoint),
    "store and forward": PacketKind(modules.store_and_forward),
    "pax counter": PacketKind(modules.pax_counter),
    "range test": PacketKind(modules.range_test),
    "detection sensor": PacketKind(modules.detection_sensor),
    "ATAK position": PacketKind(modules.atak_position),
    "map report": PacketKind(modules.map_report),
    "admin answer": PacketKind(modules.admin_answer, Way.SEALED_TO_US),
    "private port": PacketKind(modules.private_port),
    "port without a name": PacketKind(modules.nameless_port),
    "other channel": PacketKind(positions.usual_position, Way.OTHER_CHANNEL),
    "sealed for others": PacketKind(people.text, Way.SEALED_TO_OTHERS),
}
