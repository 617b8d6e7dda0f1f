"""The running bot's trial, with a journal in memory: what it notes, says and does."""

import json
from collections.abc import Callable, Collection

import pytest

from meshbot.diagnosis.trial.trial_kind import TrialKind
from meshbot.model.cause import Cause
from meshbot.model.link_event import EventKind, LinkEvent
from meshbot.service.fair_coin import fair_coin
from meshbot.service.light_choice import LightChoice
from meshbot.service.link_trial import LinkTrial
from meshbot.store.storage_error import StorageError
from tests.support.clock import Clock
from tests.support.journal import Journal

K = EventKind


class Events:
    """A journal that keeps events in memory, with a fault to switch on."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.events: list[LinkEvent] = []
        self.failing = False
        self.reads = 0

    def note(self, kind: EventKind, *, text: str = "", cause: Cause | None = None) -> None:
        now_s = self.clock()
        self.events.append(LinkEvent(kind, 1e9 + now_s, now_s, run=1, text=text, cause=cause))

    def events_of(self, kinds: Collection[EventKind], most: int) -> list[LinkEvent]:
        self.reads += 1
        if self.failing:
            raise StorageError("disque absent", passing=True)
        return [event for event in self.events if event.kind in kinds][-most:]


class Bench:
    """A trial, and the life around it."""

    def __init__(self, kind: TrialKind = TrialKind.SYNC) -> None:
        self.clock = Clock(1_000.0)
        self.events = Events(self.clock)
        self.posted: list[Callable[[], object]] = []
        self.side = True
        self.events.note(K.STARTED, text=json.dumps({kind.constant: True}))
        self.trial = LinkTrial(
            kind, self.events, self.posted.append, coin=lambda: self.side, clock=self.clock
        )

    def session(self, *, side: bool, lasts_s: float) -> bool | None:
        """Live through one; return what the bot was told to do."""
        self.side = side
        told = self.trial.with_suspect()
        self.trial.begins()
        self.run()
        self.clock.now_s += lasts_s
        self.events.note(K.LOST, cause=Cause.RESET)
        self.trial.link_failed()
        self.run()
        self.clock.now_s += 10.0
        return told

    def run(self) -> None:
        calls = list(self.posted)
        self.posted.clear()
        for call in calls:
            call()

    def texts(self, kind: EventKind) -> list[str]:
        return [event.text for event in self.events.events if event.kind is kind]


def test_it_tosses_notes_and_finds_the_guilty(journal: Journal) -> None:
    bench = Bench()
    bench.trial.start()
    told = []
    for _ in range(7):
        told += [bench.session(side=False, lasts_s=500.0), bench.session(side=True, lasts_s=60.0)]
        if bench.texts(K.TRIAL_ENDED):
            break
    assert told == [False, True] * (len(told) // 2)
    assert bench.texts(K.TOSSED) == ["skip", "sync"] * (len(told) // 2)
    assert [json.loads(text) for text in bench.texts(K.TRIAL_ENDED)] == [
        {"trial": "sync", "result": "guilty"}
    ]
    assert journal.count("terminé : la synchronisation coupe la liaison") == 1
    assert bench.session(side=True, lasts_s=60.0) is False
    assert len(bench.texts(K.TOSSED)) == len(told) and len(bench.texts(K.TRIAL_ENDED)) == 1


def test_it_finds_the_innocent_and_syncs_from_then_on(journal: Journal) -> None:
    bench = Bench()
    bench.trial.start()
    for number in range(60):
        bench.session(side=number % 2 == 0, lasts_s=500.0)
    assert bench.texts(K.TRIAL_ENDED) == ['{"trial": "sync", "result": "innocent"}']
    assert journal.count("hors de cause") == 1
    assert bench.session(side=False, lasts_s=500.0) is True


def test_a_session_that_goes_on_counts_as_soon_as_it_has_survived() -> None:
    bench = Bench()
    bench.trial.start()
    bench.trial.with_suspect()
    bench.trial.begins()
    bench.run()
    reads = bench.events.reads
    bench.clock.now_s += 269.0
    bench.trial.look_again()
    bench.trial.link_failed()
    bench.run()
    assert bench.events.reads == reads + 2  # it is not known yet
    bench.clock.now_s += 1.0
    bench.trial.look_again()
    bench.trial.look_again()
    bench.trial.link_failed()
    assert bench.events.reads == reads + 3 and not bench.posted


def test_a_store_that_fails_means_no_trial_now_and_one_line(journal: Journal) -> None:
    bench = Bench()
    bench.events.failing = True
    bench.trial.start()
    assert bench.session(side=True, lasts_s=60.0) is None
    assert bench.session(side=True, lasts_s=60.0) is None
    assert journal.count("⚠️ Essai TCP_SYNC_TRIAL suspendu : disque absent") == 1
    assert not bench.texts(K.TOSSED)
    bench.events.failing = False
    assert bench.session(side=True, lasts_s=60.0) is None  # it is looked at after that
    assert bench.session(side=True, lasts_s=60.0) is True


def test_the_link_never_reads(journal: Journal) -> None:
    """What the link thread calls leaves the reading to the worker."""
    bench = Bench()
    bench.trial.start()
    reads = bench.events.reads
    bench.trial.with_suspect()
    assert bench.trial.begins()
    bench.trial.link_failed()
    assert bench.events.reads == reads and bench.posted


@pytest.mark.parametrize("usual", [True, False])
def test_light_reconnections_follow_the_coin_then_the_result(usual: bool) -> None:
    bench = Bench(TrialKind.LIGHT)
    choice = LightChoice(bench.trial)
    assert choice.is_light(usual) is usual
    bench.trial.start()
    bench.side = True
    assert choice.is_light(usual) is False
    bench.side = False
    assert choice.is_light(usual) is False  # not tossed again for the same connection
    choice.opened()
    bench.run()
    assert choice.is_light(usual) is True
    assert bench.texts(K.TOSSED) == ["full"]
    choice.opened()
    for _ in range(7):
        bench.session(side=False, lasts_s=500.0)
        bench.session(side=True, lasts_s=60.0)
    assert bench.texts(K.TRIAL_ENDED) == ['{"trial": "light", "result": "guilty"}']
    assert choice.is_light(usual) is True


def test_the_coin_has_two_sides() -> None:
    assert {fair_coin() for _ in range(200)} == {True, False}
