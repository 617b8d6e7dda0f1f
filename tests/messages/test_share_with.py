"""What the bot tells whoever shares its node, over a real socket."""

import queue

from meshtastic.protobuf import mesh_pb2

from meshbot.model.client_status import ClientStatus
from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.air import wait_text
from tests.support.journal import Journal
from tests.support.limits import WAIT_S
from tests.support.quick_bot import BotFactory

Packets = queue.Queue[mesh_pb2.MeshPacket]
CLIENT = ClientStatus(1, "192.0.2.7:51034", 60.0)


class Told:
    """Everything that a bot tells."""

    def __init__(self) -> None:
        self.opened: queue.Queue[tuple[mesh_pb2.MeshPacket, mesh_pb2.Data, bytes]] = queue.Queue()
        self.unopened, self.sent = Packets(), Packets()

    def by(self, bot: object) -> None:
        bot._conversation.share_with(  # type: ignore[attr-defined]
            on_opened=lambda *what: self.opened.put(what),
            on_unopened=self.unopened.put,
            on_text_sent=self.sent.put,
            clients=lambda: [CLIENT],
        )


def test_question_and_answer_are_told_as_they_mean(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    """Sealed by the sender, opened by the bot, and the answer sealed by it."""
    told, peer = Told(), node.peers[0]
    bot = quick_bot(node)
    journal.wait_for("✅ SYNC COMPLETE")
    told.by(bot)
    node.evict(peer)
    node.hear_text(peer, "/ping")
    packet, data, key = told.opened.get(timeout=WAIT_S)
    assert (getattr(packet, "from"), data.payload, key) == (peer.num, b"/ping", peer.public_key)
    wait_text(node, peer.num)
    sent = told.sent.get(timeout=WAIT_S)
    assert (getattr(sent, "from"), sent.to) == (node.num, peer.num)
    assert sent.decoded.payload.startswith(b"pong")
    assert sent.decoded.reply_id == packet.id
    assert told.unopened.empty()


def test_what_claims_to_come_from_our_own_node_is_told_to_be_unopened(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    told = Told()
    bot = quick_bot(node)
    journal.wait_for("✅ SYNC COMPLETE")
    told.by(bot)
    packet = mesh_pb2.MeshPacket(to=node.num, id=77, encrypted=bytes(30), rx_rssi=-60)
    setattr(packet, "from", node.num)
    interface = bot.interface
    assert interface is not None
    bot._conversation.hear(interface, packet, interface.opened_s)
    assert told.unopened.get(timeout=WAIT_S).id == 77


def test_the_view_of_the_commands_knows_the_clients(
    node: SimulatedNode, quick_bot: BotFactory
) -> None:
    bot = quick_bot(node)
    view = bot._conversation._view
    assert view.clients() == []
    Told().by(bot)
    assert view.clients() == [CLIENT]
