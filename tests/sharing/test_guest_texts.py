"""Texts of two clients and of the bot at once, on the simulated node over real sockets."""

import itertools
import queue
import time
from collections.abc import Iterator

import pytest
from meshtastic.protobuf import admin_pb2, mesh_pb2, portnums_pb2

from main_bot import MeshBot
from meshbot.messages.sender_settings import SenderSettings
from meshbot.sharing.guest_air import GuestAir
from meshbot.sharing.guest_packet import GuestPacket
from meshbot.sharing.guest_seal import GuestSeal
from meshbot.sharing.guest_sender import GuestSender
from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.journal import Journal
from tests.support.limits import WAIT_S
from tests.support.quick_bot import BotFactory

pytestmark = pytest.mark.slow

SPACING_S = 0.3
"""Of the node; the bot keeps a little more, in the proportion of 2.0 to 2.5 s."""
TEXTS = 10
ALL = 0xFFFFFFFF


class Heard:
    """What the sender tells, in order."""

    def __init__(self) -> None:
        self.given: queue.Queue[GuestPacket] = queue.Queue()
        self.refused: queue.Queue[tuple[GuestPacket, int, str]] = queue.Queue()
        self.renumbered: list[tuple[int, int]] = []

    def packet_given(self, packet: GuestPacket) -> None:
        self.given.put(packet)

    def packet_refused(self, packet: GuestPacket, error: int, text: str) -> None:
        self.refused.put((packet, error, text))

    def packet_renumbered(self, old_id: int, new_id: int) -> None:
        self.renumbered.append((old_id, new_id))

    def room_again(self, client: int) -> None:
        pass


@pytest.fixture(params=["2.5.20", "2.7.26", "2.8.0"])
def node(request: pytest.FixtureRequest) -> Iterator[SimulatedNode]:
    with SimulatedNode(firmware=request.param) as simulated:
        simulated.text_spacing_s = SPACING_S
        yield simulated


@pytest.fixture
def bot(node: SimulatedNode, quick_bot: BotFactory, journal: Journal) -> MeshBot:
    started = quick_bot(node, TEXT_INTERVAL=1.25 * SPACING_S)
    journal.wait_for("✅ SYNC COMPLETE")
    return started


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def sender(bot: MeshBot, heard: Heard) -> Iterator[GuestSender]:
    talk = bot._conversation
    made = GuestSender(
        bot._link,
        talk.guest_tools.turn,
        GuestAir(100.0, talk.guest_tools.air, time.monotonic),
        GuestSeal(bot.node_manager, talk.guest_tools.sealer),
        SenderSettings(1.25 * SPACING_S, 600.0),
        events=heard,
    )
    made.start()
    yield made
    assert made.stop(WAIT_S)


def text(client: int, number: int, to: int = ALL) -> GuestPacket:
    packet = mesh_pb2.MeshPacket(to=to, id=client * 1_000 + number, hop_limit=3)
    packet.decoded.portnum = portnums_pb2.PortNum.TEXT_MESSAGE_APP
    packet.decoded.payload = f"client {client}: {number}".encode()
    return GuestPacket(client, packet, packet.id, time.monotonic())


def texts_on_air(node: SimulatedNode) -> list[str]:
    return node.read(lambda n: [sent.text for sent in n.texts_on_air])


def test_all_texts_of_two_clients_and_the_bot_go_once_each_in_turn(
    node: SimulatedNode, bot: MeshBot, sender: GuestSender, heard: Heard
) -> None:
    for number in range(TEXTS):
        bot._conversation._sender.send(f"bot: {number}", node.peers[number].num)
        for client in (1, 2):
            assert sender.put(text(client, number))
    assert node.wait_until(lambda n: len(n.texts_on_air) >= 3 * TEXTS, WAIT_S)
    for _ in range(2 * TEXTS):
        heard.given.get(timeout=WAIT_S)
    sent = texts_on_air(node)
    assert len(sent) == len(set(sent)) == 3 * TEXTS
    assert not node.read(lambda n: list(n.texts_dropped))
    # The bot and the clients alternate while both have something, and so do the clients.
    both = sent[1 : 2 * TEXTS - 2]
    sides = [line.startswith("bot") for line in both]
    assert all(one != other for one, other in itertools.pairwise(sides)), sent
    clients = [line[:8] for line in sent if line.startswith("client")]
    assert all(one != other for one, other in itertools.pairwise(clients)), sent


@pytest.mark.parametrize("node", ["2.7.26"], indirect=True)
def test_a_direct_text_whose_key_the_radio_lacks_goes_out_sealed_by_us(
    node: SimulatedNode, bot: MeshBot, sender: GuestSender, heard: Heard
) -> None:
    peer = node.peers[0]
    node.evict(peer)
    assert sender.put(text(1, 1, to=peer.num))
    given = heard.given.get(timeout=WAIT_S)
    assert given.sealed
    assert node.wait_until(lambda n: len(n.texts_on_air) == 1, WAIT_S)
    (sent,) = node.read(lambda n: list(n.texts_on_air))
    assert (sent.text, sent.to) == ("client 1: 1", peer.num)
    assert heard.renumbered == [(1_001, given.packet.id)]
    assert sender.put(text(1, 2, to=peer.num))
    again = heard.given.get(timeout=WAIT_S)
    assert again.sealed
    assert again.packet.id == 1_002, "sealed before it was tried"


@pytest.mark.parametrize("node", ["2.5.20"], indirect=True)
def test_a_seal_that_is_demanded_of_old_firmware_is_ours(
    node: SimulatedNode, bot: MeshBot, sender: GuestSender, heard: Heard
) -> None:
    peer = node.peers[0]
    node.evict(peer)
    demanded = text(1, 1, to=peer.num)
    demanded.packet.pki_encrypted = True
    assert sender.put(demanded)
    assert heard.given.get(timeout=WAIT_S).sealed
    (sent,) = node.read(lambda n: list(n.texts_on_air))
    assert (sent.text, sent.sealed_by_client) == ("client 1: 1", True)


def test_a_text_waits_for_the_link_and_goes_once(
    node: SimulatedNode, bot: MeshBot, sender: GuestSender, heard: Heard, journal: Journal
) -> None:
    node.reboot(0.5)
    assert sender.put(text(1, 1))
    heard.given.get(timeout=WAIT_S)
    assert texts_on_air(node) == ["client 1: 1"]


def test_the_session_goes_on_after_a_write_and_the_question_that_follows_it(
    node: SimulatedNode, bot: MeshBot, sender: GuestSender, heard: Heard, journal: Journal
) -> None:
    before = node.read(lambda n: n.configs_completed)
    packet = mesh_pb2.MeshPacket(to=node.num, id=77)
    packet.decoded.portnum = portnums_pb2.PortNum.ADMIN_APP
    order = admin_pb2.AdminMessage(set_time_only=int(time.time()))
    packet.decoded.payload = order.SerializeToString()
    assert sender.put(GuestPacket(1, packet, 77, time.monotonic(), writes=True))
    heard.given.get(timeout=WAIT_S)
    assert node.wait_until(lambda n: n.configs_completed > before, WAIT_S)
    assert node.read(lambda n: n.config_requests[-1]) == 69_420
    assert sender.put(text(1, 1))
    heard.given.get(timeout=WAIT_S)
    assert texts_on_air(node) == ["client 1: 1"]
    assert journal.count("Connexion TCP :") == 1
