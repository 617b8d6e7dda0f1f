"""The bot's trials over real sockets: what it says and does, how it ends, what a restart keeps."""

import json
import threading
import time
from collections.abc import Iterable, Iterator

import pytest

from main_bot import MeshBot, main
from meshbot.cli.exit_code import EXIT_CONFIG
from meshbot.model.link_event import EventKind, LinkEvent
from meshbot.model.sync_skip import SyncSkip
from meshbot.service.config_error import ConfigError
from meshbot.simulation.simulated_node import SimulatedNode
from meshbot.store.database import Database
from meshbot.store.link_event_store import LinkEventStore
from tests.support.air import wait_text
from tests.support.journal import Journal
from tests.support.limits import LATE_S, WAIT_S
from tests.support.quick_bot import BotFactory

pytestmark = pytest.mark.slow

K = EventKind
RECONNECTED = "✅ Reconnexion TCP réussie (background)"
COMPLETE = "✅ SYNC COMPLETE"
WITH = "🧪 Essai TCP_SYNC_TRIAL : cette fois avec la synchronisation"
WITHOUT = "🧪 Essai TCP_SYNC_TRIAL : cette fois sans la synchronisation"
SKIPPED = [
    "ℹ️ Synchronisation clés publiques skippée (TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT=True)",
    "   Prochaine sync au prochain cycle périodique (5min)",
]
ENDED = "🧪 Essai TCP_SYNC_TRIAL terminé : la synchronisation coupe la liaison"
LONG_S = 60.0
"""A window in which whatever a test does happens."""
SIDES = [False] * 3 + [True] * 5
"""Three sessions that live without a sync and five that die of it are enough."""


class Coin:
    """Says what it is told to; fails when it is tossed more often."""

    def __init__(self, sides: Iterable[bool]) -> None:
        self._sides: Iterator[bool] = iter(sides)
        self.tosses = 0

    def __call__(self) -> bool:
        self.tosses += 1
        return next(self._sides)


def noted(bot: MeshBot, *kinds: EventKind) -> list[LinkEvent]:
    """Return what a bot that was stopped has noted."""
    storage = LinkEventStore(Database(bot.site.database_path))
    storage.database.open()
    try:
        return storage.load_link_events(10_000, kinds)
    finally:
        storage.database.close()


def after(journal: Journal, text: str, count: int) -> list[str]:
    """Return the first messages after the last one that begins with a text."""
    messages = journal.messages
    last = max(index for index, message in enumerate(messages) if message.startswith(text))
    return messages[last + 1 : last + 1 + count]


