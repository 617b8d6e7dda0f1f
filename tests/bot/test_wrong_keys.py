"""A forger's key in the radio, and keys that only seem to be missing there, over a real socket."""

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from meshtastic.protobuf import mesh_pb2, portnums_pb2

import main_bot
from meshbot.cli.arguments import parse_arguments
from meshbot.cli.keys_command import KeysCommand
from meshbot.model.public_key import fingerprint
from meshbot.simulation import packets
from meshbot.simulation.peer import SimulatedPeer, private_key_from
from meshbot.simulation.simulated_node import SimulatedNode
from meshbot.simulation.traits import SimulatedTraits
from tests.support.air import texts_to, wait_text
from tests.support.journal import Journal
from tests.support.limits import WAIT_S
from tests.support.quick_bot import BotFactory

pytestmark = pytest.mark.slow

COMPLETE = "✅ SYNC COMPLETE"
ALARM = "⚠️ La radio ouvre les messages de"
Transport = mesh_pb2.MeshPacket.TransportMechanism
FORGETFUL = SimulatedTraits(warm_keys=False)
PUSHING = {"TCP_PUSH_KEYS_TO_RADIO": True, "TCP_PUSH_KEYS_AFTER": 0.001}


@pytest.fixture(autouse=True)
def quick_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main_bot, "KEY_DECISIONS_POLL_S", 0.05)
    monkeypatch.setattr(main_bot, "KEY_PUSH_INTERVAL_S", 0.05)


def forged(peer: SimulatedPeer) -> SimulatedPeer:
    """Return somebody who claims to be a peer, with a key of his own."""
    return replace(peer, private_key=private_key_from("forger"))


def wait_questions(node: SimulatedNode, count: int) -> None:
    """Wait until the radio was asked so often whether it has a key; it must not send that."""

    def questions(n: SimulatedNode) -> int:
        return sum(
            frame.packet.decoded.portnum == portnums_pb2.PortNum.PRIVATE_APP
            for frame in n.frames_received
        )

    assert node.wait_until(lambda n: questions(n) >= count, WAIT_S)
    on_air = node.read(lambda n: [packet.decoded.portnum for packet in n.packets_on_air])
    assert portnums_pb2.PortNum.PRIVATE_APP not in on_air


# -- Keys that are not missing -----------------------------------------------------------------


def test_a_radio_that_keeps_evicted_keys_is_given_none_of_them(
    quick_bot: BotFactory, journal: Journal
) -> None:
    with SimulatedNode(firmware="2.8.0.7754068") as node:
        friends = node.peers[:3]
        bot = quick_bot(node)
        journal.wait_for(COMPLETE)
        for peer in friends:
            node.hear_text(peer, "/ping")
            wait_text(node, peer.num)
        bot.stop()
        for peer in friends:
            node.evict(peer)
        quick_bot(node, **PUSHING)
        journal.wait_for(COMPLETE, times=2)
        wait_questions(node, len(friends))
        node.hear_text(friends[0], "/my")
        wait_text(node, friends[0].num, lambda text: "message authentifié" in text)
        assert node.read(lambda n: list(n.contacts_added)) == []


def test_a_version_that_nobody_knows_is_asked_nothing_and_given_nothing(
    quick_bot: BotFactory, journal: Journal
) -> None:
    with SimulatedNode(firmware="2.9.0.f0rk", traits=FORGETFUL) as node:
        friend = node.peers[0]
        bot = quick_bot(node)
        journal.wait_for(COMPLETE)
        node.hear_text(friend, "/ping")
        wait_text(node, friend.num)
        bot.stop()
        node.evict(friend)
        bot = quick_bot(node, **PUSHING)
        journal.wait_for(COMPLETE, times=2)
        for _ in range(3):
            turn_ended = threading.Event()
            bot._worker.post(bot._conversation.tend_keys)
            bot._worker.post(turn_ended.set)
            assert turn_ended.wait(WAIT_S)
        node.hear_text(node.peers[1], "/ping")
        wait_text(node, node.peers[1].num)  # behind whatever the turns gave the sender
        sent = node.read(lambda n: [f.packet.decoded.portnum for f in n.frames_received])
        assert not {portnums_pb2.PortNum.PRIVATE_APP, portnums_pb2.PortNum.ADMIN_APP} & set(sent)


