"""What is counted of the link's journal and of what the parts tell."""

import threading

import pytest

from meshbot.model.cause import Cause
from meshbot.model.link_event import EventKind, LinkEvent
from meshbot.model.reply_fate import ReplyFate
from meshbot.status.bot_counters import MAX_NAMES, BotCounters
from meshbot.status.counts import LOSS_CAUSES
from meshbot.status.distribution import Distribution


def test_a_loss_is_counted_by_its_group_and_the_outage_begins() -> None:
    counters = BotCounters(0.0)
    assert counters.counts().down_since_s == 0.0
    counters.note_event(LinkEvent(EventKind.CONNECTED, 0.0, mono_s=5.0, seconds=0.4))
    assert counters.counts().down_since_s is None
    counters.note_event(LinkEvent(EventKind.LOST, 0.0, mono_s=9.0, cause=Cause.ALREADY_CLOSED))
    counters.note_event(LinkEvent(EventKind.LOST, 0.0, mono_s=12.0, cause=Cause.FIN))
    counts = counters.counts()
    assert counts.losses[Cause.FIN] == 2
    assert counts.down_since_s == 9.0
    assert sum(counts.losses.values()) == 2
    assert counts.handshakes.up_to_bounds()[:3] == [0, 0, 1]


@pytest.mark.parametrize("cause", [None, *Cause])
def test_every_cause_has_its_place_in_a_set_that_does_not_grow(cause: Cause | None) -> None:
    counters = BotCounters(0.0)
    counters.note_event(LinkEvent(EventKind.LOST, 0.0, cause=cause))
    losses = counters.counts().losses
    assert tuple(losses) == LOSS_CAUSES
    assert sum(losses.values()) == 1
    assert len(LOSS_CAUSES) < 20


def test_reconnections_and_syncs_are_counted() -> None:
    counters = BotCounters(0.0)
    counters.note_event(LinkEvent(EventKind.RECONNECTED, 0.0, seconds=18.0))
    counters.note_event(LinkEvent(EventKind.SYNC_COMPLETE, 0.0, count=12, text="7 injected"))
    counters.note_event(LinkEvent(EventKind.SYNC_COMPLETE, 0.0, count=12, text=""))
    counters.note_event(LinkEvent(EventKind.ALIVE, 0.0))
    counts = counters.counts()
    assert (counts.reconnections, counts.outages.total) == (1, 18.0)
    assert (counts.key_syncs, counts.injected_keys) == (2, 7)


def test_what_was_returned_changes_no_more() -> None:
    counters = BotCounters(0.0)
    before = counters.counts()
    counters.reply_ended(ReplyFate.SENT)
    counters.command_heard("ping")
    counters.node_answered(0.3)
    counters.note_event(LinkEvent(EventKind.LOST, 0.0, cause=Cause.FIN))
    assert before.replies[ReplyFate.SENT] == 0
    assert before.commands == {}
    assert before.probes.up_to_bounds()[-1] == 0
    assert before.losses[Cause.FIN] == 0
    after = counters.counts()
    assert (after.replies[ReplyFate.SENT], after.commands) == (1, {"ping": 1})
    assert after.probes.total == 0.3


def test_the_names_of_commands_do_not_grow_without_end() -> None:
    counters = BotCounters(0.0)
    for number in range(10 * MAX_NAMES):
        counters.command_heard(f"made-up-{number}")
    commands = counters.counts().commands
    assert len(commands) <= MAX_NAMES + 1
    assert sum(commands.values()) == 10 * MAX_NAMES


def test_nothing_is_lost_between_threads() -> None:
    counters = BotCounters(0.0)

    def count() -> None:
        for _ in range(2_000):
            counters.command_heard("ping")
            counters.counts()

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counters.counts().commands == {"ping": 8_000}


def test_a_duration_counts_up_to_its_bound() -> None:
    durations = Distribution(1.0, 2.0, 5.0)
    for seconds in (-1.0, 1.0, 1.5, 5.0, 6.0):
        durations.add(seconds)
    assert durations.up_to_bounds() == [2, 3, 4, 5]
    assert durations.total == 13.5
