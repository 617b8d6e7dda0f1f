"""What a reply tells is so when it is sent, over a real socket."""

import pytest

from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.air import texts_to, wait_text
from tests.support.journal import Journal
from tests.support.quick_bot import BotFactory

pytestmark = pytest.mark.slow

COMPLETE = "✅ SYNC COMPLETE"


@pytest.mark.slow
def test_the_state_of_the_link_is_that_of_when_it_is_told(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    quick_bot(node, TEXT_INTERVAL=2.5)
    journal.wait_for(COMPLETE)
    first, second = node.peers[:2]
    node.hear_text(first, "/ping")
    node.hear_text(second, "/tcp")  # heard when the link is a moment old
    reply = wait_text(node, second.num)
    assert not reply.startswith(("Liaison établie depuis 0 s", "Liaison établie depuis 1 s"))


def test_a_reply_that_waited_for_the_link_knows_that_it_was_lost(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    quick_bot(node, TEXT_INTERVAL=1.0)
    journal.wait_for(COMPLETE)
    first, second = node.peers[:2]
    node.hear_text(first, "/ping")
    wait_text(node, first.num)
    node.hear_text(second, "/tcp")
    journal.wait_for("📩", times=2)
    node.close_by_fin()
    journal.wait_for("✅ Reconnexion TCP réussie")
    assert "\nRétablie 1 fois en 1 h" in wait_text(node, second.num)
    assert len(texts_to(node, second.num)) == 1


def test_an_order_is_obeyed_though_no_reply_can_be_sent(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    admin = node.peers[0]
    quick_bot(node, environment={"MESHBOT_ADMIN_NODES": admin.node_id})
    journal.wait_for(COMPLETE)
    node.fill_queue()
    node.hear_text(node.peers[1], "/ping")
    node.hear_text(admin, "/tcp reconnect")
    journal.wait_for("🛠️ Ordre de")
    assert node.read(lambda n: not n.texts_on_air)
    node.free_queue()
    assert wait_text(node, admin.num) == "Liaison refaite à votre demande."


def test_a_reply_that_waited_for_room_in_the_node_is_of_then(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    quick_bot(node)
    journal.wait_for(COMPLETE)
    node.fill_queue()
    node.hear_text(node.peers[0], "/tcp")
    journal.wait_for("📩")
    node.wait_until(lambda n: False, 1.1)
    node.free_queue()
    assert not wait_text(node, node.peers[0].num).startswith("Liaison établie depuis 0 s")
