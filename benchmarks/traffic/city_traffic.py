"""The traffic itself: packets as a node hands them to its client, none like another."""

import itertools
import random
from collections.abc import Mapping, Sequence

from meshtastic.protobuf import mesh_pb2

from benchmarks.traffic.kinds import KINDS
from benchmarks.traffic.occasion import Occasion
from benchmarks.traffic.packet_kind import PacketKind, Way
from meshbot.simulation.packets import BROADCAST_NUM, set_sender
from meshbot.simulation.peer import SimulatedPeer

_Transport = mesh_pb2.MeshPacket.TransportMechanism
_HOP_STARTS = (3, 3, 3, 4, 5, 6, 7, 7)
SPREAD_S = 60
TAG_BYTES = 12
"""What a sealed message is longer than its content: tag and extra nonce."""
MQTT_SHARE = 0.2
"""An assumption: how much of it came over the internet."""


class CityTraffic:
    """What a mesh says to one node. The same seed and times make the same packets.

    The nth most talkative speaks a nth as often as the first: an assumption, no statistics were
    found; what is told everywhere is that few nodes bring most of it.
    """

    def __init__(self, people: Sequence[SimulatedPeer], own_num: int, seed: int) -> None:
        """Let ``people`` speak, to the node ``own_num``."""
        self._own_num = own_num
        self._chance = random.Random(seed)
        self._people = list(people)
        self._chance.shuffle(self._people)
        self._weights = list(
            itertools.accumulate(1 / rank for rank in range(1, len(self._people) + 1))
        )

    def packets(
        self, shares: Mapping[str, float], count: int, time_s: int
    ) -> list[mesh_pb2.MeshPacket]:
        """Return so many new packets of these kinds, of the minute before ``time_s`` (since 1970).

        Raises ``KeyError`` for a kind that is none.
        """
        names = self._chance.choices(list(shares), list(shares.values()), k=count)
        return [
            self._packet(KINDS[name], time_s - self._chance.randrange(SPREAD_S)) for name in names
        ]

    def _packet(self, kind: PacketKind, time_s: int) -> mesh_pb2.MeshPacket:
        speaker = self._chance.choices(self._people, cum_weights=self._weights)[0]
        occasion = Occasion(speaker, self._people, self._own_num, time_s, self._chance)
        data = kind.content(occasion)
        if kind.way is Way.FROM_OUR_NODE:
            return self._own_packet(data, time_s)
        packet = self._heard(speaker, time_s)
        packet.to = self._receiver(kind.way)
        if kind.way is Way.OTHER_CHANNEL:
            packet.channel = self._chance.randrange(1, 256)
            packet.encrypted = self._chance.randbytes(data.ByteSize())
        elif kind.way is Way.SEALED_TO_OTHERS:
            packet.encrypted = self._chance.randbytes(data.ByteSize() + TAG_BYTES)
        else:
            packet.decoded.CopyFrom(data)
        if kind.way is Way.SEALED_TO_US:
            packet.pki_encrypted = True
            packet.public_key = speaker.public_key
            packet.want_ack = True
        return packet

    def _receiver(self, way: Way) -> int:
        if way in (Way.TO_ALL, Way.OTHER_CHANNEL):
            return BROADCAST_NUM
        if way is Way.SEALED_TO_OTHERS:
            return self._chance.choice(self._people).num
        return self._own_num

    def _heard(self, speaker: SimulatedPeer, time_s: int) -> mesh_pb2.MeshPacket:
        """Return what ``RadioLibInterface.cpp`` fills in, or the way by MQTT."""
        chance = self._chance
        hop_start = chance.choice(_HOP_STARTS)
        via_mqtt = chance.random() < MQTT_SHARE
        packet = mesh_pb2.MeshPacket(
            id=chance.getrandbits(32),
            rx_time=time_s,
            hop_start=hop_start,
            hop_limit=max(0, hop_start - speaker.hops_away),
            relay_node=chance.randrange(1, 256),
            via_mqtt=via_mqtt,
            transport_mechanism=(
                _Transport.TRANSPORT_MQTT if via_mqtt else _Transport.TRANSPORT_LORA
            ),
        )
        if not via_mqtt:
            packet.rx_snr = speaker.snr_db + chance.randrange(-8, 9) / 4
            packet.rx_rssi = speaker.rssi_dbm + chance.randrange(-6, 7)
        set_sender(packet, speaker.num)
        return packet

    def _own_packet(self, data: mesh_pb2.Data, time_s: int) -> mesh_pb2.MeshPacket:
        packet = mesh_pb2.MeshPacket(
            to=BROADCAST_NUM,
            decoded=data,
            id=self._chance.getrandbits(32),
            rx_time=time_s,
            hop_limit=3,
            priority=mesh_pb2.MeshPacket.Priority.BACKGROUND,
        )
        set_sender(packet, self._own_num)
        return packet
