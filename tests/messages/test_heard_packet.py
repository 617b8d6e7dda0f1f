"""What a packet tells of its way, and how old it is known to be."""

import pytest
from meshtastic.protobuf import mesh_pb2

from meshbot.messages.heard_packet import (
    BACKLOG_S,
    HeardPacket,
    age_when_received_s,
    came_by_air,
)
from meshbot.model.known_node import BROADCAST_NUM

WALL_S = 1_700_000_000.0


def heard(**fields: object) -> HeardPacket:
    return HeardPacket(mesh_pb2.MeshPacket(**fields), 0.0, 0.0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "snr_db", "rssi_dbm"),
    [
        ({"rx_snr": 6.25, "rx_rssi": -91}, 6.25, -91),
        ({"rx_snr": 0.0, "rx_rssi": -91}, 0.0, -91),
        ({"rx_snr": 6.25}, 6.25, None),
        ({}, None, None),
        ({"rx_snr": 6.25, "rx_rssi": -91, "via_mqtt": True}, None, None),
    ],
)
def test_the_signal_is_what_was_measured_and_nothing_else(
    fields: dict[str, object], snr_db: float | None, rssi_dbm: int | None
) -> None:
    packet = heard(**fields)
    assert (packet.snr_db, packet.rssi_dbm) == (snr_db, rssi_dbm)


@pytest.mark.parametrize(
    ("start", "limit", "hops"), [(3, 3, 0), (7, 5, 2), (0, 0, None), (0, 3, None), (3, 5, None)]
)
def test_hops_are_counted_where_the_packet_says_where_it_started(
    start: int, limit: int, hops: int | None
) -> None:
    assert heard(hop_start=start, hop_limit=limit).hops == hops


def test_a_packet_is_for_everybody_or_for_one() -> None:
    assert heard(to=BROADCAST_NUM).is_broadcast
    assert not heard(to=7).is_broadcast


def test_what_our_own_node_made_has_no_trace_of_the_air() -> None:
    assert not came_by_air(mesh_pb2.MeshPacket(to=7))
    for fields in ({"rx_rssi": -50}, {"rx_snr": 4.5}, {"via_mqtt": True}):
        assert came_by_air(mesh_pb2.MeshPacket(**fields))
    ways = mesh_pb2.MeshPacket.TransportMechanism
    ours = (ways.TRANSPORT_INTERNAL, ways.TRANSPORT_API)
    for way in ways.values():
        assert came_by_air(mesh_pb2.MeshPacket(transport_mechanism=way)) == (way not in ours)


@pytest.mark.parametrize(
    ("ready_ago_s", "away_s", "rx_ago_s", "age_s"),
    [
        (1.0, None, 100.0, 99.0),
        (1.0, 500.0, 100.0, 99.0),
        (1.0, 20.0, 7_200.0, 20.0 + BACKLOG_S),
        (BACKLOG_S, None, 100.0, 0.0),
        (None, None, 100.0, 0.0),
    ],
    ids=["first session", "kept", "clocks disagree", "long after the handshake", "no handshake"],
)
def test_a_kept_packet_is_as_old_as_the_shorter_of_two_measures(
    ready_ago_s: float | None, away_s: float | None, rx_ago_s: float, age_s: float
) -> None:
    packet = mesh_pb2.MeshPacket(rx_time=int(WALL_S - rx_ago_s))
    age = age_when_received_s(packet, ready_ago_s=ready_ago_s, away_s=away_s, wall_s=WALL_S)
    assert age == age_s


def test_a_packet_without_a_time_is_new() -> None:
    packet = mesh_pb2.MeshPacket()
    assert age_when_received_s(packet, ready_ago_s=0.0, away_s=None, wall_s=WALL_S) == 0.0