def test_without_leave_to_give_keys_the_operator_is_told_whom_a_2_8_no_longer_hears(
    quick_bot: BotFactory, journal: Journal
) -> None:
    with SimulatedNode(firmware="2.8.0.7754068", traits=FORGETFUL) as node:
        friend, other = node.peers[:2]
        bot = quick_bot(node)
        journal.wait_for(COMPLETE)
        for peer in (friend, other):
            node.hear_text(peer, "/ping")
            wait_text(node, peer.num)
        bot.stop()
        node.evict(friend)
        quick_bot(node, TCP_PUSH_KEYS_AFTER=0.001)
        line = journal.wait_for("La radio n'a plus la clé de")
        assert f"‹{friend.long_name}› ({friend.node_id})" in line
        wait_questions(node, 2)
        assert journal.count("La radio n'a plus la clé de") == 1
        assert node.read(lambda n: list(n.contacts_added)) == []


# -- A forger's key in the radio ---------------------------------------------------------------


@pytest.mark.parametrize(
    "transport",
    [None, Transport.TRANSPORT_LORA, Transport.TRANSPORT_MULTICAST_UDP, Transport.TRANSPORT_MQTT],
)
@pytest.mark.parametrize("pushes", [True, False], ids=["pushing", "not pushing"])
def test_a_forger_whose_key_a_2_8_has_gets_no_answer_and_the_owner_is_heard_again(
    pushes: bool,
    transport: Transport.ValueType | None,
    quick_bot: BotFactory,
    journal: Journal,
) -> None:
    with SimulatedNode(firmware="2.8.0.7754068", traits=FORGETFUL) as node:
        owner, other = node.peers[0], node.peers[1]
        forger = forged(owner)
        bot = quick_bot(node, **(PUSHING if pushes else {}))
        journal.wait_for(COMPLETE)
        node.hear_text(owner, "/ping")
        wait_text(node, owner.num)
        node.evict(owner)
        node.hear_node_info(forger)
        node.hear_text(forger, "/my", transport=transport)
        alarm = journal.wait_for(ALARM)
        assert f"avec la clé {fingerprint(forger.public_key)}" in alarm
        assert f"et non {fingerprint(owner.public_key)} : non authentifiés, sans réponse" in alarm
        assert f"meshtastic --remove-node '{owner.node_id}'" in journal.wait_for("n'arrive plus")
        if pushes:
            assert node.wait_until(lambda n: bool(n.contacts_added), WAIT_S)
            (contact,) = node.read(lambda n: list(n.contacts_added))
            assert (contact.node_num, contact.user.public_key) == (owner.num, owner.public_key)
            node.hear_text(owner, "/ping")
            wait_text(node, owner.num, times=2)
        node.hear_text(other, "/ping")
        wait_text(node, other.num)
        assert [text[:4] for text in texts_to(node, owner.num)] == ["pong"] * (1 + pushes)
        assert bot.node_manager.public_key(owner.num) == owner.public_key
        assert node.read(lambda n: len(n.contacts_added)) == int(pushes)
        assert journal.count(ALARM) == 1


