"""What the real bot notes while its link is troubled, and what the report makes of it.

Left out is what takes days: clearing the key sync, and a quiet mesh, which only older bots mistake
for a fault.
"""

import json
import re
import socket
import threading
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest

from main_bot import MeshBot
from meshbot.cli.arguments import parse_arguments
from meshbot.cli.report_command import ReportCommand
from meshbot.diagnosis import verdicts
from meshbot.diagnosis.history_builder import history_of
from meshbot.diagnosis.journal_reader import JournalReader
from meshbot.diagnosis.link_diagnosis import Diagnosis, diagnose
from meshbot.diagnosis.verdict import Verdict
from meshbot.diagnosis.verdicts import CAUSES, VERDICTS
from meshbot.diagnosis.verdicts.another_client import ANOTHER_CLIENT
from meshbot.diagnosis.verdicts.database_dump import DATABASE_DUMP
from meshbot.diagnosis.verdicts.network_or_power import NETWORK_OR_POWER
from meshbot.diagnosis.verdicts.node_reboots import NODE_REBOOTS
from meshbot.link.link_status import LinkStatus
from meshbot.messages.commands import Commands
from meshbot.messages.request import Request
from meshbot.model.cause import Cause
from meshbot.model.link_event import EventKind, LinkEvent
from meshbot.simulation.simulated_node import SimulatedNode
from meshbot.store.database import Database
from meshbot.store.link_event_store import LinkEventStore
from tests.support.air import wait_text
from tests.support.fake_view import FakeView
from tests.support.journal import Journal
from tests.support.limits import WAIT_S
from tests.support.quick_bot import QUICK_SILENCE, BotFactory

pytestmark = pytest.mark.slow

RECONNECTED = "✅ Reconnexion TCP réussie"
COMPLETE = "✅ SYNC COMPLETE"
MESSAGE_BYTES = 200
K = EventKind


def report_on(path: Path, *options: str) -> dict[str, Any]:
    """Return the report on a stopped or running bot's database."""
    written: list[str] = []
    command = ReportCommand(path, simulated=False, write=written.append)
    assert command.run(parse_arguments(["report", "--json", *options])) == 0
    found: dict[str, Any] = json.loads("".join(written))
    return found


def noted(path: Path) -> list[LinkEvent]:
    storage = LinkEventStore(Database(path))
    storage.database.open()
    try:
        return storage.load_link_events(10_000)
    finally:
        storage.database.close()


def read_from(journal: Journal) -> Diagnosis:
    """Return the diagnosis on what the bot printed."""
    return diagnose(history_of(JournalReader().events(journal.lines)))


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "bot.db"


def steal(node: SimulatedNode) -> None:
    """Connect as another client does: the node has one place, and gives it to the last."""
    socket.create_connection((node.host, node.port), WAIT_S).close()


def test_a_life_in_peace_is_noted_and_there_is_nothing_to_judge(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal, database: Path
) -> None:
    bot = start_bot(node)
    journal.wait_for(COMPLETE)
    bot.stop()
    events = noted(database)
    assert [event.kind for event in events] == [
        K.STARTED,
        K.CONNECTED,
        K.NODE,
        K.SYNC_STARTED,
        K.SYNC_COMPLETE,
        K.STOPPED,
    ]
    settings = json.loads(events[0].text)
    assert settings["TCP_SILENT_TIMEOUT"] == bot.TCP_SILENT_TIMEOUT
    assert settings["CONNECTION_MODE"] == "tcp"
    assert {event.run for event in events} == {1}
    assert [event.session for event in events] == [0, 1, 1, 1, 1, 1]
    assert events[1].count == 13 and (events[1].seconds or 0) > 0
    assert events[4].count == 12
    assert [event.mono_s for event in events] == sorted(event.mono_s for event in events)
    assert report_on(database)["verdict"] == "not enough data"


