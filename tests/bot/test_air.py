"""The air, as the bot reckons it and as the node has it, over a real socket."""

import pytest
from meshtastic.protobuf import config_pb2

from main_bot import MeshBot
from meshbot.link.node_facts import lora_settings_of
from meshbot.messages import node_uptime
from meshbot.messages.air_budget import AirBudget
from meshbot.messages.air_limit import AirLimit
from meshbot.model.known_node import BROADCAST_NUM
from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.air import wait_text
from tests.support.journal import Journal
from tests.support.limits import WAIT_S
from tests.support.quick_bot import BotFactory

pytestmark = pytest.mark.slow

Preset = config_pb2.Config.LoRaConfig.ModemPreset
Region = config_pb2.Config.LoRaConfig.RegionCode
COMPLETE = "SYNC COMPLETE"


@pytest.mark.parametrize(
    ("preset", "region"),
    [
        (Preset.LONG_FAST, Region.EU_868),
        (Preset.LONG_SLOW, Region.US),
        (Preset.SHORT_TURBO, Region.LORA_24),
    ],
)
@pytest.mark.parametrize("command", ["/ping", "/my"])
def test_a_reply_costs_what_the_node_spends_on_it(
    node: SimulatedNode,
    quick_bot: BotFactory,
    journal: Journal,
    preset: Preset.ValueType,
    region: Region.ValueType,
    command: str,
) -> None:
    node.modem_preset, node.region = preset, region
    bot = quick_bot(node)
    journal.wait_for(COMPLETE)
    node.hear_text(node.peers[0], command)
    reply = wait_text(node, node.peers[0].num)
    interface = bot.interface
    assert interface is not None
    lora = lora_settings_of(interface.localNode.localConfig)
    assert AirBudget.cost_s(lora, len(reply.encode()), sealed=True) == pytest.approx(
        node.air_used_s
    )


@pytest.mark.parametrize("firmware", ["2.7.26", "2.8.0"])
def test_a_reply_to_all_costs_the_signature_too_that_the_node_adds(
    firmware: str, quick_bot: BotFactory, journal: Journal
) -> None:
    with SimulatedNode(firmware=firmware) as node:
        bot = quick_bot(node, environment={"MESHBOT_ANSWER_CHANNELS": "0"})
        journal.wait_for(COMPLETE)
        node.hear_text(node.peers[0], "/ping", to=BROADCAST_NUM)
        wait_text(node, BROADCAST_NUM)
        journal.wait_for("💬 Envoyé à tous")
        air = bot._conversation._air
        assert node.wait_until(lambda _: air.used_percent()[0] > 0, WAIT_S)
        assert air.used_percent()[0] * 36 == pytest.approx(node.air_used_s, abs=1e-4)


def test_the_budget_knows_the_region_from_the_handshake_on(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    node.region = Region.UA_868
    bot = quick_bot(node)
    journal.wait_for(COMPLETE)
    assert bot._conversation._air.limit_percent(AirLimit.TOTAL) == 0.5


def test_the_budget_learns_from_the_nodes_own_telemetry(
    node: SimulatedNode,
    quick_bot: BotFactory,
    journal: Journal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(node_uptime, "BACKLOG_S", 0.0)
    node.telemetry_interval_s = 0.2
    bot = quick_bot(node)
    journal.wait_for(COMPLETE)
    node.air_util_tx = 9.5
    wait_for_limit(bot, node, AirLimit.NODE)
    node.air_util_tx = 0.1
    wait_for_limit(bot, node, None)


def wait_for_limit(bot: MeshBot, node: SimulatedNode, limit: AirLimit | None) -> None:
    """Wait until this is what keeps a text off the air."""
    budget = bot._conversation._air
    assert node.wait_until(lambda _: budget.limit_on(1.0, stranger=False) is limit, WAIT_S)
