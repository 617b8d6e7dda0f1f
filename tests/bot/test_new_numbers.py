"""A mesh that moves to firmware 2.8, and keys that others have, over a real socket."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

import main_bot
from meshbot.cli.arguments import parse_arguments
from meshbot.cli.keys_command import KeysCommand
from meshbot.model import weak_keys
from meshbot.model.known_node import node_id
from meshbot.simulation.peer import SimulatedPeer, make_peers, number_from_key
from meshbot.simulation.simulated_node import SimulatedNode
from meshbot.text.foreign_text import quoted
from tests.support.air import wait_text
from tests.support.journal import Journal
from tests.support.quick_bot import BotFactory

pytestmark = pytest.mark.slow

COMPLETE = "✅ SYNC COMPLETE"
FIRMWARE = "2.8.1.abcdef0"
ALARM = "⚠️ La radio ouvre les messages de"


@pytest.fixture(autouse=True)
def quick_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main_bot, "KEY_DECISIONS_POLL_S", 0.05)


def make_weak(monkeypatch: pytest.MonkeyPatch, keys: Iterable[bytes]) -> None:
    known = weak_keys.WEAK_KEY_HASHES | {hashlib.sha256(key).digest() for key in keys}
    monkeypatch.setattr(weak_keys, "WEAK_KEY_HASHES", known)


def keys(path: Path, *words: str, admins: tuple[int, ...] = ()) -> str:
    """Run ``main_bot.py keys``; return what it said, having checked that it did what was asked."""
    said: list[str] = []
    command = KeysCommand(path, simulated=False, admin_nodes=admins, write=said.append)
    assert command.run(parse_arguments(["keys", *words])) == 0, said
    return "".join(said)


def old_peers(count: int) -> list[SimulatedPeer]:
    """Return peers of before 2.8, whose numbers say nothing of their keys."""
    return make_peers(count, seed=3)


@pytest.mark.parametrize("layout", ["2.8.1", "2.8.0"])
def test_who_moves_to_2_8_is_the_same_to_the_bot_once_the_operator_says_so(
    quick_bot: BotFactory, journal: Journal, tmp_path: Path, layout: str
) -> None:
    with SimulatedNode(firmware=FIRMWARE, peers=old_peers(3)) as node:
        before = node.peer(0)
        now = replace(node.move_to_2_8(before), signs_as_2_8_0=layout == "2.8.0")
        environment = {"MESHBOT_ADMIN_NODES": f"{before.node_id},{now.node_id}"}
        bot = quick_bot(node, environment=environment)
        journal.wait_for(COMPLETE)
        node.hear_node_info(now)
        line = journal.wait_for("annonce la clé")
        assert "sans doute le même nœud" in line and "ce que prouve sa signature" in line
        node.hear_text(now, "/my")
        wait_text(node, now.num, lambda text: "non authentifié" in text)
        node.hear_text(now, "/tcp reconnect")
        journal.wait_for("⛔ Ordre de")
        assert journal.count(ALARM) == 0, "the line about the number says it all"
        assert bot.node_manager.public_key(now.num) == b""

        said = keys(tmp_path / "bot.db", "list")
        assert "1 nœud a changé de numéro (firmware 2.8), dont 1 avec preuve" in said
        assert f"c'est le nouveau numéro de {before.long_name} ({before.node_id})" in said
        said = keys(tmp_path / "bot.db", "accept", "--moved", admins=(before.num,))
        assert f"y mettre « {now.node_id} » au lieu de « {before.node_id} »" in said
        assert "✅ Pris en compte par le bot" in said
        journal.wait_for("est le nouveau numéro de")
        assert bot.node_manager.public_key(now.num) == now.public_key
        assert bot.node_manager.public_key(before.num) == b""
        node.hear_text(now, "/my")
        wait_text(node, now.num, lambda text: "message authentifié" in text)


def test_a_number_that_is_only_claimed_is_not_accepted_with_the_others(
    quick_bot: BotFactory, journal: Journal, tmp_path: Path
) -> None:
    """On 2.7 the radio drops the signature, so that nothing is proven before a message comes."""
    with SimulatedNode(firmware="2.7.26", peers=old_peers(3)) as node:
        first, second = (node.move_to_2_8(node.peer(index)) for index in range(2))
        bot = quick_bot(node)
        journal.wait_for(COMPLETE)
        for peer in (first, second):
            node.hear_node_info(peer)
        assert "rien ne le prouve encore" in journal.wait_for("annonce la clé", times=2)
        node.hear_text(second, "/ping")
        wait_text(node, second.num)
        line = journal.wait_for("ce que prouve sa signature ou un message scellé")
        assert second.node_id in line
        said = keys(tmp_path / "bot.db", "accept", "--moved")
        assert "Sans preuve, ou sous un numéro qui a déjà une autre clé" in said
        assert f"{first.long_name} ({first.node_id})\n" in said
        assert bot.node_manager.public_key(second.num) == second.public_key
        assert bot.node_manager.public_key(first.num) == b""
        said = keys(tmp_path / "bot.db", "accept", first.node_id)
        assert f"est le nouveau numéro de {first.long_name}" in said
        assert bot.node_manager.public_key(first.num) == first.public_key


def test_who_writes_first_under_his_new_number_is_answered_without_proof(
    quick_bot: BotFactory, journal: Journal
) -> None:
    with SimulatedNode(firmware="2.7.26", peers=old_peers(3)) as node:
        now = node.move_to_2_8(node.peer(0))
        bot = quick_bot(node)
        journal.wait_for(COMPLETE)
        node.hear_text(now, "/my")  # his NodeInfo is asked for
        wait_text(node, now.num, lambda text: "non authentifié" in text)
        journal.wait_for("ce que prouve sa signature ou un message scellé")
        assert bot.node_manager.public_key(now.num) == b""


def test_our_own_node_that_moves_to_2_8_is_no_other_node(
    quick_bot: BotFactory, journal: Journal
) -> None:
    with SimulatedNode(firmware="2.7.26") as node:
        before = node.num
        bot = quick_bot(node)
        journal.wait_for(COMPLETE)
        node.update_firmware(FIRMWARE)
        line = journal.wait_for("Notre nœud a changé de numéro")
        assert node_id(node.num) in line and node_id(before) in line
        journal.wait_for("Reconnexion TCP réussie")
        journal.wait_for(f"📡 Nœud : {quoted(node.long_name)} ({node_id(node.num)})")
        assert journal.count("Un autre nœud répond") == 0
        assert node.num == number_from_key(node.public_key)
        assert bot.node_manager.public_key(before) == b""
        peer = node.peer(1)
        node.hear_text(peer, "/my")
        wait_text(node, peer.num, lambda text: "message authentifié" in text)


def test_a_forger_of_a_weak_key_gives_no_orders_and_is_answered_as_a_stranger(
    quick_bot: BotFactory, journal: Journal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with SimulatedNode() as node:
        weak = node.peer(2)
        make_weak(monkeypatch, [weak.public_key])
        bot = quick_bot(node, environment={"MESHBOT_ADMIN_NODES": weak.node_id})
        journal.wait_for("a une clé connue d'avance (hasard trop faible)")
        journal.wait_for(COMPLETE)
        node.hear_text(weak, "/tcp reconnect")
        wait_text(node, weak.num, lambda text: text == "Commande refusée.")
        assert bot.node_manager.public_key(weak.num) == b""
        assert journal.count(ALARM) == 0
        said = keys(tmp_path / "bot.db", "list")
        assert "⚠️ Clé connue d'avance" in said and weak.node_id in said
        assert "jamais crue" in keys(tmp_path / "bot.db", "list", weak.node_id)


def test_while_our_own_key_is_weak_nothing_proves_who_writes(
    quick_bot: BotFactory, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SimulatedNode() as node:
        make_weak(monkeypatch, [node.public_key])
        admin, forgotten = node.peer(0), node.peer(3)
        quick_bot(node, environment={"MESHBOT_ADMIN_NODES": admin.node_id})
        journal.wait_for("⚠️ La clé de notre nœud,")
        journal.wait_for(COMPLETE)
        node.evict(forgotten)
        for peer in (admin, forgotten):
            node.hear_text(peer, "/my")
            wait_text(node, peer.num, lambda text: "non authentifié" in text)
        node.hear_text(admin, "/tcp reconnect")
        journal.wait_for("⛔ Ordre de")
        assert node.connections_total == 1
        assert journal.count("⚠️ La clé de notre nœud,") == 1


def test_who_announces_anothers_key_does_not_sign_with_it(
    quick_bot: BotFactory, journal: Journal
) -> None:
    with SimulatedNode(firmware=FIRMWARE) as node:
        bot = quick_bot(node)
        journal.wait_for(COMPLETE)
        signed, stranger = node.peer(0), make_peers(1, seed=9, numbers_from_keys=True)[0]
        node.hear_node_info(stranger)
        journal.wait_for(f"Clé publique de {quoted(stranger.long_name)}")
        node.hear_node_info(signed, public_key=stranger.public_key)
        journal.wait_for("qui est celle de")
        assert all(not other.held for other in bot.node_manager.other_keys(signed.num))