@pytest.mark.parametrize("firmware", ["2.5.20.4c97351", "2.7.26.54e0d8d", "2.8.0.7754068"])
def test_a_key_that_was_used_against_the_known_one_is_adopted_only_on_the_operators_word(
    firmware: str, quick_bot: BotFactory, journal: Journal, tmp_path: Path
) -> None:
    """A forger must not have to wait for our next start; an owner who began anew must not fail."""
    with SimulatedNode(firmware=firmware, traits=FORGETFUL) as node:
        owner = node.peers[0]
        anew = forged(owner)
        bot = quick_bot(node)
        journal.wait_for(COMPLETE)
        node.evict(owner)
        node.learn(anew)
        node.hear_text(anew, "/ping")
        journal.wait_for(ALARM)
        bot.stop()
        bot = quick_bot(node)
        line = journal.wait_for("La radio garde pour")
        assert line.endswith(
            f"la clé {fingerprint(anew.public_key)}, à trancher : "
            f"{fingerprint(owner.public_key)} reste la clé connue (voir : main_bot.py keys list)"
        )
        assert bot.node_manager.public_key(owner.num) == owner.public_key
        assert texts_to(node, owner.num) == []
        said: list[str] = []
        command = KeysCommand(tmp_path / "bot.db", simulated=False, write=said.append)
        command.run(parse_arguments(["keys", "list"]))
        assert any("dans la radio, contre la clé connue" in line for line in said)
        words = ["keys", "accept", owner.node_id, fingerprint(anew.public_key)]
        assert command.run(parse_arguments(words)) == 0
        journal.wait_for("acceptée par l'opérateur")
        node.hear_text(anew, "/my")
        wait_text(node, owner.num, lambda text: "message authentifié" in text)


@pytest.mark.parametrize("light", [False, True], ids=["full", "light"])
def test_an_owner_who_began_anew_is_heard_by_a_2_8_once_the_operator_accepts_his_key(
    light: bool, quick_bot: BotFactory, journal: Journal, tmp_path: Path
) -> None:
    """The radio goes on with the old key, which it may not even have shown in this session."""
    with SimulatedNode(firmware="2.8.0.7754068") as node:
        owner = node.peers[0]
        anew = forged(owner)
        quick_bot(node, **PUSHING)
        journal.wait_for(COMPLETE)
        node.hear_text(owner, "/ping")
        wait_text(node, owner.num)
        if light:
            node.close_by_fin()
            journal.wait_for("✅ Reconnexion TCP réussie (background)")
        node.hear_node_info(anew)
        journal.wait_for("annonce une autre clé publique")
        command = KeysCommand(tmp_path / "bot.db", simulated=False, write=lambda line: None)
        assert command.run(parse_arguments(["keys", "accept", owner.node_id])) == 0
        assert node.wait_until(lambda n: bool(n.contacts_added), WAIT_S)
        node.hear_text(anew, "/my")
        wait_text(node, owner.num, lambda text: "message authentifié" in text)
        assert node.read(lambda n: len(n.contacts_added)) == 1


@pytest.mark.parametrize(
    ("firmware", "marks"),
    [
        ("2.7.26.54e0d8d", {"transport_mechanism": Transport.TRANSPORT_MULTICAST_UDP}),
        ("2.7.26.54e0d8d", {"transport_mechanism": Transport.TRANSPORT_MQTT, "via_mqtt": True}),
        ("2.6.13.0561f2c", {"rx_rssi": 0, "rx_snr": 0.0}),
    ],
    ids=["UDP", "MQTT", "UDP before it said so"],
)
def test_a_mark_that_may_be_forged_costs_nobody_but_its_own_packet_the_answer(
    firmware: str, marks: dict[str, float], quick_bot: BotFactory, journal: Journal
) -> None:
    with SimulatedNode(firmware=firmware, traits=FORGETFUL) as node:
        owner, stranger = node.peers[0], node.peers[1]
        node.evict(stranger)
        bot = quick_bot(node, **PUSHING)
        journal.wait_for(COMPLETE)
        node.hear_text(owner, "/ping")
        wait_text(node, owner.num)
        for peer in (owner, stranger):
            packet = packets.packet_from_peer(
                peer, to=node.num, packet_id=99, rx_time=int(time.time())
            )
            packet.decoded.CopyFrom(packets.text_data(b"/tcp reconnect", None))
            packet.pki_encrypted = True
            packet.public_key = forged(owner).public_key
            for name, value in marks.items():
                setattr(packet, name, value)
            node.hear(packet)
        assert "venus par MQTT ou UDP" in journal.wait_for(ALARM)
        node.hear_text(owner, "/my", packet_id=99)
        wait_text(node, owner.num, lambda text: "message authentifié" in text)
        assert len(texts_to(node, owner.num)) == 2, "none to the forged one"
        assert bot.node_manager.public_key(owner.num) == owner.public_key
        assert bot.node_manager.public_key(stranger.num) == b"", "nothing is learned from it"
        assert node.read(lambda n: list(n.contacts_added)) == []


