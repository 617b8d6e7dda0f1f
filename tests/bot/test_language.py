"""The bot in English, and in the language that each sender chose, over real sockets."""

from collections.abc import Callable

import pytest

from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.air import wait_text
from tests.support.french import french_in
from tests.support.journal import Journal
from tests.support.program import Program
from tests.support.quick_bot import BotFactory

COMPLETE = "✅ SYNC COMPLETE"
CHOSEN = "Replies will be in English."


def test_each_sender_is_answered_in_his_language_also_after_a_restart(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    bot = quick_bot(node)
    journal.wait_for(COMPLETE)
    english, french = node.peers[0], node.peers[1]
    node.hear_text(english, "/lang en")
    wait_text(node, english.num, CHOSEN.__eq__)
    node.hear_text(french, "/my")
    node.hear_text(english, "/my")
    wait_text(node, french.num, lambda text: "clé publique connue, message authentifié" in text)
    wait_text(node, english.num, lambda text: "public key known, message authenticated" in text)
    assert any("Envoyé à ‹Alice›" in line for line in journal.lines)
    bot.stop()

    quick_bot(node)
    journal.wait_for(COMPLETE, times=2)
    node.hear_text(english, "/my")
    wait_text(node, english.num, lambda text: "public key known" in text, times=2)


def test_what_a_flood_is_told_and_a_cut_answer_ends_with_are_in_his_language(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    quick_bot(node, FLOOD_BURST=2, FLOOD_REFILL_INTERVAL=600)
    journal.wait_for(COMPLETE)
    peer = node.peers[0]
    node.hear_text(peer, "/lang en")
    wait_text(node, peer.num, CHOSEN.__eq__)
    node.hear_text(peer, "/help")
    wait_text(node, peer.num, lambda text: text.endswith("(more: try again later)"))
    node.hear_text(peer, "/ping")
    wait_text(node, peer.num, "Too many commands at once: wait a little.".__eq__)


def test_a_channel_hears_the_bots_own_language(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    quick_bot(node, environment={"MESHBOT_ANSWER_CHANNELS": "0"})
    journal.wait_for(COMPLETE)
    peer = node.peers[0]
    node.hear_text(peer, "/lang en")
    wait_text(node, peer.num, CHOSEN.__eq__)
    node.hear_text(peer, "/my", to=0xFFFFFFFF)
    wait_text(node, 0xFFFFFFFF, lambda text: "clé publique connue" in text)


COMMANDS = (
    *(("--help",), ("check",), ("keys", "list"), ("keys", "--help"), ("report",)),
    *(("report", "--help"), ("keys", "accept", "nobody"), ("--port", "", "check")),
)


@pytest.mark.parametrize("words", COMMANDS)
def test_no_command_says_anything_in_french(
    run: Callable[..., Program], words: tuple[str, ...]
) -> None:
    program = run(*words, LANGUAGE="en")
    program.finish()
    said = "\n".join(program.lines)
    assert said
    assert french_in(said) == []


def test_a_run_in_english_says_nothing_else_but_what_scripts_count(
    run: Callable[..., Program],
) -> None:
    program = run(LANGUAGE="en")
    program.wait_line("💬 Sent to ")
    program.process.terminate()
    assert program.finish() == 0
    lines = [line for line in program.lines if "Noeud" not in line]
    assert lines[-1].endswith("👋 Bot stopped")
    for name in ("Chloé", "Émilie", "Inès", "Théa", "Gaëlle"):
        lines = [line.replace(name, "") for line in lines]
    assert french_in("\n".join(lines)) == []


def test_a_language_that_there_is_not_is_named(run: Callable[..., Program]) -> None:
    program = run(LANGUAGE="de")
    assert program.finish() == 2
    assert "LANGUAGE" in "\n".join(program.lines)
