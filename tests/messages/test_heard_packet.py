"""What a packet tells of its way."""

import pytest
from meshtastic.protobuf import mesh_pb2

from meshbot.messages.heard_packet import HeardPacket, came_by_air
from meshbot.model.known_node import BROADCAST_NUM


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


@pytest.mark.parametrize(
    ("start", "limit", "hops"), [(3, 3, 0), (7, 5, 2), (0, 0, 0), (0, 3, None), (3, 5, None)]
)
def test_a_bitfield_inside_says_that_a_start_of_zero_is_meant(
    start: int, limit: int, hops: int | None
) -> None:
    """The bitfield may be 0: that it is there counts."""
    data = mesh_pb2.Data(bitfield=0)
    assert heard(hop_start=start, hop_limit=limit, decoded=data).hops == hops
    sealed = heard(hop_start=start, hop_limit=limit, encrypted=b"x")
    assert sealed.hops_with(data) == hops
    assert sealed.hops_with(mesh_pb2.Data()) == (hops if start else None)


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
