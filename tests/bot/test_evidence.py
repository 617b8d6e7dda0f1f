"""What the running bot gathers about each loss, out of the database again as a history."""

import json

import pytest

from main_bot import MeshBot
from meshbot.diagnosis.history_builder import history_of
from meshbot.link.link_policy import LinkPolicy
from meshbot.messages import node_uptime
from meshbot.model.cause import Cause
from meshbot.model.link_event import EventKind, LinkEvent
from meshbot.simulation.settings import UNSET
from meshbot.simulation.simulated_node import SimulatedNode
from meshbot.simulation.traits import SimulatedTraits
from meshbot.store.database import Database
from meshbot.store.link_event_store import LinkEventStore
from tests.support.journal import Journal
from tests.support.limits import LATE_S, WAIT_S
from tests.support.quick_bot import BotFactory

COMPLETE = "✅ SYNC COMPLETE"
RECONNECTED = "✅ Reconnexion TCP réussie"
RIVAL = "un autre client"
CRASHES = 5
K = EventKind


def events_of(bot: MeshBot) -> list[LinkEvent]:
    """Stop a bot and return what it wrote."""
    bot.stop()
    storage = LinkEventStore(Database(bot.site.database_path))
    storage.database.open()
    try:
        return storage.load_link_events(10_000)
    finally:
        storage.database.close()


def of_kind(kind: EventKind, events: list[LinkEvent]) -> list[LinkEvent]:
    return [event for event in events if event.kind is kind]


@pytest.mark.slow
def test_a_loss_tells_how_long_the_node_had_said_nothing(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    bot = start_bot(node)
    journal.wait_for(COMPLETE)
    assert not node.wait_until(lambda n: n.connections_open == 0, 1.3), "quiet, but up"
    node.close_by_rst()
    line = journal.wait_for("🔌 Liaison TCP perdue")
    said_s = int(line.partition(" ; dernier octet il y a ")[2].partition(" s ; nouvel essai")[0])
    journal.wait_for(RECONNECTED)
    node.close_by_rst()
    again = journal.wait_for("🔌 Liaison TCP perdue", times=2)
    assert "dernier octet" not in again, "that is no news after so short a time"
    journal.wait_for(RECONNECTED, times=2)
    losses = history_of(events_of(bot)).losses
    assert [loss.cause for loss in losses] == [Cause.RESET, Cause.RESET]
    heard_ago_s = [loss.declared_s - (loss.heard_s or 0.0) for loss in losses]
    assert 1.3 <= heard_ago_s[0] < 1.3 + LATE_S
    assert abs(heard_ago_s[0] - said_s) <= 0.6
    assert heard_ago_s[1] < 1.0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("down_s", "counts_reboots"),
    [(0.4, True), (0.4, False), (0.0, True)],
    ids=["refused and counted", "refused only", "counted only"],
)
def test_a_node_that_crashes_again_and_again_is_no_rivals_and_soon_back(
    start_bot: BotFactory,
    journal: Journal,
    down_s: float,
    counts_reboots: bool,
) -> None:
    with SimulatedNode(traits=SimulatedTraits(counts_reboots=counts_reboots)) as node:
        bot = start_bot(node, TCP_LASTING_SESSION=60.0, TCP_YIELD_FIRST=30.0)
        journal.wait_for(COMPLETE)
        for crash in range(1, CRASHES + 1):
            node.reboot(down_s)
            node.wait_until(lambda n: n.is_listening, WAIT_S)
            journal.wait_for(RECONNECTED, times=crash, timeout_s=LATE_S + down_s)
        events = events_of(bot)
    assert journal.count(RIVAL) == 0
    assert of_kind(K.CONTESTED, events) == []
    line = journal.wait_for("redémarre sans cesse")
    assert "3 fois de suite, toutes les " in line and "alimentation" in line
    assert journal.count("redémarre sans cesse") == 1, "once in ten minutes"
    losses = history_of(events).losses
    assert [loss.reboots for loss in losses] == [1 if counts_reboots else None] * CRASHES
    if down_s:
        assert all(Cause.REFUSED in loss.failures for loss in losses)