def test_a_coin_decides_and_the_lines_are_those_of_its_arm(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    coin = Coin([True, False])
    bot = start_bot(node, coin=coin, TCP_SYNC_TRIAL=True, TCP_TRIAL_WINDOW=LONG_S)
    journal.wait_for("🧪 Essai TCP_SYNC_TRIAL en cours : une pièce décide")
    journal.wait_for(COMPLETE)
    assert coin.tosses == 0  # the start is no reconnection
    node.close_by_fin()
    journal.wait_for(COMPLETE, times=2)
    assert after(journal, RECONNECTED, 1) == [WITH + " (0 avec, 0 sans jusqu'ici)"]
    assert after(journal, WITH, 1) == ["🔑 Synchronisation clés publiques programmée dans 0.3s..."]
    node.close_by_fin()
    journal.wait_for("Prochaine sync")
    assert [WITHOUT in line for line in after(journal, RECONNECTED, 1)] == [True]
    assert after(journal, WITHOUT, 2) == SKIPPED
    bot.stop()
    assert [event.text for event in noted(bot, K.TOSSED)] == ["sync", "skip"]
    assert [event.text for event in noted(bot, K.SYNC_SKIPPED)] == [SyncSkip.TRIAL]
    assert journal.count("Reconnexion TCP") == 2 and coin.tosses == 2


@pytest.mark.slow
@pytest.mark.parametrize("arm", [True, False], ids=["with", "without"])
def test_the_periodic_sync_waits_until_the_session_was_observed(
    arm: bool,
    node: SimulatedNode,
    start_bot: BotFactory,
    journal: Journal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    delay_s, window_s = 0.2, 1.0
    bot = start_bot(
        node,
        coin=lambda: arm,
        TCP_SYNC_TRIAL=True,
        TCP_TRIAL_WINDOW=window_s,
        TCP_PUBKEY_SYNC_DELAY=delay_s,
        PUBKEY_SYNC_INTERVAL=0.1,
    )
    journal.wait_for(COMPLETE)
    node.close_by_fin()
    tossed_s = journal.time_of("cette fois")
    periodic = threading.Event()

    def sync(interface: object, force: bool = False) -> int:
        if not force:
            periodic.set()
        return 0

    monkeypatch.setattr(bot.node_manager, "sync_pubkeys_to_interface", sync)
    assert periodic.wait(WAIT_S)
    passed_s = time.monotonic() - tossed_s
    assert delay_s + window_s - 0.05 <= passed_s < delay_s + window_s + LATE_S


@pytest.mark.slow
def test_a_trial_ends_and_the_bot_acts_by_it_also_after_a_restart(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    """In the first sessions, the periodic sync says when they have been observed to the end."""
    settings = {
        "TCP_SYNC_TRIAL": True,
        "TCP_TRIAL_WINDOW": 2.0,
        "TCP_PUBKEY_SYNC_DELAY": 0.05,
        "TCP_HEARTBEAT_INTERVAL": 0.2,
        "PUBKEY_SYNC_INTERVAL": 1.0,
    }
    # The end may come just after the coin was tossed once more.
    bot = start_bot(node, coin=Coin([*SIDES, True]), **settings)
    for times in range(len(SIDES) + 1):
        journal.wait_for(COMPLETE, times=times + 1)
        node.close_by_rst()
    journal.wait_for(ENDED)
    journal.wait_for(RECONNECTED, times=len(SIDES) + 1)
    skipped = journal.count("Prochaine sync")
    node.close_by_fin()
    journal.wait_for("Prochaine sync", times=skipped + 1)
    assert [message[:30] for message in after(journal, RECONNECTED, 2)] == [
        SKIPPED[0][:30],
        SKIPPED[1][:30],
    ]
    bot.stop()
    assert journal.count(ENDED) == 1
    (ended,) = noted(bot, K.TRIAL_ENDED)
    assert json.loads(ended.text) == {"trial": "sync", "result": "guilty"}

    skipped = journal.count("Prochaine sync")
    start_bot(node, coin=Coin([]), **settings)
    journal.wait_for(ENDED, times=2)
    journal.wait_for("Connexion TCP établie", times=2)
    node.close_by_fin()
    journal.wait_for("Prochaine sync", times=skipped + 1)
    assert after(journal, RECONNECTED, 1)[0].startswith("ℹ️ Synchronisation clés publiques skippée")
    assert len(noted(bot, K.TRIAL_ENDED)) == 1


@pytest.mark.slow
def test_a_restart_in_the_middle_loses_no_toss(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    settings = {"TCP_SYNC_TRIAL": True, "TCP_TRIAL_WINDOW": LONG_S, "TCP_PUBKEY_SYNC_DELAY": 0.05}
    bot = start_bot(node, coin=Coin([True] * 4), **settings)
    journal.wait_for(COMPLETE)
    node.close_by_fin()
    for times in range(3):
        journal.wait_for(COMPLETE, times=times + 2)
        node.close_by_rst()
        journal.wait_for(RECONNECTED, times=times + 2)
    bot.stop()
    start_bot(node, coin=Coin([]), **settings)
    journal.wait_for("(3 avec, 0 sans jusqu'ici)")


def test_the_trial_wins_over_the_skip_flag(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    start_bot(node, coin=lambda: True, TCP_SYNC_TRIAL=True, TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT=True)
    journal.wait_for("⚠️ TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT sans effet : TCP_SYNC_TRIAL décide")
    journal.wait_for(COMPLETE)
    node.close_by_fin()
    journal.wait_for(COMPLETE, times=2)
    assert journal.count("skippée") == 0


def test_without_a_trial_nothing_is_tossed(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    start_bot(node, coin=Coin([]))
    journal.wait_for(COMPLETE)
    node.close_by_fin()
    journal.wait_for(COMPLETE, times=2)
    assert journal.count("Essai") == 0


def test_the_mesh_is_told_how_far_it_is(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    quick_bot(node, coin=lambda: True, TCP_SYNC_TRIAL=True, TCP_TRIAL_WINDOW=LONG_S)
    journal.wait_for(COMPLETE)
    node.close_by_fin()
    journal.wait_for(COMPLETE, times=2)
    node.close_by_rst()
    journal.wait_for(COMPLETE, times=3)
    peer = node.peers[0]
    node.hear_text(peer, "/tcp")
    text = wait_text(node, peer.num, lambda sent: sent.startswith("Liaison"))
    assert "\nEssai sync : 1/1 perdues avec, 0/0 sans, p 1,000, rien de visible encore\n" in text


def test_two_trials_at_a_time_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    both = {"MESHBOT_TCP_SYNC_TRIAL": "1", "MESHBOT_TCP_LIGHT_TRIAL": "1"}
    with pytest.raises(ConfigError, match="un seul essai à la fois"):
        MeshBot(environment=both)
    for name, value in both.items():
        monkeypatch.setenv(name, value)
    assert main([]) == EXIT_CONFIG


# -- Light reconnections ---------------------------------------------------------------------------


def test_a_coin_decides_whether_the_nodes_database_is_asked_for(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    bot = start_bot(node, coin=Coin([True, False]), TCP_LIGHT_TRIAL=True)
    journal.wait_for(COMPLETE)
    node.close_by_fin()
    journal.wait_for("cette fois avec la base du nœud")
    journal.wait_for(COMPLETE, times=2)
    node.close_by_fin()
    journal.wait_for("cette fois sans la base du nœud")
    journal.wait_for(COMPLETE, times=3)
    bot.stop()
    events = noted(bot, K.TOSSED, K.CONNECTED)
    assert [event.text for event in events if event.kind is K.TOSSED] == ["full", "light"]
    first, full, light = [event.count for event in events if event.kind is K.CONNECTED]
    assert first == full == 13 and light is not None and light <= 1


def test_a_coin_is_kept_until_the_node_answers(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    coin = Coin([True])
    bot = start_bot(node, coin=coin, TCP_LIGHT_TRIAL=True)
    journal.wait_for(COMPLETE)
    node.refuse_for(None)
    node.close_by_fin()
    journal.wait_for("reconnexion TCP n°3")
    node.accept_again()
    journal.wait_for(COMPLETE, times=2)
    bot.stop()
    assert coin.tosses == 1 and len(noted(bot, K.TOSSED)) == 1
