"""What a terminal shows of the running bot is what its owners know."""

import pytest

from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.air import wait_text
from tests.support.limits import WAIT_S
from tests.support.quick_bot import BotFactory

pytestmark = pytest.mark.slow


def test_the_state_tells_the_link_the_node_and_the_last_command(
    node: SimulatedNode, quick_bot: BotFactory
) -> None:
    bot = quick_bot(node)
    before = bot.live_state()
    assert before.last_message == ""
    peer = node.peers[0]
    assert node.wait_until(lambda n: n.connections_total > 0, WAIT_S)
    node.hear_text(peer, "/ping")
    wait_text(node, peer.num)
    state = bot.live_state()
    assert state.up_s is not None and 0 <= state.up_s < WAIT_S
    assert bot.interface is not None
    assert f"!{bot.interface.own_num:08x}" in state.node
    assert state.nodes == len(node.peers) + 1
    assert state.last_message.endswith(" : ‹/ping›")
    assert peer.node_id in state.last_message
    assert 0 <= state.last_message_s < WAIT_S
    bot.stop()
    assert bot.live_state().up_s is None


def test_without_a_link_it_tells_where_the_node_is_to_be_and_why_it_is_not(
    start_bot: BotFactory,
) -> None:
    bot = start_bot()
    assert bot._link.tried.wait(WAIT_S)
    state = bot.live_state()
    assert state.up_s is None
    assert state.node.startswith("127.0.0.1:")
    assert "connexion refusée" in state.down_cause
    assert (state.nodes, state.waiting) == (0, 0)
