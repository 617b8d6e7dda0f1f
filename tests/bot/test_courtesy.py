"""The operator's own tools on the node's one place: the stock client works while the bot runs.

The bot has its default constants but for how it counts a success; the tools are programs of their
own, as an operator starts them.
"""

import socket
import subprocess
import sys
import time
from collections.abc import Sequence

import pytest

from main_bot import MeshBot
from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.journal import Journal
from tests.support.limits import LATE_S, PROGRAM_S, WAIT_S
from tests.support.quick_bot import BotFactory

pytestmark = pytest.mark.slow

COMPLETE = "✅ SYNC COMPLETE"
RECONNECTED = "✅ Reconnexion TCP réussie (background)"
BACK_S = 6.0
ASKS_AND_STAYS = """
import sys
from meshtastic.tcp_interface import TCPInterface

client = TCPInterface("127.0.0.1", portNumber=int(sys.argv[1]))
print("connected", flush=True)
sys.stdin.readline()
client.localNode.removeNode(sys.argv[2])
client.close()
print("done")
"""


def start(*arguments: str) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    command = [sys.executable, *arguments]
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def requests(node: SimulatedNode) -> list[int]:
    return node.read(lambda n: list(n.config_requests))


@pytest.fixture
def bot(node: SimulatedNode, start_bot: BotFactory, journal: Journal) -> MeshBot:
    """A bot that has its link, and is as courteous as it is by default."""
    started = start_bot(
        node,
        TCP_COURTESY_PAUSE=MeshBot.TCP_COURTESY_PAUSE,
        TCP_INTERFACE_STABILIZATION_DELAY=MeshBot.TCP_INTERFACE_STABILIZATION_DELAY,
        TCP_LASTING_SESSION=MeshBot.TCP_LASTING_SESSION,
    )
    journal.wait_for(COMPLETE)
    return started


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--info"], "Connected to radio"),
        (["--nodes"], "Connected to radio"),
        (["--remove-node", "!0badcafe"], "Connected to radio"),
        (["--set-owner", "Nouveau nom"], "Setting device owner to Nouveau nom"),
    ],
    ids=lambda given: given[0] if isinstance(given, list) else "",
)
def test_a_command_of_the_stock_client_runs_to_its_end(
    bot: MeshBot,
    node: SimulatedNode,
    journal: Journal,
    arguments: Sequence[str],
    says: str,
) -> None:
    admin = node.admin_requests_received
    tool = start("-m", "meshtastic", "--host", f"127.0.0.1:{node.port}", *arguments)
    said, _ = tool.communicate(timeout=PROGRAM_S)
    ended_s = time.monotonic()
    assert tool.returncode == 0
    assert says in said
    if arguments[0] in ("--remove-node", "--set-owner"):
        assert node.wait_until(lambda n: n.admin_requests_received > admin, WAIT_S)
    assert journal.time_of(RECONNECTED) - ended_s < BACK_S + LATE_S
    assert len(requests(node)) == 3, "the bot, the tool, the bot: nobody disturbed the other"
    line = journal.wait_for("Liaison TCP perdue")
    assert line.endswith("nouvel essai dans 2 s (quelqu'un utilise peut-être le nœud)")
    assert journal.count("un autre client") == 0


def test_a_client_that_works_for_two_seconds_is_not_disturbed(
    bot: MeshBot, node: SimulatedNode, journal: Journal
) -> None:
    tool = start("-c", ASKS_AND_STAYS, str(node.port), "!0badcafe")
    assert tool.stdout is not None
    assert tool.stdout.readline() == "connected\n"
    lost_s = journal.time_of("Liaison TCP perdue")
    # As long as its session may be, the time it took to say so left out.
    node.wait_until(lambda n: False, 2.0 - (time.monotonic() - lost_s))
    assert len(requests(node)) == 2
    said, errors = tool.communicate("go\n", timeout=PROGRAM_S)
    assert (tool.returncode, said, errors) == (0, "done\n", "")
    ended_s = time.monotonic()
    assert node.admin_requests_received > 0
    assert journal.time_of(RECONNECTED) - ended_s < BACK_S
    assert len(requests(node)) == 3


def test_two_commands_one_after_another_are_left_alone_as_well(
    bot: MeshBot, node: SimulatedNode, journal: Journal
) -> None:
    """The second comes on a session that has not lasted."""
    for count in range(1, 3):
        tool = start("-m", "meshtastic", "--host", f"127.0.0.1:{node.port}", "--info")
        tool.communicate(timeout=PROGRAM_S)
        assert tool.returncode == 0
        journal.wait_for(RECONNECTED, times=count)
    assert len(requests(node)) == 5


def test_a_command_that_comes_while_the_link_is_made_again_is_left_alone_too(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    """A real node takes a second or more for a handshake, and the second command falls into it."""
    courtesy_s = 1.5
    start_bot(node, TCP_COURTESY_PAUSE=courtesy_s)
    journal.wait_for(COMPLETE)
    node.frame_interval_s = 0.3
    with socket.create_connection(("127.0.0.1", node.port)):
        journal.wait_for("Liaison TCP perdue")
    assert node.wait_until(lambda n: len(n.config_requests) == 2, WAIT_S)
    assert node.wait_until(lambda n: n.frames_sent_this_connection >= 2, WAIT_S)
    with socket.create_connection(("127.0.0.1", node.port)):
        taken_s = time.monotonic()
        assert node.wait_until(lambda n: len(n.config_requests) == 3, WAIT_S)
        assert time.monotonic() - taken_s >= courtesy_s
