"""Sealed messages, keys and privilege, over a real socket: who is believed, and who is not."""

import itertools
import logging
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from meshtastic.protobuf import mesh_pb2, portnums_pb2

import main_bot
from main_bot import MeshBot
from meshbot.cli.arguments import parse_arguments
from meshbot.cli.keys_command import KeysCommand
from meshbot.mesh import direct_messages
from meshbot.messages import key_requests, text_message_handler
from meshbot.messages.packet_path import PacketPath
from meshbot.model.public_key import fingerprint
from meshbot.service.config_error import ConfigError
from meshbot.simulation import packets
from meshbot.simulation.peer import SimulatedPeer, private_key_from
from meshbot.simulation.simulated_node import SimulatedNode
from meshbot.simulation.traits import SimulatedTraits
from tests.support.air import texts_to, wait_text
from tests.support.journal import Journal
from tests.support.limits import WAIT_S
from tests.support.quick_bot import BotFactory

COMPLETE = "✅ SYNC COMPLETE"
pytestmark = pytest.mark.slow

RECONNECTED = "✅ Reconnexion TCP réussie (background)"
REFUSAL = "Commande refusée."
PortNum = portnums_pb2.PortNum
Error = mesh_pb2.Routing.Error
Transport = mesh_pb2.MeshPacket.TransportMechanism
FORGETFUL = SimulatedTraits(warm_keys=False)
"""Of a 2.8 that has evicted so many nodes that their keys are gone as well."""


def forged(peer: SimulatedPeer) -> SimulatedPeer:
    """Return somebody who claims to be a peer, with a key of his own."""
    return replace(peer, private_key=private_key_from("forger"))


def node_info_requests(node: SimulatedNode, to: int | None = None) -> int:
    return node.read(
        lambda n: sum(
            packet.decoded.portnum == PortNum.NODEINFO_APP
            and packet.decoded.want_response
            and to in (None, packet.to)
            for packet in n.packets_on_air
        )
    )


def key_in_interface(bot: MeshBot, num: int) -> bool:
    return bot.node_manager.key_in_place(bot.interface, num)


def sealed_packet(
    node: SimulatedNode, peer: SimulatedPeer, content: bytes, packet_id: int
) -> mesh_pb2.MeshPacket:
    """Return a direct message of a peer as the radio hands it over when it lacks the key."""
    packet = packets.packet_from_peer(peer, to=node.num, packet_id=packet_id)
    packet.encrypted = direct_messages.seal(
        direct_messages.message_key(peer.private_key, node.public_key),
        packet_id,
        peer.num,
        content,
        b"\x01\x02\x03\x04",
    )
    return packet


@pytest.fixture
def quick_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main_bot, "KEY_DECISIONS_POLL_S", 0.05)
    monkeypatch.setattr(main_bot, "KEY_PUSH_INTERVAL_S", 0.05)


# -- Strangers ---------------------------------------------------------------------------------


