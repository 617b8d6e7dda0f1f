"""How long the simulated node is on the air, what it says of it, and when its region says stop."""

import pytest
from meshtastic.protobuf import config_pb2, mesh_pb2, telemetry_pb2

from meshbot.simulation.settings import SimulatedSettings
from meshbot.simulation.simulated_node import SimulatedNode
from tests.simulation.client import LIMIT_S, Client, NodeMaker, Port, ready_client
from tests.support.clock import Clock

Region = config_pb2.Config.LoRaConfig.RegionCode
Preset = config_pb2.Config.LoRaConfig.ModemPreset
Error = mesh_pb2.Routing.Error
TEXT = "x" * 100
# 16 + 2 + 102 + 2 + 12 bytes: 25 blocks of 5 symbols behind 28.25, each of 8.192 ms.
LONG_FAST_S = 153.25 * 8.192e-3
# The same bytes: 39 blocks of 5 symbols, each of 0.512 ms.
SHORT_FAST_S = 223.25 * 0.512e-3


def send(client: Client, node: SimulatedNode, packet_id: int = 1) -> mesh_pb2.QueueStatus:
    client.send_text(TEXT, node.peer(0).num, packet_id, want_ack=True)
    return client.read_status()


@pytest.mark.parametrize(
    ("preset", "spent_s"), [(Preset.LONG_FAST, LONG_FAST_S), (Preset.SHORT_FAST, SHORT_FAST_S)]
)
def test_a_text_takes_the_time_of_its_bytes(
    node: SimulatedNode, preset: Preset.ValueType, spent_s: float
) -> None:
    node.modem_preset = preset
    with ready_client(node) as client:
        assert send(client, node).res == 0
        assert node.air_used_s == pytest.approx(spent_s)


def test_a_text_that_nobody_confirms_takes_it_three_times(node: SimulatedNode) -> None:
    node.retransmit_s = 0.3
    node.set_reachable(node.peer(0), False)
    with ready_client(node) as client:
        send(client, node)
        given_up = client.read_packet()
        assert given_up.decoded.request_id == 1
        assert node.air_used_s == pytest.approx(3 * LONG_FAST_S)


def test_its_own_acknowledgements_are_not_its_clients_texts(node: SimulatedNode) -> None:
    with ready_client(node) as client:
        node.hear_text(node.peer(0), "ping")
        client.read_packet()
    assert node.own_packets_on_air
    assert node.air_used_s == 0.0
    assert node.air_used_by_all_s > 0.0


def test_its_telemetry_tells_what_it_sent_and_what_others_did(make_node: NodeMaker) -> None:
    clock = Clock(1_000.0)
    node = make_node(peers=1, text_spacing_s=0.0, clock=clock)
    node.air_util_tx, node.channel_utilization = 3.0, 10.0
    with ready_client(node) as client:
        send(client, node)
        assert node.wait_until(lambda n: n.air_used_s > 0, LIMIT_S)
        clock.now_s += 61.0
        metrics = told_metrics(client)
    assert metrics.air_util_tx == pytest.approx(3.0 + LONG_FAST_S / 36, abs=0.02)
    # The text is more than a minute old.
    assert 10.0 <= metrics.channel_utilization < 10.0 + 2.0


def told_metrics(client: Client) -> telemetry_pb2.DeviceMetrics:
    """Read until the node says how it is."""
    while True:
        message = client.read()
        if message.packet.decoded.portnum == Port.TELEMETRY_APP:
            return telemetry_pb2.Telemetry.FromString(message.packet.decoded.payload).device_metrics


def test_the_channel_is_as_busy_as_what_is_sent_and_heard(node: SimulatedNode) -> None:
    air_time = node._api.radio.air_time
    before = air_time.channel_percent
    with ready_client(node) as client:
        send(client, node)
        sent = node.read(lambda _: air_time.channel_percent)
        node.hear_telemetry(node.peer(0))
        heard = node.read(lambda _: air_time.channel_percent)
    assert sent == pytest.approx(before + 100 * LONG_FAST_S / 60, rel=0.2)
    assert heard > sent


