"""The traffic that is measured with: every kind, each packet new, as a node hands it over."""

from collections import Counter

import pytest
from meshtastic.protobuf import mesh_pb2, portnums_pb2

from benchmarks.traffic.city_traffic import CityTraffic
from benchmarks.traffic.kinds import KINDS
from benchmarks.traffic.mixes import CITY, MIXES, WORST, shares_of
from benchmarks.traffic.packet_kind import Way
from meshbot.simulation.packets import BROADCAST_NUM, frame, sender_of
from meshbot.simulation.peer import make_peers

OWN_NUM = 77
TIME_S = 1_760_000_000
PEOPLE = make_peers(40)
FRAME_LIMIT = 512
PAYLOAD_LIMIT = 233
Port = portnums_pb2.PortNum


def heard(mix: str, count: int, seed: int = 1) -> list[mesh_pb2.MeshPacket]:
    return CityTraffic(PEOPLE, OWN_NUM, seed).packets(shares_of(mix), count, TIME_S)


def test_a_seed_makes_it_repeatable_and_another_makes_another() -> None:
    assert heard(CITY, 200) == heard(CITY, 200)
    assert heard(CITY, 200) != heard(CITY, 200, seed=2)


def test_no_packet_comes_twice() -> None:
    traffic = CityTraffic(PEOPLE, OWN_NUM, 1)
    first, second = (traffic.packets(shares_of(CITY), 1_000, TIME_S) for _ in range(2))
    assert len({(sender_of(packet), packet.id) for packet in first + second}) == 2_000
    payloads = Counter(
        packet.decoded.payload
        for packet in first + second
        if packet.decoded.portnum in (Port.TELEMETRY_APP, Port.POSITION_APP)
    )
    # A node that stays where it is says so twice within a second at most by chance.
    assert payloads.most_common(1)[0][1] < 20


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_fits_the_air_and_comes_its_way(kind: str) -> None:
    for packet in heard(kind, 50):
        assert len(frame(mesh_pb2.FromRadio(packet=packet))) <= FRAME_LIMIT
        assert len(packet.decoded.payload) <= PAYLOAD_LIMIT
        assert TIME_S - 60 < packet.rx_time <= TIME_S
        way = KINDS[kind].way
        assert packet.HasField("encrypted") == (way in (Way.OTHER_CHANNEL, Way.SEALED_TO_OTHERS))
        assert packet.pki_encrypted == (way is Way.SEALED_TO_US)
        if way in (Way.TO_US, Way.SEALED_TO_US):
            assert packet.to == OWN_NUM
        elif way is not Way.SEALED_TO_OTHERS:
            assert packet.to == BROADCAST_NUM


def test_positions_have_as_many_fields_as_real_ones() -> None:
    """Ten by the default flags of the firmware, and all that there can be."""
    fields = {
        kind: {
            len(mesh_pb2.Position.FromString(packet.decoded.payload).ListFields())
            for packet in heard(kind, 200)
        }
        for kind in ("position", "position, 17 fields")
    }
    assert max(fields["position"]) == 10
    assert max(fields["position, 17 fields"]) == 17


def test_a_node_info_has_a_key() -> None:
    for packet in heard("node info", 20):
        assert len(mesh_pb2.User.FromString(packet.decoded.payload).public_key) == 32


def test_few_speak_much() -> None:
    spoken = Counter(sender_of(packet) for packet in heard(CITY, 5_000))
    busiest = sum(count for _num, count in spoken.most_common(len(PEOPLE) // 10))
    assert busiest > 0.35 * 5_000
    assert len(spoken) >= len(PEOPLE)


def test_mixes_name_kinds_and_are_whole() -> None:
    for mix in (CITY, WORST):
        assert set(MIXES[mix]) <= set(KINDS)
        assert sum(MIXES[mix].values()) == pytest.approx(100)
    assert all(KINDS[kind].way is not Way.SEALED_TO_OTHERS for kind in MIXES[CITY]), (
        "no node hands those to its client"
    )


def test_a_kind_that_is_none_is_refused() -> None:
    with pytest.raises(KeyError):
        heard("gossip", 1)