def test_a_stranger_is_asked_for_his_key_and_then_answered(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    stranger = node.peers[5]
    node.evict(stranger)
    quick_bot(node)
    journal.wait_for(COMPLETE)
    packet_id = node.hear_text(stranger, "/ping")
    assert wait_text(node, stranger.num).startswith("pong")
    sent = node.read(lambda n: n.texts_on_air[-1])
    assert sent.reply_id == packet_id
    assert sent.sealed_by_client
    assert node_info_requests(node, stranger.num) == 1
    request = node.read(
        lambda n: next(p for p in n.packets_on_air if p.decoded.portnum == PortNum.NODEINFO_APP)
    )
    own = mesh_pb2.User.FromString(request.decoded.payload)
    assert (own.long_name, own.public_key) == (node.long_name, node.public_key)
    line = journal.wait_for("gardé 10 min")
    assert line.endswith("sa clé publique est inconnue, elle lui est demandée")
    journal.wait_for(f"Clé publique de ‹{stranger.long_name}› ({stranger.node_id}) apprise")


def test_what_a_stranger_wrote_is_answered_once_when_his_key_comes_at_last(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    stranger, neighbour = node.peers[5], node.peers[0]
    node.evict(stranger)
    node.set_reachable(stranger, False)
    quick_bot(node)
    journal.wait_for(COMPLETE)
    packet_id = node.hear_text(stranger, "/ping", packet_id=77)
    node.hear_text(stranger, "/ping", packet_id=packet_id)
    node.hear_text(stranger, "/my")
    assert node.wait_until(lambda n: node_info_requests(n) >= 1, WAIT_S)
    node.hear_text(neighbour, "/ping")
    wait_text(node, neighbour.num)
    assert texts_to(node, stranger.num) == []
    assert node_info_requests(node) == 1, "three messages, one question"
    node.set_reachable(stranger, True)
    node.hear_node_info(stranger)
    wait_text(node, stranger.num, lambda text: "message authentifié" in text)
    assert len([text for text in texts_to(node, stranger.num) if text.startswith("pong")]) == 1


def test_strangers_are_asked_a_bounded_number_of_times_an_hour(
    quick_bot: BotFactory, journal: Journal
) -> None:
    with SimulatedNode(peers=key_requests.MAX_PER_HOUR + 6) as node:
        for peer in node.peers[1:]:
            node.evict(peer)
            node.set_reachable(peer, False)
        quick_bot(node)
        journal.wait_for(COMPLETE)
        for peer in node.peers[1:]:
            node.hear_text(peer, "/ping")
        most = key_requests.SHARES[PacketPath.DIRECT].most_of_strangers
        assert node.wait_until(lambda n: node_info_requests(n) >= most, WAIT_S)
        node.hear_text(node.peers[0], "/ping")
        wait_text(node, node.peers[0].num)
        assert node_info_requests(node) == most


def test_a_node_that_withholds_its_key_is_said_once_and_nobody_is_asked(
    quick_bot: BotFactory, journal: Journal
) -> None:
    with SimulatedNode(traits=SimulatedTraits(withholds_private_key=True)) as node:
        peer, evicted = node.peers[0], node.peers[1]
        node.evict(evicted)
        quick_bot(node)
        journal.wait_for(COMPLETE)
        node.hear_text(evicted, "/ping")
        node.close_by_fin()
        journal.wait_for(RECONNECTED)
        node.hear_text(peer, "/ping")
        wait_text(node, peer.num)
        assert journal.count("ne donne pas sa clé privée, bien qu'il en ait une") == 1
        assert node_info_requests(node) == 0


def test_the_radios_own_opening_teaches_a_key_that_no_node_info_told(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    """After a restart of the store, with a light session, the radio may know more than the bot."""
    newcomer = replace(node.peers[0], num=0x1234, long_name="Zoé", private_key=b"\x42" * 32)
    bot = quick_bot(node)
    journal.wait_for(COMPLETE)
    node.learn(newcomer)
    node.hear_text(newcomer, "/ping")
    wait_text(node, newcomer.num)
    assert bot.node_manager.public_key(newcomer.num) == newcomer.public_key


def test_what_waits_is_answered_when_the_radios_own_opening_teaches_the_key(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    """No NodeInfo comes: the stranger hears nothing, so the node does not open our seals either."""
    stranger = node.peers[5]
    node.evict(stranger)
    node.set_reachable(stranger, False)
    quick_bot(node)
    journal.wait_for(COMPLETE)
    node.hear_text(stranger, "/my")
    journal.wait_for("gardé 10 min")
    node.learn(stranger)
    node.hear_text(stranger, "/ping")
    wait_text(node, stranger.num, lambda text: text.startswith("pong"))
    journal.wait_for(",\u00a0message\u00a0authentifié")


@pytest.mark.usefixtures("quick_polls")
def test_what_a_forged_first_key_did_not_open_is_answered_once_the_true_one_is_accepted(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal, tmp_path: Path
) -> None:
    stranger = node.peers[5]
    node.evict(stranger)
    node.set_reachable(stranger, False)
    bot = quick_bot(node)
    journal.wait_for(COMPLETE)
    node.hear_text(stranger, "/my")
    journal.wait_for("gardé 10 min")
    node.hear_node_info(stranger, public_key=forged(stranger).public_key)
    journal.wait_for("altéré, ou scellé avec une autre clé")
    assert bot.node_manager.public_key(stranger.num) == forged(stranger).public_key
    node.set_reachable(stranger, True)
    node.hear_node_info(stranger)
    journal.wait_for("annonce une autre clé publique")
    decide(tmp_path / "bot.db", "accept", stranger.node_id)
    assert "message authentifié" in wait_text(node, stranger.num)


# -- Forgeries ---------------------------------------------------------------------------------


def test_a_forged_node_info_changes_nothing_and_is_reported(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    bot = quick_bot(node, PUBKEY_SYNC_INTERVAL=3600)
    journal.wait_for(COMPLETE)
    peer = node.peers[2]
    forger = forged(peer)
    node.hear_node_info(peer, public_key=forger.public_key)
    line = journal.wait_for("annonce une autre clé publique")
    assert fingerprint(forger.public_key) in line
    assert fingerprint(peer.public_key) in line
    node.hear_text(peer, "/keys " + peer.node_id)
    reply = wait_text(node, peer.num)
    assert "clé connue et en place" in reply
    assert f"à trancher : {fingerprint(forger.public_key)}".replace("/", "∕") in reply
    assert bot.node_manager.public_key(peer.num) == peer.public_key
    assert key_in_interface(bot, peer.num)
    assert journal.count(COMPLETE) == 1, "not the sync has put the key back"
    bot.stop()
    again = quick_bot(node)
    journal.wait_for(COMPLETE, times=2)
    assert [key.public_key for key in again.node_manager.waiting_keys()] == [forger.public_key]


def test_a_node_info_without_a_key_costs_the_key_for_no_longer_than_a_moment(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    bot = quick_bot(node, PUBKEY_SYNC_INTERVAL=3600)
    journal.wait_for(COMPLETE)
    peer, other = node.peers[2], node.peers[3]
    node.hear_node_info(peer, public_key=b"", long_name="Chloé sans clé")
    node.hear_text(other, "/ping")
    wait_text(node, other.num)
    interface = bot.interface
    assert interface is not None and interface.nodesByNum is not None
    assert interface.nodesByNum[peer.num]["user"]["longName"] == "Chloé sans clé"
    assert key_in_interface(bot, peer.num)
    assert journal.count(COMPLETE) == 1


def test_a_sender_under_a_key_that_the_radio_took_for_a_forgotten_one_proves_nothing(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    """The radio forgot the admin and took the forger's key for his; it opens his messages."""
    admin = node.peers[4]
    forger = forged(admin)
    quick_bot(node, environment={"MESHBOT_ADMIN_NODES": admin.node_id})
    journal.wait_for(COMPLETE)
    node.evict(admin)
    node.learn(forger)
    node.hear_text(forger, "/tcp reconnect")
    assert "non authentifiés, sans réponse" in journal.wait_for("La radio ouvre les messages de")
    node.hear_text(admin, "/tcp reconnect")
    wait_text(node, admin.num, lambda text: text.startswith("Liaison refaite"))
    assert len(texts_to(node, admin.num)) == 1


def test_another_nodes_key_does_not_stay_in_the_interface_for_the_one_who_announced_it(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    owner, other = node.peers[0], node.peers[1]
    mallory = replace(owner, num=0x1234, long_name="Mallory")
    bot = quick_bot(node, PUBKEY_SYNC_INTERVAL=3600)
    journal.wait_for(COMPLETE)
    node.hear_node_info(mallory)
    journal.wait_for("qui est celle de")
    node.hear_text(other, "/ping")
    wait_text(node, other.num)
    interface = bot.interface
    assert interface is not None and interface.nodesByNum is not None
    user = interface.nodesByNum[mallory.num]["user"]
    assert user["longName"] == "Mallory"
    assert "publicKey" not in user
    assert key_in_interface(bot, owner.num)


# -- Privilege ---------------------------------------------------------------------------------


def test_an_admin_who_proves_it_can_have_the_link_replaced(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    admin = node.peers[1]
    quick_bot(node, environment={"MESHBOT_ADMIN_NODES": admin.node_id})
    journal.wait_for(COMPLETE)
    node.hear_text(admin, "/tcp reconnect")
    journal.wait_for(f"Tentative de reconnexion TCP n°1, après : demandée par {admin.node_id}")
    journal.wait_for(RECONNECTED)
    assert wait_text(node, admin.num).startswith("Liaison refaite")
    assert node.connections_total == 2


def unproven_packet(
    node: SimulatedNode, peer: SimulatedPeer, text: str, packet_id: int
) -> mesh_pb2.MeshPacket:
    """Return a direct message under a peer's number that anybody may have sent."""
    packet = packets.packet_from_peer(peer, to=node.num, packet_id=packet_id)
    packet.decoded.CopyFrom(packets.text_data(text.encode(), None))
    return packet


def publish(
    node: SimulatedNode,
    peer: SimulatedPeer,
    *,
    via_mqtt: bool = False,
    transport: mesh_pb2.MeshPacket.TransportMechanism.ValueType = Transport.TRANSPORT_INTERNAL,
) -> None:
    """Hear an order over a network, with the radio's mark as its publisher wrote it."""
    packet = unproven_packet(node, peer, "/tcp reconnect", 99)
    packet.pki_encrypted = True
    packet.public_key = peer.public_key
    packet.via_mqtt = via_mqtt
    packet.transport_mechanism = transport
    node.hear(packet)


def decide(path: Path, *words: str) -> list[str]:
    """Run ``main_bot.py keys``; return what it said, having checked that it did what was asked."""
    said: list[str] = []
    command = KeysCommand(path, simulated=False, write=said.append)
    assert command.run(parse_arguments(["keys", *words])) == 0, said
    return said


@pytest.mark.parametrize(
    ("firmware", "ask"),
    [
        ("2.7.11", lambda node: node.hear_text(node.peers[2], "/tcp reconnect")),
        ("2.5.20", lambda node: node.hear_text(node.peers[1], "/tcp reconnect", via_channel=True)),
        ("2.7.11", lambda node: publish(node, node.peers[1], via_mqtt=True)),
        ("2.7.11", lambda node: publish(node, node.peers[1], transport=Transport.TRANSPORT_MQTT)),
        (
            "2.7.11",
            lambda node: publish(node, node.peers[1], transport=Transport.TRANSPORT_MULTICAST_UDP),
        ),
    ],
    ids=[
        "proven, but no admin",
        "admin, but unproven",
        "proof that came by MQTT",
        "proof that came by MQTT, which only the transport says",
        "proof that came by UDP",
    ],
)
def test_anybody_else_is_refused_without_a_word_more(
    firmware: str,
    ask: Callable[[SimulatedNode], object],
    quick_bot: BotFactory,
    journal: Journal,
) -> None:
    with SimulatedNode(firmware=firmware) as node:
        quick_bot(node, environment={"MESHBOT_ADMIN_NODES": node.peers[1].node_id})
        journal.wait_for(COMPLETE)
        ask(node)
        assert node.wait_until(lambda n: len(n.texts_on_air) == 1, WAIT_S)
        assert node.read(lambda n: n.texts_on_air[0].text) == REFUSAL
        assert node.connections_total == 1


@pytest.mark.usefixtures("quick_polls")
def test_a_forger_whose_key_the_radio_took_while_we_were_away_is_no_admin_until_confirmed(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal, tmp_path: Path
) -> None:
    admin = node.peers[1]
    forger = forged(admin)
    first = quick_bot(node)
    journal.wait_for(COMPLETE)
    first.stop()
    node.evict(admin)
    node.learn(forger)
    quick_bot(node, environment={"MESHBOT_ADMIN_NODES": admin.node_id})
    journal.wait_for("remplacée par celle de la base de la radio")
    journal.wait_for(COMPLETE, times=2)
    connections = node.connections_total
    node.hear_text(forger, "/tcp reconnect")
    assert wait_text(node, admin.num) == REFUSAL
    journal.wait_for("sa clé n'est pas confirmée")
    assert node.connections_total == connections
    said = decide(tmp_path / "bot.db", "accept", admin.node_id, fingerprint(forger.public_key))
    assert said[-1] == "✅ Pris en compte par le bot\n"
    node.hear_text(forger, "/tcp reconnect")
    wait_text(node, admin.num, lambda text: text.startswith("Liaison refaite"))


@pytest.mark.usefixtures("quick_polls")
def test_an_admin_named_with_his_key_is_obeyed_under_that_key_only(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal, tmp_path: Path
) -> None:
    """Not even under another one that was accepted for his number."""
    admin = node.peers[1]
    forger = forged(admin)
    only = {"MESHBOT_ADMIN_NODES": f"{admin.node_id}:{fingerprint(admin.public_key)}"}
    bot = quick_bot(node, environment=only)
    journal.wait_for(COMPLETE)
    node.hear_text(admin, "/tcp reconnect")
    wait_text(node, admin.num, lambda text: text.startswith("Liaison refaite"))
    journal.wait_for(RECONNECTED)
    bot.stop()
    node.evict(admin)
    node.learn(forger)
    quick_bot(node, environment=only)
    journal.wait_for("remplacée par celle de la base de la radio")
    decide(tmp_path / "bot.db", "accept", admin.node_id, fingerprint(forger.public_key))
    connections = node.connections_total
    node.hear_text(forger, "/tcp reconnect")
    wait_text(node, admin.num, lambda text: text == REFUSAL)
    assert node.connections_total == connections


@pytest.mark.slow
def test_a_stranger_who_uses_a_number_neither_mutes_its_owner_nor_has_him_answered_twice(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    owner, other = node.peers[0], node.peers[1]
    quick_bot(node)
    journal.wait_for(COMPLETE)
    numbers = range(1_000, 3_100)
    spoofed = [unproven_packet(node, owner, f"/keys {number}", number) for number in numbers]
    node.hear_all(spoofed[:10])
    node.hear_text(owner, "/my", packet_id=77)
    wait_text(node, owner.num, lambda text: "message authentifié" in text)
    node.hear_all(spoofed[10:])
    node.hear_text(owner, "/my", packet_id=77)
    node.hear_text(other, "/ping")
    wait_text(node, other.num)
    answers = [text for text in texts_to(node, owner.num) if "message authentifié" in text]
    assert len(answers) == 1
    assert journal.count("ralenti") == 1, "the one who used his number"


def test_lines_about_unproven_messages_are_bounded(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    quick_bot(node, environment={"MESHBOT_REQUIRE_PKI": "1"})
    journal.wait_for(COMPLETE)
    strangers = [replace(node.peers[0], num=0x2000 + number) for number in range(100)]
    node.hear_all(
        [unproven_packet(node, peer, "/ping", 500 + index) for index, peer in enumerate(strangers)]
    )
    node.hear_text(node.peers[1], "/ping")
    wait_text(node, node.peers[1].num)
    assert journal.count("(REQUIRE_PKI)") == text_message_handler.MAX_ODD_LINES


def test_unproven_messages_can_be_ignored_altogether(
    quick_bot: BotFactory, journal: Journal
) -> None:
    with SimulatedNode(firmware="2.5.20") as node:
        quick_bot(node, environment={"MESHBOT_REQUIRE_PKI": "True"})
        journal.wait_for(COMPLETE)
        node.hear_text(node.peers[0], "/ping", via_channel=True)
        node.hear_text(node.peers[1], "/ping")
        wait_text(node, node.peers[1].num)
        assert texts_to(node, node.peers[0].num) == []
        journal.wait_for("non authentifié")


def test_a_reload_makes_an_admin_without_touching_the_link(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    bot = quick_bot(node)
    journal.wait_for(COMPLETE)
    admin = node.peers[3]
    site = {
        "MESHBOT_CONNECTION_MODE": "tcp",
        "MESHBOT_TCP_HOST": "127.0.0.1",
        "MESHBOT_TCP_PORT": str(node.port),
    }
    with pytest.raises(ConfigError, match="ADMIN_NODES"):
        bot.reload({**site, "MESHBOT_ADMIN_NODES": "nobody"})
    node.hear_text(admin, "/tcp reconnect")
    assert wait_text(node, admin.num) == REFUSAL
    level = logging.getLogger().level
    handlers = list(logging.getLogger().handlers)
    try:
        bot.reload({**site, "MESHBOT_ADMIN_NODES": admin.node_id})
    finally:
        logging.getLogger().handlers[:] = handlers
        logging.getLogger().setLevel(level)
    assert node.connections_total == 1
    node.hear_text(admin, "/tcp reconnect")
    wait_text(node, admin.num, lambda text: text.startswith("Liaison refaite"))


# -- The operator's decisions ------------------------------------------------------------------


@pytest.mark.usefixtures("quick_polls")
def test_a_key_that_the_operator_accepts_counts_at_once_and_for_good(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal, tmp_path: Path
) -> None:
    """A peer lost its key and made another, while the radio goes on with the old one."""
    peer = node.peers[2]
    old_key = forged(peer).public_key
    node.evict(peer)
    node.hear_node_info(peer, public_key=old_key)
    bot = quick_bot(node)
    journal.wait_for(COMPLETE)
    assert bot.node_manager.public_key(peer.num) == old_key
    node.hear_node_info(peer)
    journal.wait_for("annonce une autre clé publique")
    node.hear_text(peer, "/ping")
    journal.wait_for("altéré, ou scellé avec une autre clé")

    said: list[str] = []
    command = KeysCommand(tmp_path / "bot.db", simulated=False, write=said.append)
    assert command.run(parse_arguments(["keys", "accept", peer.node_id])) == 0
    assert said[-1] == "✅ Pris en compte par le bot\n"
    journal.wait_for("acceptée par l'opérateur")
    assert key_in_interface(bot, peer.num)
    node.hear_text(peer, "/ping")
    assert wait_text(node, peer.num).startswith("pong")
    assert node.read(lambda n: n.texts_on_air[-1].sealed_by_client)

    bot.stop()
    again = quick_bot(node)
    journal.wait_for(COMPLETE, times=2)
    journal.wait_for("que l'opérateur a écartée")
    assert again.node_manager.public_key(peer.num) == peer.public_key
    node.hear_text(peer, "/my")
    wait_text(node, peer.num, lambda text: "message authentifié" in text)


# -- Keys for the radio ------------------------------------------------------------------------


@pytest.mark.usefixtures("quick_polls")
@pytest.mark.parametrize("push", [True, False], ids=["on", "off"])
def test_the_radio_is_given_the_key_of_a_correspondent_it_forgot(
    push: bool, quick_bot: BotFactory, journal: Journal
) -> None:
    with SimulatedNode(firmware="2.8.0", traits=FORGETFUL) as node:
        friend, stranger, known = node.peers[0], node.peers[1], node.peers[2]
        bot = quick_bot(node)
        journal.wait_for(COMPLETE)
        for peer in (friend, known):
            node.hear_text(peer, "/ping")
            wait_text(node, peer.num)
        bot.stop()
        node.evict(friend)
        node.evict(stranger)
        quick_bot(node, TCP_PUSH_KEYS_TO_RADIO=push, TCP_PUSH_KEYS_AFTER=0.2)
        journal.wait_for(COMPLETE, times=2)
        if push:
            journal.wait_for(f"Clé de ‹{friend.long_name}› ({friend.node_id}) donnée à la radio")
        node.hear_text(friend, "/my")
        node.hear_text(known, "/my")
        wait_text(node, known.num, lambda text: "entendu" in text)
        given = node.read(lambda n: n.contacts_added)
        assert [contact.node_num for contact in given] == ([friend.num] if push else [])
        if push:
            wait_text(node, friend.num, lambda text: "message authentifié" in text)
            assert given[0].user.public_key == friend.public_key
            assert given[0].user.long_name == friend.long_name


@pytest.mark.usefixtures("quick_polls")
@pytest.mark.slow
def test_no_more_keys_are_given_after_a_loss_that_followed_one(
    quick_bot: BotFactory, journal: Journal
) -> None:
    with SimulatedNode(firmware="2.8.0", traits=FORGETFUL) as node:
        friends = node.peers[:3]
        bot = quick_bot(node)
        journal.wait_for(COMPLETE)
        for peer in friends:
            node.hear_text(peer, "/ping")
            wait_text(node, peer.num)
        bot.stop()
        for peer in friends:
            node.evict(peer)
        quick_bot(node, TCP_PUSH_KEYS_TO_RADIO=True, TCP_PUSH_KEYS_AFTER=0.2)
        journal.wait_for("donnée à la radio")
        node.close_by_rst()
        journal.wait_for("plus aucune pendant 24 h")
        given = len(node.contacts_added)
        assert given < len(friends)
        # Long enough for the link to count as stable again, and for several turns of the pusher.
        journal.wait_for(COMPLETE, times=3)
        assert len(node.contacts_added) == given


# -- What became of our replies ----------------------------------------------------------------


def test_a_reply_that_nobody_acknowledged_is_said_in_words(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    node.retransmit_s = 0.1
    peer = node.peers[0]
    node.set_reachable(peer, False)
    quick_bot(node)
    journal.wait_for(COMPLETE)
    node.hear_text(peer, "/ping")
    line = journal.wait_for("non remise")
    assert "aucun accusé de réception" in line
    assert "MAX_RETRANSMIT" in line


def test_an_error_counts_from_the_receiver_and_from_nobody_else(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    peer, meddler = node.peers[0], node.peers[1]
    quick_bot(node)
    journal.wait_for(COMPLETE)
    node.hear_text(peer, "/ping")
    wait_text(node, peer.num)
    packet_id = node.read(lambda n: n.texts_on_air[-1].packet_id)
    node.hear_routing(meddler, packet_id, Error.NO_CHANNEL)
    node.hear_routing(peer, packet_id + 1, Error.NO_CHANNEL)
    node.hear_routing(peer, packet_id, Error.PKI_UNKNOWN_PUBKEY)
    assert "n'a pas notre clé publique" in journal.wait_for("non remise")
    assert journal.count("non remise") == 1


def test_an_error_in_our_own_nodes_name_that_came_by_air_means_nothing(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    peer, other = node.peers[0], node.peers[1]
    quick_bot(node)
    journal.wait_for(COMPLETE)
    node.hear_text(peer, "/ping")
    wait_text(node, peer.num)
    journal.wait_for("💬 Envoyé")
    reply_id = node.read(lambda n: n.texts_on_air[-1].packet_id)
    packet_ids = itertools.count(4_000)
    for marks in (
        {"rx_rssi": -50},
        {"rx_snr": 4.5},
        {"via_mqtt": True},
        {"transport_mechanism": Transport.TRANSPORT_MULTICAST_UDP},
        {"transport_mechanism": Transport.TRANSPORT_LORA},
    ):
        data = packets.routing_data(reply_id, Error.PKI_SEND_FAIL_PUBLIC_KEY)
        packet = packets.packet_from_node(node.num, data, next(packet_ids))
        for name, value in marks.items():
            setattr(packet, name, value)
        node.hear(packet)
    node.hear_text(other, "/ping")
    wait_text(node, other.num)
    assert journal.count("le bot scelle lui-même") == journal.count("non remise") == 0
    node.hear_routing(None, reply_id, Error.PKI_SEND_FAIL_PUBLIC_KEY)
    journal.wait_for("le bot scelle lui-même")
    wait_text(node, peer.num, times=2)


# -- Bad input ---------------------------------------------------------------------------------


def resident_kb() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4


@pytest.mark.slow
def test_ten_thousand_bad_sealed_packets_get_no_answer_and_leave_nothing_behind(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    rng = random.Random(4)
    peers = node.peers
    quick_bot(node, TCP_SILENT_TIMEOUT=60, TCP_PROBE_TIMEOUT=10, TCP_HEARTBEAT_INTERVAL=30)
    journal.wait_for(COMPLETE)
    good = packets.text_data(b"/ping", None).SerializeToString()

    def bad_packet(number: int) -> mesh_pb2.MeshPacket:
        peer = rng.choice(peers)
        packet = sealed_packet(node, peer, good, number)
        kind = number % 4
        if kind == 0:
            packet.encrypted = rng.randbytes(rng.randrange(1, 230))
        elif kind == 1:
            packet.encrypted = packet.encrypted[: rng.randrange(1, len(packet.encrypted))]
        elif kind == 2:
            flipped = bytearray(packet.encrypted)
            flipped[rng.randrange(len(flipped))] ^= 1 << rng.randrange(8)
            packet.encrypted = bytes(flipped)
        else:  # from somebody nobody has ever heard of
            packets.set_sender(packet, rng.randrange(0x1000, 0xFFFFFFFE))
        return packet

    def hear(first: int, count: int) -> None:
        for start in range(first, first + count, 500):
            node.hear_all([bad_packet(number) for number in range(start, start + 500)])
        asked = len(texts_to(node, peers[0].num))
        node.hear_text(peers[0], "/ping")
        wait_text(node, peers[0].num, times=asked + 1)

    hear(1, 5_000)
    after_half_kb = resident_kb()
    hear(5_001, 5_000)
    assert resident_kb() - after_half_kb < 4_000
    assert node.read(lambda n: {text.to for text in n.texts_on_air}) == {peers[0].num}
    assert node_info_requests(node) <= key_requests.MAX_PER_HOUR
    assert node.connections_total == 1
    assert journal.count("Message scellé") <= 60
