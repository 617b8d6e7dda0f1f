"""How far a sender is said to be, over a real socket."""

import pytest

from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.air import wait_text
from tests.support.journal import Journal
from tests.support.quick_bot import BotFactory

COMPLETE = "✅ SYNC COMPLETE"


@pytest.mark.parametrize("command", ["/ping", "/my"])
@pytest.mark.parametrize("sealed", [False, True], ids=["opened by the radio", "opened by the bot"])
@pytest.mark.parametrize(
    ("bitfield", "said"), [(0, "direct"), (3, "direct"), (None, "sauts inconnus")]
)
def test_a_packet_sent_for_no_hop_at_all_comes_from_a_neighbour(
    command: str,
    sealed: bool,
    bitfield: int | None,
    said: str,
    node: SimulatedNode,
    quick_bot: BotFactory,
    journal: Journal,
) -> None:
    """Its hop_start is 0, as of firmware that never said: only the bitfield tells."""
    quick_bot(node)
    journal.wait_for(COMPLETE)
    peer = node.peers[0]
    if sealed:
        node.evict(peer)
    node.hear_text(peer, command, hop_start=0, hop_limit=0, bitfield=bitfield)
    assert wait_text(node, peer.num).endswith(said)