def test_another_client_is_found(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal, database: Path
) -> None:
    """A real second client takes the place again and again, soon after the bot has it back."""
    bot = start_bot(node, TCP_LASTING_SESSION=20.0, TCP_YIELD_FIRST=0.3, TCP_YIELD_MAX=0.3)
    journal.wait_for(COMPLETE)
    for times in range(1, 5):
        steal(node)
        journal.wait_for(RECONNECTED, times=times)
    assert journal.count("un autre client") >= 1
    bot.stop()
    assert any(event.kind is K.CONTESTED for event in noted(database))
    found = report_on(database)
    assert found["verdict"] == "another client takes the connection"
    assert read_from(journal).verdict is ANOTHER_CLIENT
    assert found["figures"]["losses"] >= 4


def test_reboots_are_found(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal, database: Path
) -> None:
    bot = start_bot(node)
    journal.wait_for(COMPLETE)
    for times in range(1, 4):
        node.reboot(0.4)
        journal.wait_for(RECONNECTED, times=times)
    bot.stop()
    found = report_on(database)
    assert found["verdict"] == "the node reboots"
    assert found["figures"]["reconnections"] == 3
    printed = read_from(journal)
    assert printed.verdict is NODE_REBOOTS
    assert printed.figures.reconnections == 3


def test_a_bad_network_is_found(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal, database: Path
) -> None:
    bot = start_bot(node, **QUICK_SILENCE)
    journal.wait_for(COMPLETE)
    for times in range(1, 4):
        node.go_silent()
        journal.wait_for(RECONNECTED, times=times)
    bot.stop()
    events = noted(database)
    silences = [event for event in events if event.kind is K.SILENCE]
    assert len(silences) == 3
    assert all((event.seconds or 0) >= bot.TCP_SILENT_TIMEOUT for event in silences)
    assert sum(event.kind is K.PROBE_UNANSWERED for event in events) == 3
    found = report_on(database)
    assert found["verdict"] == "network or power"
    assert found["causes"] == {"silence": 3}
    printed = read_from(journal)
    assert printed.verdict is NETWORK_OR_POWER
    assert printed.causes == {Cause.SILENCE: 3}
    assert any("interrogé" in reason for reason in found["reasons"])


def test_a_database_whose_sending_kills_the_link_is_found(
    start_bot: BotFactory, journal: Journal, database: Path
) -> None:
    """Whether the bot is started again, three times, on a node of forty that resets beyond ten."""
    with SimulatedNode(peers=40) as node:
        node.reset_dumps_over = 10
        for times in range(1, 4):
            bot = start_bot(node)
            journal.wait_for("pendant l'envoi de la base", times=times)
            journal.wait_for("✅ Connexion TCP établie", times=times)
            bot.stop()
    losses = [event for event in noted(database) if event.kind is K.LOST]
    assert [event.run for event in losses] == [1, 2, 3]
    assert all(event.count for event in losses)
    assert report_on(database)["verdict"] == "the node-database dump"
    assert read_from(journal).verdict is DATABASE_DUMP


def test_the_report_can_be_asked_for_while_the_bot_runs(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal, database: Path
) -> None:
    bot = start_bot(node)
    journal.wait_for(COMPLETE)
    node.close_by_fin()
    journal.wait_for(COMPLETE, times=2)
    bot.link_journal.flush()
    found = report_on(database, "--since", "1h")
    assert found["figures"]["reconnections"] == 1
    assert found["causes"] == {"fin": 1}
    assert bot.interface is not None


def test_a_reconnection_that_was_ordered_is_no_loss(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal, database: Path
) -> None:
    bot = start_bot(node)
    journal.wait_for(COMPLETE)
    bot.request_reconnection("!0000000a")
    journal.wait_for(RECONNECTED)
    bot.stop()
    assert report_on(database)["figures"]["losses"] == 0


def test_a_database_deleted_under_the_bot_costs_one_line_and_no_link(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal, database: Path
) -> None:
    bot = start_bot(node)
    journal.wait_for(COMPLETE)
    for file in database.parent.glob("bot.db*"):
        file.unlink()
    node.close_by_fin()
    journal.wait_for(COMPLETE, times=2)
    bot.link_journal.flush()
    assert journal.count("a disparu") == 1
    assert any(event.kind is K.RECONNECTED for event in noted(database))
    assert bot.link_status().up_s is not None


