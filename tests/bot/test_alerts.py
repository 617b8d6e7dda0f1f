"""The whole bot tells the operator: its link is away, its battery is low, a key waits."""

import re
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from main_bot import MeshBot
from meshbot.alerts import alert_outbox, alert_pace
from meshbot.model.link_event import EventKind
from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.alert_receiver import AlertReceiver
from tests.support.damages import PAGE, fill, make_nodes
from tests.support.journal import Journal
from tests.support.limits import PROGRAM_S
from tests.support.quick_bot import BotFactory

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alert_pace, "MATTER_S", 0.5)
    monkeypatch.setattr(alert_outbox, "FIRST_PAUSE_S", 0.1)


@pytest.fixture
def start_alerting(start_bot: BotFactory) -> Callable[..., MeshBot]:
    def start(node: SimulatedNode, receiver: AlertReceiver, **more: str) -> MeshBot:
        environment = {"MESHBOT_ALERT_URLS": receiver.url, **more}
        return start_bot(node, ALERT_LINK_DOWN=0.3, environment=environment)

    return start


def test_a_link_that_goes_away_is_told_with_its_cause_and_so_is_that_it_is_back(
    node: SimulatedNode, start_alerting: Callable[..., MeshBot], journal: Journal
) -> None:
    with AlertReceiver() as receiver:
        start_alerting(node, receiver)
        journal.wait_for("Alertes envoyées par : json (n° 1)")
        journal.wait_for("Connexion TCP établie")
        node.refuse_for(None)
        down = receiver.next()
        assert "liaison perdue" in down["title"]
        assert re.search(r"Pas de liaison avec le nœud depuis \d+ s\. Cause : ", down["message"])
        assert "connexion fermée par le nœud (FIN)" in down["message"]
        assert "À présent : connexion refusée" in down["message"]
        assert down["type"] == "failure"
        node.accept_again()
        journal.wait_for("Reconnexion TCP réussie")
        back = receiver.next()
    assert "liaison rétablie" in back["title"]
    assert "La liaison avec le nœud est rétablie, après" in back["message"]


def test_what_the_parts_of_the_bot_notice_is_told(
    node: SimulatedNode, start_alerting: Callable[..., MeshBot], journal: Journal, tmp_path: Path
) -> None:
    admin, stranger = node.peers[1], node.peers[2]
    with AlertReceiver() as receiver:
        bot = start_alerting(node, receiver, MESHBOT_ADMIN_NODES=admin.node_id)
        journal.wait_for("SYNC COMPLETE")
        bot.link_journal.note(EventKind.METRICS, text='{"battery": 12}')
        assert "12 % de charge" in receiver.next()["message"]
        node.notify("Duty cycle limit exceeded. You can send again in 12 mins")
        assert "temps d'émission légal" in receiver.next()["message"]
        node.hear_node_info(stranger, public_key=b"\x07" * 32)
        waits = receiver.next()
        assert "une clé attend une décision" in waits["title"]
        assert f"main_bot.py keys list {stranger.node_id[1:]}" in waits["message"]
        for file in tmp_path.glob("bot.db*"):
            if not file.name.endswith(".lock"):
                file.unlink()
        node.hear_node_info(node.peers[3], public_key=b"\x08" * 32)
        receiver.wait_for("elle a été refaite, avec tout ce que le bot sait.")
        node.hear_text(admin, "/tcp reconnect")
        receiver.wait_for(f"({admin.node_id}) exécuté (clé ")


def test_a_database_that_was_set_aside_at_the_start_is_told(
    node: SimulatedNode, start_alerting: Callable[..., MeshBot], journal: Journal, tmp_path: Path
) -> None:
    path = tmp_path / "bot.db"
    fill(path, make_nodes(30))
    content = bytearray(path.read_bytes())
    content[PAGE : 3 * PAGE] = b"\xaa" * (2 * PAGE)
    path.write_bytes(content)
    with AlertReceiver() as receiver:
        start_alerting(node, receiver)
        post = receiver.next()
    assert "la base a été refaite" in post["title"]
    assert "mise de côté sous bot.db.abimee-" in post["message"]
    assert journal.count("mise de côté") == 1


def test_without_addresses_there_is_no_thread_and_nothing_listens(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    bot = start_bot(node)
    journal.wait_for("Connexion TCP établie")
    names = {thread.name for thread in threading.enumerate()}
    assert not names & {"alerts", "alert-sender"}
    assert "apprise" not in sys.modules
    assert bot.link_journal._listeners == ()


def test_without_apprise_the_bot_runs_and_says_what_to_install(
    node: SimulatedNode,
    start_alerting: Callable[..., MeshBot],
    journal: Journal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("meshbot.alerts.apprise_runner.is_installed", lambda: False)
    with AlertReceiver() as receiver:
        start_alerting(node, receiver)
        journal.wait_for("la bibliothèque apprise manque")
        journal.wait_for("Connexion TCP établie")
    assert journal.count("Alertes envoyées") == 0


def test_the_bot_stops_while_a_service_answers_for_ever(
    node: SimulatedNode, start_alerting: Callable[..., MeshBot], journal: Journal
) -> None:
    with AlertReceiver(hanging=True) as receiver:
        bot = start_alerting(node, receiver)
        journal.wait_for("Connexion TCP établie")
        bot.link_journal.note(EventKind.METRICS, text='{"battery": 12}')
        assert receiver.asked.wait(PROGRAM_S)
        started_s = time.monotonic()
        bot.stop()
        assert time.monotonic() - started_s < 5.0
        names = [thread.name for thread in threading.enumerate()]
        assert not {"alerts", "alert-sender"} & set(names)


def test_the_bot_stops_where_apprise_is_not_imported_yet(
    node: SimulatedNode, start_alerting: Callable[..., MeshBot], journal: Journal
) -> None:
    """The process is ended whatever it is at; nothing is sent afterwards."""
    with AlertReceiver() as receiver:
        bot = start_alerting(node, receiver)
        bot.link_journal.note(EventKind.METRICS, text='{"battery": 12}')
        bot.stop()
        assert receiver.is_empty()
