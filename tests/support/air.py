"""What the simulated node sent on the air."""

from collections.abc import Callable

from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.limits import WAIT_S


def texts_to(node: SimulatedNode, num: int) -> list[str]:
    """Return the texts that the node sent on the air to ``num``."""
    return node.read(lambda n: [text.text for text in n.texts_on_air if text.to == num])


def wait_text(
    node: SimulatedNode, to: int, wanted: Callable[[str], bool] = bool, times: int = 1
) -> str:
    """Return the last of the texts wanted that reached ``to``; fail if they do not come."""

    def found(_: SimulatedNode) -> bool:
        return sum(wanted(text) for text in texts_to(node, to)) >= times

    assert node.wait_until(found, WAIT_S), texts_to(node, to)
    return [text for text in texts_to(node, to) if wanted(text)][-1]
