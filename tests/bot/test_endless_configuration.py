"""A node whose configuration has no end: what the operator, the journal and the report are told."""

import pytest

from main_bot import MeshBot
from meshbot.diagnosis.link_journal import LinkJournal
from meshbot.link import handshake_budget
from meshbot.model.cause import Cause
from meshbot.model.link_event import EventKind
from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.journal import Journal
from tests.support.quick_bot import BotFactory


def noted(bot: MeshBot, kind: EventKind) -> list[Cause | None]:
    journal: LinkJournal = bot.link_journal
    journal.flush()
    return [event.cause for event in journal.events(100) if event.kind is kind]


def test_a_database_without_an_end_is_no_reason_to_blame_its_sending(
    start_bot: BotFactory, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bot goes on without the database, as with one that cannot be sent."""
    monkeypatch.setattr(handshake_budget, "MAX_FRAMES", 60)
    with SimulatedNode(peers=100) as node:
        bot = start_bot(node)
        journal.wait_for("🔌 Liaison TCP impossible")
        journal.wait_for("✅ Connexion TCP établie")
        assert journal.count("le nœud envoie une configuration sans fin") >= 1
        assert journal.count("prochain essai sans elle") == 1
        assert Cause.ENDLESS in noted(bot, EventKind.NOT_OPENED)
        assert noted(bot, EventKind.LOST) == []
