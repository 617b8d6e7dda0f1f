"""An operator who raises ``NODES_MAX`` has the keys of all those nodes in place, and they stay."""

from pathlib import Path

import pytest
from meshtastic.protobuf import mesh_pb2

from main_bot import MeshBot
from meshbot.link.frame_decoder import encode_frame
from meshbot.link.library_bounds import MAX_KEYED
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.model.known_node import KnownNode

pytestmark = pytest.mark.slow

OWN, FIRST = 1, 10
MANY = MAX_KEYED + 1_000


@pytest.fixture
def bot(tmp_path: Path) -> MeshBot:
    """A bot that knows many nodes; nothing of it is started."""
    bot = MeshBot(
        environment={
            "MESHBOT_CONNECTION_MODE": "tcp",
            "MESHBOT_DATABASE_PATH": str(tmp_path / "bot.db"),
            "MESHBOT_NODES_MAX": str(MANY),
        }
    )
    keys = (num.to_bytes(4, "big") * 8 for num in range(FIRST, FIRST + MANY))
    nodes = [KnownNode(num, f"Node {num}", public_key=key) for num, key in enumerate(keys, FIRST)]
    assert bot.node_manager.fill(nodes, ()) == MANY
    return bot


def hear(session: SupervisedInterface, message: mesh_pb2.FromRadio) -> None:
    session._receiver.feed(encode_frame(message.SerializeToString()), 0.0)


def test_the_reader_drops_none_of_the_keys_that_the_sync_puts_in_place(bot: MeshBot) -> None:
    session = bot._link._new_interface(bot._link._options.session)
    session.nodes, session.nodesByNum = {}, {}
    hear(session, mesh_pb2.FromRadio(my_info=mesh_pb2.MyNodeInfo(my_node_num=OWN)))
    bot.node_manager.sync_pubkeys_to_interface(session, force=True)
    hear(session, mesh_pb2.FromRadio(node_info=mesh_pb2.NodeInfo(num=FIRST)))
    assert bot.node_manager.key_counts(session) == (MANY, MANY)
    assert bot.node_manager.sync_pubkeys_to_interface(session) == 0
