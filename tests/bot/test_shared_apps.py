"""The shared node as phone apps see it, played with their two stages, heartbeats and questions."""

from collections.abc import Callable
from typing import Any

import pytest

from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.app_client import AppClient
from tests.support.app_manner import ANDROID, IOS, AppManner
from tests.support.journal import Journal
from tests.support.limits import WAIT_S
from tests.support.quick_bot import BotFactory
from tests.support.unused_port import unused_port

pytestmark = pytest.mark.slow

MANNERS = pytest.mark.parametrize("manner", [ANDROID, IOS], ids=lambda manner: manner.name)


@pytest.fixture
def port() -> int:
    return unused_port()


def share(
    bot: BotFactory, node: SimulatedNode, port: int, journal: Journal, **changes: Any
) -> None:
    bot(node, environment={"MESHBOT_SHARE_PORT": str(port)}, **changes)
    journal.wait_for("✅ SYNC COMPLETE")


@MANNERS
@pytest.mark.parametrize("firmware", ["2.5.20", "2.7.26", "2.8.0"])
def test_an_app_is_content_with_the_bot_as_with_a_node(
    quick_bot: BotFactory, port: int, journal: Journal, manner: AppManner, firmware: str
) -> None:
    with SimulatedNode(peers=5, firmware=firmware) as node:
        share(quick_bot, node, port, journal)
        with AppClient("127.0.0.1", port, manner) as app:
            assert app.own_num == node.num
            assert {peer.num for peer in node.peers} < app.nodes.keys()
            packet_id = app.send_text("bonjour", node.peer(0).num)
            assert app.wait_status(packet_id) in {0, 35}
            assert app.wait_routing(packet_id) == 0
            node.hear_text(node.peer(1), "salut")
            assert app.wait_text("salut") is not None
            app.check()


Fault = Callable[[SimulatedNode], object]
FAULTS: dict[str, Fault] = {
    "reboots": lambda node: node.reboot(0.2),
    "crashes": lambda node: node.crash(0.2),
    "closes": lambda node: node.close_by_fin(),
}


@MANNERS
@pytest.mark.parametrize("fault", FAULTS)
def test_an_app_never_notices_what_its_node_does(
    node: SimulatedNode,
    quick_bot: BotFactory,
    port: int,
    journal: Journal,
    manner: AppManner,
    fault: str,
) -> None:
    share(quick_bot, node, port, journal, TCP_HEARTBEAT_INTERVAL=0.3)
    with AppClient("127.0.0.1", port, manner) as app:
        FAULTS[fault](node)
        journal.wait_for("Reconnexion TCP réussie")
        node.hear_text(node.peer(1), "après")
        assert app.wait_text("après") is not None
        packet_id = app.send_text("encore là", node.peer(0).num)
        assert app.wait_routing(packet_id) == 0
        app.check()
        assert node.wait_until(lambda seen: seen.max_connections_open == 1, WAIT_S)
