"""What nodes tell of ways through the mesh. Pure functions."""

from meshtastic.protobuf import mesh_pb2

from benchmarks.traffic.contents import Port, data_of
from benchmarks.traffic.occasion import Occasion

_Error = mesh_pb2.Routing.Error
_INTERVAL_S = 14_400


def acknowledgement(occasion: Occasion) -> mesh_pb2.Data:
    """Return what confirms a packet of ours; one in ten says that it failed."""
    failed = occasion.chance.random() < 0.1
    routing = mesh_pb2.Routing(error_reason=_Error.NO_RESPONSE if failed else _Error.NONE)
    return data_of(Port.ROUTING_APP, routing, occasion.chance.getrandbits(32))


def traceroute(occasion: Occasion) -> mesh_pb2.Data:
    """Return the question how somebody reaches us."""
    hops = occasion.chance.randrange(4)
    route = mesh_pb2.RouteDiscovery(
        route=[occasion.somebody() for _ in range(hops)],
        snr_towards=[occasion.quarter_db() for _ in range(hops)],
    )
    data = data_of(Port.TRACEROUTE_APP, route)
    data.want_response = True
    return data


def traced_route(occasion: Occasion) -> mesh_pb2.Data:
    """Return the answer to such a question of ours."""
    there, back = occasion.chance.randrange(4), occasion.chance.randrange(4)
    route = mesh_pb2.RouteDiscovery(
        route=[occasion.somebody() for _ in range(there)],
        snr_towards=[occasion.quarter_db() for _ in range(there + 1)],
        route_back=[occasion.somebody() for _ in range(back)],
        snr_back=[occasion.quarter_db() for _ in range(back + 1)],
    )
    return data_of(Port.TRACEROUTE_APP, route, occasion.chance.getrandbits(32))


def neighbour_info(occasion: Occasion) -> mesh_pb2.Data:
    """Return whom somebody hears, ten at most."""
    told = mesh_pb2.NeighborInfo(
        node_id=occasion.speaker.num,
        last_sent_by_id=occasion.somebody(),
        node_broadcast_interval_secs=_INTERVAL_S,
        neighbors=[
            mesh_pb2.Neighbor(node_id=occasion.somebody(), snr=occasion.quarter_db() / 4)
            for _ in range(occasion.chance.randrange(2, 11))
        ],
    )
    return data_of(Port.NEIGHBORINFO_APP, told)