@pytest.mark.slow
def test_without_that_evidence_it_would_be_called_a_rival(
    node: SimulatedNode,
    start_bot: BotFactory,
    journal: Journal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The test above can fail: such restarts, told to a policy that hears nothing of them."""
    monkeypatch.setattr(LinkPolicy, "refused", lambda policy: None)
    start_bot(node, TCP_LASTING_SESSION=60.0, TCP_YIELD_FIRST=30.0)
    journal.wait_for(COMPLETE)
    for restart in range(1, 4):
        node.refuse_for(0.4)
        journal.wait_for(RECONNECTED if restart < 3 else RIVAL, times=restart % 3 or 1)


@pytest.mark.slow
def test_a_program_that_restarts_again_and_again_says_fin_and_is_no_rivals(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    """Where an operating system runs the firmware, it closes the connections of what it ends."""
    start_bot(node, TCP_LASTING_SESSION=60.0, TCP_YIELD_FIRST=30.0)
    journal.wait_for(COMPLETE)
    for restart in range(1, 5):
        node.refuse_for(0.4)
        journal.wait_for(RECONNECTED, times=restart)
    assert journal.count(RIVAL) == 0


@pytest.mark.slow
def test_resets_alone_are_no_rivals(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    """The count of reboots does not grow and nothing is refused: still no sign of anybody."""
    start_bot(node, TCP_LASTING_SESSION=60.0, TCP_YIELD_FIRST=30.0)
    journal.wait_for(COMPLETE)
    for reset in range(1, 5):
        node.close_by_rst()
        journal.wait_for(RECONNECTED, times=reset)
    assert journal.count(RIVAL) == 0
    assert journal.count("redémarre sans cesse") == 0


@pytest.mark.slow
def test_a_node_that_crashes_in_the_middle_of_handshakes_is_no_rivals(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    """Its count of reboots comes first in each, so it tells even when the rest does not come."""
    bot = start_bot(node, TCP_LASTING_SESSION=60.0, TCP_YIELD_FIRST=30.0)
    journal.wait_for(COMPLETE)
    node.hang_handshake_after = 4
    for connections in range(2, 7):
        node.reboot(0.0)
        assert node.wait_until(lambda n, least=connections: n.connections_total >= least, WAIT_S)  # type: ignore[misc]
        assert node.wait_until(lambda n: n.frames_sent_this_connection >= 4, WAIT_S)
    node.hang_handshake_after = None
    node.reboot(0.0)
    journal.wait_for(RECONNECTED)
    assert journal.count(RIVAL) == 0
    losses = history_of(events_of(bot)).losses
    assert [loss.reboots for loss in losses] == [6]


def test_what_the_node_said_of_itself_is_kept(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    node.region, node.transmits = UNSET, False
    bot = start_bot(node)
    journal.wait_for(COMPLETE)
    node.close_by_fin()
    journal.wait_for(RECONNECTED)
    events = events_of(bot)
    told = of_kind(K.NODE, events)
    assert [event.count for event in told] == [1, 1]
    assert [event.session for event in told] == [1, 2]
    assert history_of(events).node == json.loads(told[0].text)
    assert json.loads(told[0].text) == {
        "id": f"!{node.num:08x}",
        "firmware": "2.7.11",
        "region": "UNSET",
        "transmits": False,
    }
    assert journal.count("🧭 Nœud") == 1
    assert journal.count("[WARNING] ⚠️ La région du nœud n'est pas réglée") == 1
    assert journal.count("[WARNING] ⚠️ L'émetteur du nœud est coupé") == 1


@pytest.mark.slow
def test_the_nodes_own_telemetry_tells_when_it_started(
    node: SimulatedNode,
    start_bot: BotFactory,
    journal: Journal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(node_uptime, "BACKLOG_S", 0.0)
    node.telemetry_interval_s = 0.05
    bot = start_bot(node)
    journal.wait_for(COMPLETE)
    node.reboot(0.3)
    journal.wait_for(RECONNECTED)
    heard = node.frames_sent_this_connection
    # Its first second it says 0, which says nothing.
    assert node.wait_until(lambda n: n.frames_sent_this_connection > heard + 30, WAIT_S)
    events = events_of(bot)
    assert len(of_kind(K.UPTIME, events)) in (1, 2), "once a session"
    (loss,) = history_of(events).losses
    assert loss.booted_s is not None
    assert abs(loss.booted_s - (loss.declared_s + 0.3)) < 1.0 + LATE_S
