"""Names that are no text, and what else protobuf rejects: over a real socket."""

from collections.abc import Callable

import pytest
from meshtastic.protobuf import mesh_pb2, portnums_pb2

from main_bot import MeshBot
from meshbot.link.frame_decoder import encode_frame
from meshbot.simulation.peer import SimulatedPeer, make_peers
from meshbot.simulation.server import SimulatedServer
from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.air import wait_text
from tests.support.journal import Journal
from tests.support.limits import WAIT_S
from tests.support.quick_bot import BotFactory

COMPLETE = "✅ SYNC COMPLETE"
HALF_TREE = "🌲".encode()[:3]


@pytest.fixture
def spoil(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes, bytes], None]:
    """Have every node send some bytes in place of others, as many."""
    swaps: list[tuple[bytes, bytes]] = []
    send = SimulatedServer.send

    def send_spoilt(self: SimulatedServer, link: object, data: bytes, frames: int) -> object:
        for old, new in swaps:
            assert len(old) == len(new)
            data = data.replace(old, new)
        return send(self, link, data, frames)  # type: ignore[arg-type]

    monkeypatch.setattr(SimulatedServer, "send", send_spoilt)
    return lambda old, new: swaps.append((old, new))


def entry_of(bot: MeshBot, num: int) -> dict[str, object]:
    interface = bot.interface
    assert interface is not None
    assert interface.nodesByNum is not None
    assert interface.nodes is not None
    entry: dict[str, object] = interface.nodesByNum[num]
    assert interface.nodes[f"!{num:08x}"] is entry
    return entry


def user_with(peer: SimulatedPeer, old: bytes, new: bytes) -> bytes:
    whole = peer.user().SerializeToString()
    assert old in whole
    return whole.replace(old, new)


def test_a_name_cut_inside_a_character_costs_no_key_in_the_download(
    node: SimulatedNode,
    quick_bot: BotFactory,
    journal: Journal,
    spoil: Callable[[bytes, bytes], None],
) -> None:
    alice, bruno = node.peers[:2]
    spoil(b"ALIC", b"A" + HALF_TREE)
    spoil(b"Bruno", b"Br\xffno")
    bot = quick_bot(node)
    journal.wait_for("SYNC COMPLETE: 12 public keys")
    known = bot.node_manager.node(alice.num)
    assert known is not None
    assert (known.public_key, known.short_name, known.long_name) == (alice.public_key, "A", "Alice")
    user = entry_of(bot, bruno.num)["user"]
    assert isinstance(user, dict)
    assert (user["longName"], user["shortName"]) == ("Br\ufffdno", "BRUN")
    assert journal.count("illisible") == 0
    node.evict(alice)
    node.hear_text(alice, "/my")
    assert "message authentifié" in wait_text(node, alice.num)
    assert node.read(lambda n: n.texts_on_air[-1]).sealed_by_client


def test_our_own_name_channel_and_settings_may_be_no_text(
    node: SimulatedNode,
    quick_bot: BotFactory,
    journal: Journal,
    spoil: Callable[[bytes, bytes], None],
) -> None:
    spoil(b"simulation", b"simulati\xe2\x82")  # the Wi-Fi's name
    spoil(b"heltec-v3", b"heltec-v\xff")
    name = "Noeud simulé".encode()
    spoil(name, name[:-1] + b"\xf0")
    bot = quick_bot(node)
    journal.wait_for(COMPLETE)
    interface = bot.interface
    assert interface is not None
    assert interface.own_name == "Noeud simul\ufffd"
    assert interface.localNode.localConfig.network.wifi_ssid == "simulati"
    assert interface.own_user is not None
    assert interface.own_user.public_key == node.public_key
    node.hear_text(node.peers[0], "/ping")
    wait_text(node, node.peers[0].num)
    assert journal.count("illisible") == 0


