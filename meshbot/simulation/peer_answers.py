"""What a peer's firmware answers to a request for something (``MeshModule::callModules``). Pure."""

import random

from google.protobuf.message import DecodeError
from meshtastic.protobuf import mesh_pb2, portnums_pb2, telemetry_pb2

from meshbot.simulation import packets
from meshbot.simulation.peer import SimulatedPeer

_Port = portnums_pb2.PortNum
# In quarters of a decibel; a node on the way that does not say who it is, and what it measured.
_SNR_STEPS = 4
_UNKNOWN_HOP = packets.BROADCAST_NUM
_UNKNOWN_SNR = -128


def answer_of(
    peer: SimulatedPeer, asked: mesh_pb2.Data, request_id: int, rng: random.Random
) -> mesh_pb2.Data | None:
    """Return the answer of a peer that opened this; None where nothing wants one."""
    if not asked.want_response:
        return None
    answer = _content(peer, asked, rng)
    if answer is None:
        return packets.routing_data(request_id, mesh_pb2.Routing.Error.NO_RESPONSE)
    answer.request_id = request_id
    return answer


def _content(peer: SimulatedPeer, asked: mesh_pb2.Data, rng: random.Random) -> mesh_pb2.Data | None:
    match asked.portnum:
        case _Port.NODEINFO_APP:
            return packets.node_info_data(peer.user().SerializeToString())
        case _Port.POSITION_APP:
            return packets.position_data(peer)
        case _Port.TELEMETRY_APP if _asks_for_metrics(asked.payload):
            return packets.telemetry_data(rng)
        case _Port.TRACEROUTE_APP:
            return _route(peer)
        case _:
            return None


def _asks_for_metrics(payload: bytes) -> bool:
    try:
        request = telemetry_pb2.Telemetry.FromString(payload)
    except DecodeError:
        return False
    return request.HasField("device_metrics")


def _route(peer: SimulatedPeer) -> mesh_pb2.Data:
    """Return the way there and back as the node's client gets it: only the last hop is known."""
    hops = [_UNKNOWN_HOP] * peer.hops_away
    snr = [*([_UNKNOWN_SNR] * peer.hops_away), int(peer.snr_db * _SNR_STEPS)]
    route = mesh_pb2.RouteDiscovery(
        route=hops, snr_towards=snr, route_back=hops, snr_back=snr
    ).SerializeToString()
    return mesh_pb2.Data(portnum=_Port.TRACEROUTE_APP, payload=route)
