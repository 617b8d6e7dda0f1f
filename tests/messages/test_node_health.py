"""How the node is: what its telemetry tells is kept, and noted now and then."""

from types import SimpleNamespace
from typing import cast

import pytest
from meshtastic.protobuf import mesh_pb2, portnums_pb2, telemetry_pb2

from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.messages.heard_packet import BACKLOG_S
from meshbot.messages.node_health import NOTE_INTERVAL_S, NodeHealth
from meshbot.model.cause import Cause
from meshbot.model.link_event import EventKind
from meshbot.model.link_notes import LinkNotes
from meshbot.model.node_metrics import NodeMetrics
from meshbot.text.metrics_text import metrics_text
from tests.support.clock import Clock

OWN, PEER = 0x0C0D0E0F, 0x0A
READY_S = 1_000.0
Metrics = telemetry_pb2.DeviceMetrics
WHOLE = Metrics(battery_level=87, voltage=3.98, channel_utilization=12.5, air_util_tx=1.25)
# As firmware 2.5.20, 2.7.26 and 2.8.0 sent it, built for Linux: without a battery of theirs.
REAL = (
    "123c0d0f0e0d0c15ffffffff22200843121a0d352e086b1213086515000000001ddeddd1402598dbdf3d282d"
    "4800356622dad83d352e086b4803580a7803",
    "12330d0f0e0d0c15ffffffff221e0843121a0d442e086b1213086515000000001d25bf78402536aa843d283c"
    "35e6cc07d24803580a",
)


class Notes(LinkNotes):
    def __init__(self) -> None:
        self.texts: list[str] = []

    def note(
        self,
        kind: EventKind,
        *,
        seconds: float | None = None,
        count: int | None = None,
        text: str = "",
        cause: Cause | None = None,
    ) -> None:
        assert kind is EventKind.METRICS
        self.texts.append(text)


class Bench:
    def __init__(self) -> None:
        self.clock, self.notes = Clock(READY_S + BACKLOG_S), Notes()
        self.health = NodeHealth(self.notes, self.clock)
        self.session = self.new_session()

    @staticmethod
    def new_session() -> SupervisedInterface:
        return cast("SupervisedInterface", SimpleNamespace(own_num=OWN, ready_s=READY_S))

    def hear(self, metrics: Metrics, sender: int = OWN) -> NodeMetrics | None:
        packet = mesh_pb2.MeshPacket(to=0xFFFFFFFF)
        setattr(packet, "from", sender)
        packet.decoded.portnum = portnums_pb2.PortNum.TELEMETRY_APP
        packet.decoded.payload = telemetry_pb2.Telemetry(device_metrics=metrics).SerializeToString()
        return self.health.hear(self.session, packet, self.clock.now_s)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_what_the_node_tells_is_kept(bench: Bench) -> None:
    assert bench.health.latest == NodeMetrics()
    told = bench.hear(WHOLE)
    assert told == bench.health.latest
    assert told is not None
    assert (told.battery_percent, told.channel_percent, told.air_percent) == (87, 12.5, 1.25)
    assert metrics_text(told) == "batterie 87 %, canal occupé 12,5 %, émission 1,2 %"


@pytest.mark.parametrize("frame", REAL)
def test_real_telemetry_is_understood(frame: str, bench: Bench) -> None:
    packet = mesh_pb2.FromRadio.FromString(bytes.fromhex(frame)).packet
    told = bench.health.hear(bench.session, packet, bench.clock.now_s)
    assert told is not None
    assert told.voltage_v is None, "0 V is what a node says that has no battery"
    assert metrics_text(told).startswith("sur secteur, canal occupé ")


def test_the_journal_gets_the_first_of_a_session_and_then_one_in_a_quarter_of_an_hour(
    bench: Bench,
) -> None:
    for _ in range(31):
        bench.hear(WHOLE)
        bench.clock.now_s += NOTE_INTERVAL_S / 15
    assert len(bench.notes.texts) == 3
    bench.session = bench.new_session()
    bench.hear(WHOLE)
    assert len(bench.notes.texts) == 4
    assert NodeMetrics.from_json(bench.notes.texts[0]) == NodeMetrics(87, 3.98, 12.5, 1.25)


def test_what_is_somebody_elses_or_not_told_now_is_left_out(bench: Bench) -> None:
    bench.hear(WHOLE, PEER)
    bench.clock.now_s = READY_S + BACKLOG_S - 0.1
    bench.hear(WHOLE)
    assert bench.health.latest == NodeMetrics()


@pytest.mark.parametrize(
    "nonsense",
    [
        Metrics(),
        Metrics(battery_level=70_000, voltage=-1.0),
        Metrics(channel_utilization=float("nan"), air_util_tx=float("inf")),
        Metrics(channel_utilization=-3.0, air_util_tx=101.0),
    ],
)
def test_what_makes_no_sense_is_not_told(nonsense: Metrics, bench: Bench) -> None:
    assert bench.hear(nonsense) is None
    assert bench.notes.texts == []
    assert metrics_text(bench.health.latest) == ""


@pytest.mark.parametrize(
    ("text", "metrics"),
    [
        ('{"battery": 101, "channel": 3}', NodeMetrics(battery_percent=101, channel_percent=3.0)),
        ('{"battery": "full", "air": -1, "voltage": true}', NodeMetrics()),
        ('{"air": NaN, "channel": 1e999}', NodeMetrics()),
        ("[1]", NodeMetrics()),
        ("nothing", NodeMetrics()),
        ("[" * 100_000, NodeMetrics()),
    ],
)
def test_a_damaged_record_tells_what_makes_sense_of_it(text: str, metrics: NodeMetrics) -> None:
    assert NodeMetrics.from_json(text) == metrics
