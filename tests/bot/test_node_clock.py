"""Commands of a node whose clock is wrong, over a real socket."""

import time
from types import SimpleNamespace

import pytest

from meshbot.messages.node_clock import FIRST_SET_TIME
from meshbot.simulation import config_frames, mesh
from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.air import texts_to, wait_text
from tests.support.journal import Journal
from tests.support.quick_bot import BotFactory

pytestmark = pytest.mark.slow

COMPLETE = "✅ SYNC COMPLETE"
RECONNECTED = "✅ Reconnexion TCP réussie"
HOUR = 3_600
CLOCKS = {
    "right": 0,
    "an hour slow": -HOUR,
    "an hour fast": HOUR,
    "in 1970": -1_790_000_000,
    "in 2036": 310_000_000,
}


class NodeTime(SimpleNamespace):
    """The time by the nodes' clocks."""

    offset_s: int = 0

    def time(self) -> float:
        return max(time.time() + self.offset_s, 1.0)


@pytest.fixture
def node_time(monkeypatch: pytest.MonkeyPatch) -> NodeTime:
    """Have the nodes' clocks tell another time than ours."""
    node_time = NodeTime()
    for module in (mesh, config_frames):
        monkeypatch.setattr(module, "time", node_time)
    return node_time


@pytest.mark.parametrize("offset_s", CLOCKS.values(), ids=CLOCKS)
def test_what_is_heard_live_right_after_the_start_is_answered(
    offset_s: int,
    node_time: NodeTime,
    node: SimulatedNode,
    quick_bot: BotFactory,
    journal: Journal,
) -> None:
    node_time.offset_s = offset_s
    quick_bot(node)
    journal.wait_for(COMPLETE)
    node.hear_text(node.peers[0], "/ping")
    wait_text(node, node.peers[0].num)


@pytest.mark.parametrize("offset_s", CLOCKS.values(), ids=CLOCKS)
@pytest.mark.parametrize("first", [True, False], ids=["first session", "back again"])
def test_of_what_was_kept_only_the_old_is_left_unanswered(
    first: bool,
    offset_s: int,
    node_time: NodeTime,
    node: SimulatedNode,
    quick_bot: BotFactory,
    journal: Journal,
) -> None:
    """An hour old on the first day; in an absence of a moment nothing can be that old."""
    node_time.offset_s = offset_s
    old, fresh = node.peers[:2]
    if first:
        keep_two(node, node_time)
        quick_bot(node)
    else:
        quick_bot(node)
        journal.wait_for(COMPLETE)
        node.refuse_for(None)
        journal.wait_for("reconnexion")
        keep_two(node, node_time)
        node.accept_again()
    wait_text(node, fresh.num)
    # No clock that was never set says how old a packet is, nor is it certain where ours differs.
    dated = first and node_time.time() > FIRST_SET_TIME and offset_s != HOUR
    assert texts_to(node, old.num) == [] if dated else wait_text(node, old.num)
    assert journal.count("ignorée, vieille de") == dated


def keep_two(node: SimulatedNode, node_time: NodeTime) -> None:
    """Have the node keep a command from an hour ago, and one from now."""
    now = int(node_time.time())
    node.hear_text(node.peers[0], "/ping", rx_time=max(now - HOUR, 1))
    node.hear_text(node.peers[1], "/ping", rx_time=now)


def test_what_an_outage_made_old_is_not_answered(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    """Kept for longer than a command is answered, by a node whose clock runs as ours."""
    quick_bot(node, MESSAGE_MAX_AGE=1.0)
    journal.wait_for(COMPLETE)
    node.refuse_for(None)
    journal.wait_for("reconnexion")
    node.hear_text(node.peers[0], "/ping", rx_time=int(time.time()) - 30)
    node.hear_text(node.peers[1], "/ping")
    node.accept_again()
    wait_text(node, node.peers[1].num)
    assert journal.count("ignorée, vieille de") == 1
    assert texts_to(node, node.peers[0].num) == []


@pytest.mark.parametrize("jump_s", [-HOUR, HOUR, 10 * HOUR])
def test_a_clock_that_is_set_while_we_are_away_costs_no_command(
    jump_s: int,
    node_time: NodeTime,
    node: SimulatedNode,
    quick_bot: BotFactory,
    journal: Journal,
) -> None:
    quick_bot(node, MESSAGE_MAX_AGE=5.0)
    journal.wait_for(COMPLETE)
    node.refuse_for(None)
    journal.wait_for("reconnexion")
    node.hear_text(node.peers[0], "/ping")
    node_time.offset_s = jump_s
    node.hear_text(node.peers[1], "/ping")
    node.accept_again()
    for peer in node.peers[:2]:
        wait_text(node, peer.num)


def test_a_clock_that_is_set_within_a_session_costs_no_command(
    node_time: NodeTime, node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    """Back in time, by a client or a GPS, between the handshake and the commands."""
    node_time.offset_s = HOUR
    quick_bot(node)
    journal.wait_for(COMPLETE)
    node.wait_until(lambda n: False, 1.2)  # the burst is over
    node_time.offset_s = 0
    for peer in node.peers[:2]:
        node.hear_text(peer, "/ping")
        wait_text(node, peer.num)
    node.close_by_fin()
    journal.wait_for(RECONNECTED)
    node.hear_text(node.peers[2], "/ping")
    wait_text(node, node.peers[2].num)
