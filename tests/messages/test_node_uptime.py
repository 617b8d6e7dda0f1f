"""The node's uptime is noted once a session, never from what it had kept while nobody was there."""

from typing import cast

import pytest
from meshtastic.protobuf import mesh_pb2, portnums_pb2, telemetry_pb2

from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.messages.heard_packet import BACKLOG_S
from meshbot.messages.node_uptime import NodeUptime
from meshbot.model.cause import Cause
from meshbot.model.link_event import EventKind
from meshbot.model.link_notes import LinkNotes
from tests.support.clock import Clock

OWN, PEER = 0x0C0D0E0F, 0x0A
READY_S = 1_000.0
LATER_S = READY_S + BACKLOG_S
# As firmware 2.5.20, 2.7.26 and 2.8.0 sent it, built for Linux.
REAL = {
    45: "123c0d0f0e0d0c15ffffffff22200843121a0d352e086b1213086515000000001ddeddd1402598dbdf3d282d"
    "4800356622dad83d352e086b4803580a7803",
    60: "12330d0f0e0d0c15ffffffff221e0843121a0d442e086b1213086515000000001d25bf78402536aa843d283c"
    "35e6cc07d24803580a",
    75: "122e0dc796cb4e15ffffffff2219084312150d532e086b120e08651d0ad79740257593d83d284b35d9df956c"
    "4803580a",
}


class Notes(LinkNotes):
    def __init__(self) -> None:
        self.uptimes_s: list[float | None] = []

    def note(
        self,
        kind: EventKind,
        *,
        seconds: float | None = None,
        count: int | None = None,
        text: str = "",
        cause: Cause | None = None,
    ) -> None:
        assert kind is EventKind.UPTIME
        self.uptimes_s.append(seconds)


class FakeInterface:
    def __init__(self, own_num: int = OWN, ready_s: float | None = READY_S) -> None:
        self.own_num = own_num
        self.ready_s = ready_s


class Worker:
    """Hears packets as soon as they come."""

    def __init__(self) -> None:
        self.notes, self.clock = Notes(), Clock(0.0)
        self._uptime = NodeUptime(self.notes, self.clock)

    def hear(
        self,
        packet: mesh_pb2.MeshPacket,
        *,
        interface: FakeInterface,
        at_s: float = LATER_S,
        late_s: float = 0.0,
    ) -> None:
        self.clock.now_s = at_s + late_s
        self._uptime.hear(cast("SupervisedInterface", interface), packet, at_s)


@pytest.fixture
def worker() -> Worker:
    return Worker()


def told(uptime_s: int, sender: int = OWN, *, rssi_dbm: int = 0) -> mesh_pb2.MeshPacket:
    telemetry = telemetry_pb2.Telemetry(
        device_metrics=telemetry_pb2.DeviceMetrics(uptime_seconds=uptime_s)
    )
    packet = mesh_pb2.MeshPacket(to=0xFFFFFFFF, rx_rssi=rssi_dbm)
    setattr(packet, "from", sender)
    packet.decoded.portnum = portnums_pb2.PortNum.TELEMETRY_APP
    packet.decoded.payload = telemetry.SerializeToString()
    return packet


@pytest.mark.parametrize("uptime_s", REAL)
def test_real_telemetry_tells_the_uptime(worker: Worker, uptime_s: int) -> None:
    packet = mesh_pb2.FromRadio.FromString(bytes.fromhex(REAL[uptime_s])).packet
    worker.hear(packet, interface=FakeInterface(getattr(packet, "from")))
    assert worker.notes.uptimes_s == [uptime_s]


def test_it_is_noted_once_a_session_and_again_if_it_fell(worker: Worker) -> None:
    session = FakeInterface()
    for minute, uptime_s in enumerate((500, 560, 620, 15, 75)):
        worker.hear(told(uptime_s), interface=session, at_s=LATER_S + 60 * minute)
    worker.hear(told(800), interface=FakeInterface())
    assert worker.notes.uptimes_s == [500, 15, 800]


def test_the_time_a_packet_waited_counts(worker: Worker) -> None:
    worker.hear(told(500), interface=FakeInterface(), late_s=7.0)
    assert worker.notes.uptimes_s == [507]


def test_what_the_node_may_have_kept_says_nothing(worker: Worker) -> None:
    session = FakeInterface()
    worker.hear(told(9_000), interface=session, at_s=LATER_S - 0.1)
    worker.hear(told(9_600), interface=session, at_s=LATER_S)
    worker.hear(told(9_000), interface=FakeInterface(ready_s=None))
    assert worker.notes.uptimes_s == [9_600]


def test_nothing_else_tells_it(worker: Worker) -> None:
    session = FakeInterface()
    environment = told(0)
    environment.decoded.payload = telemetry_pb2.Telemetry(
        environment_metrics=telemetry_pb2.EnvironmentMetrics(temperature=20.0)
    ).SerializeToString()
    unreadable = told(500)
    unreadable.decoded.payload = b"\x12\x7f\x01"
    text = told(500)
    text.decoded.portnum = portnums_pb2.PortNum.TEXT_MESSAGE_APP
    sealed = told(500)
    sealed.encrypted = b"sealed"
    heard = told(500, rssi_dbm=-90)  # a stranger who claims our number
    for packet in (told(500, PEER), told(0), environment, unreadable, text, sealed, heard):
        worker.hear(packet, interface=session)
    worker.hear(told(500, 0), interface=FakeInterface(own_num=0))
    assert worker.notes.uptimes_s == []