def test_a_region_allows_so_much_an_hour_and_then_again(make_node: NodeMaker) -> None:
    clock = Clock(7_200.0)
    node = make_node(peers=1, text_spacing_s=0.0, clock=clock)
    node.region, node.air_util_tx = Region.UA_868, 0.0
    node.hears_relays, node.ack_delay_s = False, 1e6
    with ready_client(node) as client:
        statuses = [send(client, node, packet_id) for packet_id in range(1, 31)]
        # A percent are 36 s; the one that goes over it is still sent (Router.cpp).
        assert [status.res for status in statuses[:29]] == [0] * 29
        assert statuses[29].res == Error.DUTY_CYCLE_LIMIT
        assert client.read().clientNotification.message.endswith("again in 60 mins")
        assert node.air_used_s == pytest.approx(29 * LONG_FAST_S)
        client.read_packet()
        clock.now_s += 3_600.0
        told = send_again(client, node)
        assert told.res == 0


def send_again(client: Client, node: SimulatedNode) -> mesh_pb2.QueueStatus:
    """Send a text; read over what else the node has to say after an hour."""
    client.send_text(TEXT, node.peer(0).num, 99, want_ack=True)
    while True:
        message = client.read()
        if message.queueStatus.mesh_packet_id == 99:
            return message.queueStatus


@pytest.mark.parametrize(
    "settings",
    [
        {"region": Region.US},
        {"override_duty_cycle": True},
    ],
)
def test_where_nothing_limits_it_it_goes_on(
    node: SimulatedNode, settings: dict[str, object]
) -> None:
    node.air_util_tx = 50.0
    for name, value in settings.items():
        setattr(node, name, value)
    with ready_client(node) as client:
        assert send(client, node).res == 0


def test_what_it_relays_counts_as_well(node: SimulatedNode) -> None:
    node.air_util_tx = 10.5
    with ready_client(node) as client:
        assert send(client, node).res == Error.DUTY_CYCLE_LIMIT
        assert client.read().clientNotification.message.endswith("again in 60 mins")
        client.read_packet()
        node.hear_text(node.peer(0), "no acknowledgement of it goes out")
    assert node.own_packets_on_air == []


def test_each_packet_can_take_its_time(make_node: NodeMaker) -> None:
    clock = Clock(1_000.0)
    node = make_node(peers=1, text_spacing_s=0.0, clock=clock)
    node.takes_air_time = True
    with ready_client(node) as client:
        # Both are queued at once, and go one after the other.
        assert [send(client, node, packet_id).res for packet_id in (1, 2)] == [0, 0]
        assert node.packets_on_air == []
        clock.now_s += LONG_FAST_S + 1e-3
        assert node.wait_until(lambda n: len(n.packets_on_air) == 1, LIMIT_S)
        clock.now_s += LONG_FAST_S + 1e-3
        assert node.wait_until(lambda n: len(n.packets_on_air) == 2, LIMIT_S)
    assert node.air_used_s == pytest.approx(2 * LONG_FAST_S)


def test_a_broadcast_that_2_8_signs_takes_longer(make_node: NodeMaker) -> None:
    spent_s = []
    for firmware in ("2.7.26", "2.8.0"):
        node = make_node(peers=1, firmware=firmware, text_spacing_s=0.0)
        with ready_client(node) as client:
            client.send_text(TEXT)
            assert node.wait_until(lambda n: len(n.texts_on_air) == 1, LIMIT_S)
            spent_s.append(node.air_used_s)
    # 122 bytes are 23 blocks, 66 more make 35.
    assert spent_s == pytest.approx([143.25 * 8.192e-3, 203.25 * 8.192e-3])


def test_the_settings_tell_the_preset(node: SimulatedNode) -> None:
    node.modem_preset = Preset.SHORT_TURBO
    with Client(node) as client:
        lora = next(f.config.lora for f in client.handshake() if f.config.HasField("lora"))
    assert (lora.use_preset, lora.modem_preset) == (True, Preset.SHORT_TURBO)


def test_the_settings_as_they_come_are_those_of_a_new_node() -> None:
    settings = SimulatedSettings()
    assert (settings.modem_preset, settings.override_duty_cycle) == (Preset.LONG_FAST, False)
