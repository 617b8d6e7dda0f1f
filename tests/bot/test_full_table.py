"""More names than the table holds, over a real socket; and the end in the midst of very many."""

import random
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from meshtastic.protobuf import mesh_pb2

from main_bot import MeshBot
from meshbot.model.known_node import KnownNode, node_id
from meshbot.simulation import packets
from meshbot.simulation.peer import SimulatedPeer, make_peers
from meshbot.simulation.simulated_node import SimulatedNode
from meshbot.store.database import Database
from meshbot.store.node_store import NodeStore
from tests.support.air import wait_text
from tests.support.journal import Journal
from tests.support.program import Program
from tests.support.quick_bot import BotFactory

pytestmark = pytest.mark.slow

MOST = 200
END_S = 5.0


def made_up(first: int, count: int) -> list[mesh_pb2.MeshPacket]:
    """Return NodeInfos of numbers that nobody has."""
    chance = random.Random(first)
    heard = []
    for num in range(first, first + count):
        user = mesh_pb2.User(
            id=node_id(num), long_name=f"Inventé {num}", public_key=chance.randbytes(32)
        )
        packet = mesh_pb2.MeshPacket(
            to=packets.BROADCAST_NUM,
            id=num,
            rx_snr=1.0,
            rx_rssi=-90,
            decoded=packets.node_info_data(user.SerializeToString()),
        )
        packets.set_sender(packet, num)
        heard.append(packet)
    return heard


def newcomer() -> SimulatedPeer:
    return make_peers(1, seed=99)[0]


def test_names_without_end_leave_those_of_the_radio_and_a_newcomer_is_answered(
    start_bot: BotFactory, node: SimulatedNode, journal: Journal
) -> None:
    bot = start_bot(node, NODES_MAX=MOST)
    journal.wait_for("SYNC COMPLETE")
    node.hear_all(made_up(0x10000000, 3_000))
    peer = newcomer()
    node.hear_node_info(peer)
    journal.wait_for(f"🧹 Table pleine (NODES_MAX={MOST})")
    node.hear_text(peer, "/ping")
    assert wait_text(node, peer.num)
    assert bot.node_manager.public_key(peer.num) == peer.public_key
    known = [one for one in node.peers if bot.node_manager.public_key(one.num) == one.public_key]
    assert len(known) == len(node.peers) == 13
    bot.node_manager.save_heard()
    assert len(NodeStore(bot._store.database).load_nodes()) <= MOST


# -- The end, in the midst of very many ------------------------------------------------------------


@pytest.fixture(scope="module")
def flooded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store as version 0.1.0 left it after a flood of names."""
    chance = random.Random(1)
    database = Database(tmp_path_factory.mktemp("flooded") / "bot.db")
    database.open()
    NodeStore(database).save_nodes(
        KnownNode(
            0x10000000 + number,
            f"Inventé {number}",
            public_key=chance.randbytes(32),
            last_heard=1_700_000_000 + number // 100,
        )
        for number in range(30_000)
    )
    database.close()
    return database.path


def ends_in_time(program: Program) -> None:
    sent_s = time.monotonic()
    program.process.send_signal(signal.SIGTERM)
    assert program.finish() == 0
    assert time.monotonic() - sent_s < END_S
    assert not [line for line in program.lines if "Traceback" in line]


@pytest.fixture
def run_on(run: Callable[..., Program], node: SimulatedNode) -> Callable[..., Program]:
    """Start the program on the node."""
    site = {"CONNECTION_MODE": "tcp", "TCP_HOST": "127.0.0.1", "TCP_PORT": str(node.port)}
    return lambda **settings: run(**site, LOG_LEVEL="DEBUG", **settings)


def test_the_end_comes_in_time_while_entries_of_the_nodes_database_come_without_end(
    run_on: Callable[..., Program], node: SimulatedNode
) -> None:
    program = run_on(NODES_MAX="1000")
    program.wait_line("SYNC COMPLETE")
    frames = [
        packets.frame(mesh_pb2.FromRadio(node_info=mesh_pb2.NodeInfo(num=num, user=user)))
        for num in range(0x10000000, 0x10000000 + 15_000)
        for user in [mesh_pb2.User(long_name=f"Inventé {num}", public_key=num.to_bytes(32, "big"))]
    ]
    node.send_raw(b"".join(frames), frames=len(frames))
    program.wait_line("🧹 Table pleine")
    ends_in_time(program)
    told = [line for line in program.lines if "apprise de la radio" in line]
    assert len(told) <= 100, "each costs a write"


@pytest.mark.parametrize(
    "line",
    [
        "looking at the stored nodes",
        "reading the stored nodes",
        "🧹 Table pleine (NODES_MAX=20000) : 10",
        "Starting public key synchronization",
    ],
    ids=[
        "as it is looked at",
        "as it is read",
        "as what was too much is deleted",
        "in the key sync",
    ],
)
def test_the_end_comes_in_time_on_a_store_that_was_flooded(
    run_on: Callable[..., Program], flooded: Path, tmp_path: Path, line: str
) -> None:
    shutil.copy(flooded, tmp_path)
    program = run_on()
    program.wait_line(line)
    ends_in_time(program)


def test_a_flooded_store_leaves_the_bot_small_and_is_made_again_when_it_is_lost(
    run_on: Callable[..., Program], flooded: Path, tmp_path: Path, node: SimulatedNode
) -> None:
    shutil.copy(flooded, tmp_path)
    program = run_on()
    program.wait_line("SYNC COMPLETE")
    pages = int(Path(f"/proc/{program.process.pid}/statm").read_text("ascii").split()[1])
    assert pages * 4096 < 120e6
    for path in tmp_path.glob("bot.db*"):
        if path.suffix != ".lock":
            path.unlink()
    node.hear_node_info(newcomer())
    program.wait_line("making the store again")
    ends_in_time(program)


def test_admins_are_kept(node: SimulatedNode) -> None:
    environment = {"MESHBOT_ADMIN_NODES": "!0000000a", "MESHBOT_NODES_MAX": "150"}
    bot = MeshBot(environment=environment)
    assert bot.node_manager.nodes_max == 150
    for num in [0x0A, *range(100, 600)]:
        bot.node_manager.heard(num, snr_db=1.0, hops=0)
        bot.node_manager.enter_user(num, mesh_pb2.User(long_name=f"Nom {num}"))
    assert bot.node_manager.knows(0x0A)
    assert not bot.node_manager.knows(100)