def test_a_write_that_hangs_does_not_hold_the_link_up(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = start_bot(node)
    journal.wait_for(COMPLETE)
    hanging, go_on = threading.Event(), threading.Event()
    write = LinkEventStore.add_link_events

    def hang(storage: LinkEventStore, events: list[LinkEvent]) -> None:
        hanging.set()
        assert go_on.wait(WAIT_S)
        write(storage, events)

    monkeypatch.setattr(LinkEventStore, "add_link_events", hang)
    writer = threading.Thread(target=bot.link_journal.flush, name="flush")
    writer.start()
    assert hanging.wait(WAIT_S)
    node.close_by_fin()
    journal.wait_for(RECONNECTED)
    assert writer.is_alive()
    go_on.set()
    writer.join(WAIT_S)


# -- /tcp --------------------------------------------------------------------------------------


def test_tcp_answers_with_the_verdict_in_one_message(
    node: SimulatedNode, quick_bot: BotFactory, journal: Journal
) -> None:
    quick_bot(node)
    journal.wait_for(COMPLETE)
    for times in range(1, 4):
        node.reboot(0.4)
        journal.wait_for(COMPLETE, times=times + 1)
    peer = node.peers[0]
    node.hear_text(peer, "/tcp")
    text = wait_text(node, peer.num, lambda sent: sent.startswith("Liaison"))
    assert text.endswith("\nSur 7 j : le nœud redémarre (100 %)")
    assert re.search(r"Rétablie 3 fois en 1 h, 3 en 24 h", text)
    assert len(text.encode()) <= MESSAGE_BYTES


class Judged(FakeView):
    """A view whose verdict a test sets."""

    judgement = ""

    def verdict(self) -> str:
        return self.judgement


@pytest.mark.parametrize("up_s", [None, 400 * 86_400.0 - 1])
@pytest.mark.parametrize(
    "headline",
    [
        *(f"{verdict.text} (100 %)" for verdict in CAUSES),
        *(verdict.text for verdict in VERDICTS),
        "coupures surtout entre 13:30 et 17:30 (100 %)",
        "journal de la liaison illisible",
    ],
)
def test_no_answer_about_the_link_takes_two_messages(headline: str, up_s: float | None) -> None:
    view = Judged(link=LinkStatus(up_s, 9_999, 10_000, "x", "host"))
    view.judgement = headline
    assert view.sync is not None
    view.sync = type(view.sync)(ago_s=399 * 86_400.0 + 86_399, keys=99_999)
    reply = Commands(view).answer(Request(sender=1, text="/tcp"))
    answer = reply.text if reply is not None else None
    assert answer is not None and answer.endswith(f"Sur 7 j : {headline}")
    assert len(answer.encode()) <= MESSAGE_BYTES, len(answer.encode())


def test_every_verdict_has_words() -> None:
    """And a name of its own; and there is no file of one whose judge is never asked."""
    modules = [
        import_module(module.name)
        for module in iter_modules(verdicts.__path__, f"{verdicts.__name__}.")
    ]
    found = [value for module in modules for value in vars(module).values()]
    assert {value for value in found if isinstance(value, Verdict)} == set(VERDICTS)
    assert all(verdict.text and verdict.name for verdict in VERDICTS)
    for names in ([v.name for v in VERDICTS], [v.text for v in VERDICTS]):
        assert len(set(names)) == len(VERDICTS)


def test_a_verdict_is_worked_out_once_in_ten_minutes(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot: MeshBot = start_bot(node)
    journal.wait_for(COMPLETE)
    read: list[int] = []
    load: Callable[[LinkEventStore, int], list[LinkEvent]] = LinkEventStore.load_link_events

    def count(storage: LinkEventStore, most: int) -> list[LinkEvent]:
        read.append(most)
        return load(storage, most)

    monkeypatch.setattr(LinkEventStore, "load_link_events", count)
    peer = node.peers[0]
    node.text_spacing_s = 0.0
    for times in (1, 2):
        node.hear_text(peer, "/tcp")
        wait_text(node, peer.num, lambda sent: "Sur 7 j" in sent, times=times)
    assert len(read) == 1
    assert bot.interface is not None