def test_a_broken_name_heard_over_the_air_costs_no_key(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    stranger = make_peers(1, seed=99)[0]
    bot = quick_bot(node)
    journal.wait_for(COMPLETE)
    short = stranger.short_name.encode()
    node.hear_node_info(stranger, payload=user_with(stranger, short, b"A" + HALF_TREE))
    journal.wait_for("apprise et enregistrée")
    known = bot.node_manager.node(stranger.num)
    assert known is not None
    assert (known.public_key, known.short_name) == (stranger.public_key, "A")
    user = entry_of(bot, stranger.num)["user"]
    assert isinstance(user, dict)
    assert user["shortName"] == "A"
    assert bot.node_manager.sync_pubkeys_to_interface(bot.interface, force=True) == 0
    assert journal.count("illisible") == 0
    node.hear_text(stranger, "/ping")
    assert wait_text(node, stranger.num).startswith("pong")


def test_a_sealed_message_waits_for_the_key_of_a_node_with_a_broken_name(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    late = node.peers[11]
    node.evict(late)
    quick_bot(node)
    journal.wait_for(COMPLETE)
    node.hear_text(late, "/ping")
    journal.wait_for("gardé 10 min")
    name = late.long_name.encode()
    node.hear_node_info(late, payload=user_with(late, name, b"\xff" * len(name)))
    assert wait_text(node, late.num).startswith("pong")


def test_what_is_cut_off_in_an_entry_costs_what_follows_and_no_more(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    bot = quick_bot(node)
    journal.wait_for(COMPLETE)
    stranger = make_peers(1, seed=98)[0]
    user = stranger.user().SerializeToString() + b"\x3a\x20\x01"  # a second role, cut
    info = b"\x08\x87\x01\x12" + bytes([len(user)]) + user
    frame = encode_frame(b"\x22" + bytes([len(info) & 0x7F | 0x80, len(info) >> 7]) + info)
    node.send_raw(frame)
    journal.wait_for("1 clé publique apprise de la radio")
    known = bot.node_manager.node(135)
    assert known is not None
    assert known.public_key == stranger.public_key


def test_half_a_frame_is_not_mended_with_the_frames_that_follow(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    """A wire lost bytes in a name: the frame then ends in the one behind it."""
    bot = quick_bot(node)
    journal.wait_for(COMPLETE)
    peer = node.peers[0]
    info = mesh_pb2.NodeInfo(num=0x777, user=mesh_pb2.User(id="!00000777", long_name="X" * 30))
    first = encode_frame(mesh_pb2.FromRadio(node_info=info).SerializeToString())
    text = mesh_pb2.MeshPacket(to=node.num, id=4242, rx_snr=5.0, rx_rssi=-80)
    setattr(text, "from", peer.num)
    text.decoded.portnum = portnums_pb2.PortNum.TEXT_MESSAGE_APP
    text.decoded.payload = b"/ping"
    second = encode_frame(mesh_pb2.FromRadio(packet=text).SerializeToString())
    node.send_raw(first[:-12] + second)
    wait_text(node, peer.num)
    assert bot.node_manager.node(0x777) is None


def test_notifications_and_telemetry_that_are_no_text_stop_nothing(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    quick_bot(node)
    journal.wait_for(COMPLETE)
    notification = mesh_pb2.FromRadio(
        clientNotification=mesh_pb2.ClientNotification(message="DUTY", time=5)
    ).SerializeToString()
    node.send_raw(encode_frame(notification.replace(b"DUTY", b"DU\xff\xc3")))
    peer = node.peers[0]
    packet = mesh_pb2.MeshPacket(to=0xFFFFFFFF, id=77, rx_snr=5.0, rx_rssi=-80)
    setattr(packet, "from", peer.num)
    packet.decoded.portnum = portnums_pb2.PortNum.TELEMETRY_APP
    packet.decoded.payload = b"\x0d\x01\x00\x00\x00\x12\x03\x08\x65\x15"
    node.hear(packet)
    node.hear_text(peer, "/ping")
    wait_text(node, peer.num)
    assert journal.count("illisible") == 0
    assert node.wait_until(lambda n: n.connections_total == 1, WAIT_S)