# -- What else somebody on the air or on a network may try ----------------------------------------


def test_our_own_key_is_nobody_elses(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    stranger = node.peers[3]
    node.evict(stranger)
    bot = quick_bot(node)
    journal.wait_for(COMPLETE)
    node.hear_node_info(stranger, public_key=node.public_key)
    line = journal.wait_for("qui est celle de")
    assert f"(!{node.num:08x})" in line
    assert bot.node_manager.public_key(stranger.num) == b""
    node.hear_node_info(stranger)
    journal.wait_for(f"Clé publique de ‹{stranger.long_name}› ({stranger.node_id}) apprise")


@pytest.mark.parametrize(
    "fields",
    [
        {"public_key": True},
        {"pki_encrypted": True},
        {"pki_encrypted": True, "public_key": True, "encrypted": b"x" * 40, "channel": 8},
        {"pki_encrypted": True, "public_key": True, "from": True},
        {"pki_encrypted": True, "public_key": True, "to": packets.BROADCAST_NUM},
    ],
    ids=["a key without the mark", "the mark without a key", "not opened", "from us", "to all"],
)
def test_marks_on_what_the_radio_never_marks_make_nobody_an_admin_and_teach_no_key(
    fields: dict[str, bool | int | bytes],
    node: SimulatedNode,
    quick_bot: BotFactory,
    journal: Journal,
) -> None:
    admin, stranger, other = node.peers[:3]
    node.evict(stranger)
    admins = admin.node_id, stranger.node_id, f"!{node.num:08x}"
    bot = quick_bot(
        node,
        environment={"MESHBOT_ADMIN_NODES": ",".join(admins)},
    )
    journal.wait_for(COMPLETE)
    for peer in (admin, stranger):
        packet = packets.packet_from_peer(
            peer, to=node.num, packet_id=peer.num, rx_time=int(time.time())
        )
        packet.decoded.CopyFrom(packets.text_data(b"/tcp reconnect", None))
        for name, value in fields.items():
            if name == "public_key":
                packet.public_key = peer.public_key
            elif name == "from":
                packets.set_sender(packet, node.num)
            else:
                setattr(packet, name, value)
        node.hear(packet)
    node.hear_text(other, "/ping")
    wait_text(node, other.num)
    assert bot.node_manager.public_key(stranger.num) == b""
    assert set(texts_to(node, admin.num) + texts_to(node, stranger.num)) <= {"Commande refusée."}
    assert node.connections_total == 1


def test_a_sealed_message_that_is_heard_again_is_answered_once(
    quick_bot: BotFactory, journal: Journal
) -> None:
    """Also once the radio has the key again, and whoever sends it on."""
    with SimulatedNode(firmware="2.7.26.54e0d8d") as node:
        owner, other = node.peers[:2]
        node.evict(owner)
        bot = quick_bot(node)
        journal.wait_for(COMPLETE)
        node.hear_node_info(owner)
        journal.wait_for(f"Clé publique de ‹{owner.long_name}› ({owner.node_id}) apprise")
        for transport in (None, Transport.TRANSPORT_MULTICAST_UDP, Transport.TRANSPORT_MQTT):
            node.hear_text(owner, "/ping", packet_id=4_711, transport=transport)
        node.evict(owner)
        node.hear_text(owner, "/ping", packet_id=4_711)
        node.hear_text(other, "/ping")
        wait_text(node, owner.num)  # who was met just now has his turn after who was known before
        wait_text(node, other.num)
        assert len(texts_to(node, owner.num)) == 1
        assert bot.node_manager.public_key(owner.num) == owner.public_key
