"""The bot on recordings of real firmware 2.5, 2.7 and 2.8, played over a real socket."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from meshtastic.protobuf import mesh_pb2, portnums_pb2

from meshbot.mesh import direct_messages
from meshbot.simulation.peer import SimulatedPeer, make_peers
from tests.support.capture import PATHS, Capture
from tests.support.captured_node import CapturedNode
from tests.support.journal import Journal
from tests.support.quick_bot import QUICK_SILENCE, BotFactory

pytestmark = pytest.mark.slow

COMPLETE = "✅ SYNC COMPLETE"
RECONNECTED = "✅ Reconnexion TCP réussie (background)"
PING_ID = 0x5EED0001


@pytest.fixture(params=PATHS, ids=lambda path: path.stem)
def real_node(request: pytest.FixtureRequest) -> Iterator[CapturedNode]:
    path: Path = request.param
    with CapturedNode(Capture.read(path)) as node:
        yield node


@pytest.fixture
def stranger() -> SimulatedPeer:
    """Somebody whom the recorded node does not know."""
    return make_peers(1, 77)[0]


def bot_on(start_bot: BotFactory, node: CapturedNode, **constants: Any) -> Any:
    settings = {"MESHBOT_TCP_PORT": str(node.port)}
    return start_bot(environment=settings, TEXT_INTERVAL=0.15, **constants)


def node_info_of(peer: SimulatedPeer) -> mesh_pb2.MeshPacket:
    return from_peer(
        peer, 0xFFFFFFFF, portnums_pb2.PortNum.NODEINFO_APP, peer.user().SerializeToString()
    )


def from_peer(
    peer: SimulatedPeer, to: int, port: portnums_pb2.PortNum.ValueType, payload: bytes
) -> mesh_pb2.MeshPacket:
    packet = mesh_pb2.MeshPacket(to=to, id=PING_ID, rx_rssi=-60, hop_start=3, hop_limit=3)
    setattr(packet, "from", peer.num)
    packet.decoded.portnum = port
    packet.decoded.payload = payload
    return packet


def ping_of(
    peer: SimulatedPeer,
    node: CapturedNode,
    text: bytes = b"/ping",
    *,
    packet_id: int = PING_ID,
    emoji: int = 0,
) -> mesh_pb2.MeshPacket:
    """Return a "/ping" as the node hands it over: 2.8 opens what it can, and drops the rest."""
    capture = node.capture
    packet = from_peer(peer, capture.own_num, portnums_pb2.PortNum.TEXT_MESSAGE_APP, text)
    packet.id, packet.decoded.emoji = packet_id, emoji
    if capture.firmware >= (2, 8):
        packet.pki_encrypted = True
        packet.public_key = peer.public_key
        return packet
    packet.encrypted = direct_messages.seal(
        direct_messages.message_key(peer.private_key, capture.security.public_key),
        packet.id,
        peer.num,
        packet.decoded.SerializeToString(),
        bytes(direct_messages.EXTRA_NONCE_BYTES),
    )
    return packet


def replies_to(peer: SimulatedPeer, node: CapturedNode) -> list[str]:
    """Return the texts that a peer could read: left to the radio to seal, or sealed for it."""
    texts = []
    for packet in node.packets():
        data = packet.decoded
        if packet.to != peer.num:
            continue
        if packet.WhichOneof("payload_variant") == "encrypted":
            key = direct_messages.message_key(peer.private_key, node.capture.security.public_key)
            opened = direct_messages.open_sealed(
                key, packet.id, node.capture.own_num, packet.encrypted
            )
            data = mesh_pb2.Data.FromString(opened)
        if data.portnum == portnums_pb2.PortNum.TEXT_MESSAGE_APP:
            texts.append(data.payload.decode())
    return texts


def has_pong(peer: SimulatedPeer, node: CapturedNode) -> bool:
    return node.wait_until(lambda: any("pong" in text for text in replies_to(peer, node)))


def test_it_connects_learns_the_keys_and_reconnects_lightly(
    real_node: CapturedNode, start_bot: BotFactory, journal: Journal
) -> None:
    keys = real_node.capture.neighbours
    bot = bot_on(start_bot, real_node)
    journal.wait_for(f"{COMPLETE}: {len(keys)} public keys")
    real_node.close()
    journal.wait_for(RECONNECTED)
    journal.wait_for(f"{COMPLETE}: {len(keys)} public keys", times=2)
    asked = [one.want_config_id for one in real_node.received if one.want_config_id]
    assert asked[0] not in (69420, 69421)
    assert asked[1:] == [69420]
    nodes = bot.interface.nodesByNum
    held = {num: base64.b64decode(nodes[num]["user"]["publicKey"]) for num in keys}
    assert held == keys
    assert not [line for line in journal.lines if "[ERROR]" in line or "illisible" in line]


def test_a_direct_message_is_answered(
    real_node: CapturedNode, stranger: SimulatedPeer, start_bot: BotFactory, journal: Journal
) -> None:
    """The bot seals the reply itself: at once, or when the radio says it lacks the key."""
    bot_on(start_bot, real_node)
    journal.wait_for(COMPLETE)
    real_node.hear(node_info_of(stranger))
    real_node.hear(ping_of(stranger, real_node))
    assert has_pong(stranger, real_node)
    journal.wait_for("💬 Envoyé")
    assert real_node.packets()[-1].pki_encrypted
    assert journal.count("La radio n'a pas la clé") == (real_node.capture.firmware >= (2, 8))


def test_a_bell_does_not_matter_and_a_reaction_is_no_command(
    real_node: CapturedNode, stranger: SimulatedPeer, start_bot: BotFactory, journal: Journal
) -> None:
    bot_on(start_bot, real_node)
    journal.wait_for(COMPLETE)
    real_node.hear(node_info_of(stranger))
    real_node.hear(ping_of(stranger, real_node, packet_id=1, emoji=1))
    real_node.hear(ping_of(stranger, real_node, "👍".encode(), packet_id=2, emoji=1))
    real_node.hear(ping_of(stranger, real_node, b"  /Ping\x07", packet_id=3))
    assert has_pong(stranger, real_node)
    journal.wait_for("💬 Envoyé")
    assert journal.count("📩") == 1


def test_a_quiet_real_node_is_not_called_silent(
    real_node: CapturedNode, start_bot: BotFactory, journal: Journal
) -> None:
    bot_on(start_bot, real_node, **QUICK_SILENCE)
    journal.wait_for(COMPLETE)

    def questions() -> int:
        metadata = portnums_pb2.PortNum.ADMIN_APP
        return sum(packet.decoded.portnum == metadata for packet in real_node.packets()) + sum(
            one.HasField("heartbeat") for one in real_node.received
        )

    assert real_node.wait_until(lambda: questions() >= 8)
    assert journal.count("SILENCE") == 0
    assert journal.count("Reconnexion TCP") == 0


@pytest.mark.parametrize("reset", [False, True], ids=["fin", "rst"])
def test_what_came_with_the_burst_after_a_loss_is_answered(
    reset: bool,
    real_node: CapturedNode,
    stranger: SimulatedPeer,
    start_bot: BotFactory,
    journal: Journal,
) -> None:
    bot_on(start_bot, real_node)
    journal.wait_for(COMPLETE)
    real_node.hear(node_info_of(stranger))
    journal.wait_for("apprise et enregistrée")
    real_node.close(reset=reset)
    journal.wait_for(RECONNECTED)
    real_node.hear(ping_of(stranger, real_node))
    assert has_pong(stranger, real_node)


def test_every_frame_that_was_recorded_is_taken(
    real_node: CapturedNode, stranger: SimulatedPeer, start_bot: BotFactory, journal: Journal
) -> None:
    """In any state, also those of a kind that the library does not know."""
    bot_on(start_bot, real_node)
    journal.wait_for(COMPLETE)
    lines = len(journal.lines)
    for exchange in real_node.capture.exchanges:
        real_node.send(exchange.answers)
    real_node.hear(node_info_of(stranger))
    real_node.hear(ping_of(stranger, real_node))
    assert has_pong(stranger, real_node)
    assert not [line for line in journal.lines[lines:] if "[WARNING]" in line]
