"""From the link's events to tosses and their outcomes."""

import json
from typing import Any

import pytest

from meshbot.diagnosis.trial.evidence import Counts, Result
from meshbot.diagnosis.trial.toss_log import TossLog
from meshbot.diagnosis.trial.trial_kind import TrialKind
from meshbot.diagnosis.trial.trial_state import TrialState
from meshbot.model.cause import Cause
from meshbot.model.link_event import EventKind, LinkEvent

K = EventKind
ON = json.dumps({"TCP_SYNC_TRIAL": True})
OFF = json.dumps({"TCP_SYNC_TRIAL": False})
LIGHT = json.dumps({"TCP_LIGHT_TRIAL": True})
LATER_S = 1e6


def state_of(*events: tuple[Any, ...], now_s: float = LATER_S) -> TrialState | None:
    """Return the trial of events given as time, kind, and fields."""
    log = TossLog()
    for at_s, kind, fields in events:
        log.add(LinkEvent(kind, float(at_s), **fields))
    return log.trial(now_s)


def started(at_s: float, settings: str = ON) -> tuple[Any, ...]:
    return at_s, K.STARTED, {"text": settings}


def tossed(at_s: float, arm: str = "sync") -> tuple[Any, ...]:
    return at_s, K.TOSSED, {"text": arm}


def lost(at_s: float, cause: Cause = Cause.RESET, seconds: float | None = 1) -> tuple[Any, ...]:
    return at_s, K.LOST, {"cause": cause, "seconds": seconds}


LOST, SURVIVED, VOID = "lost", "survived", "void"


def outcome(state: TrialState | None) -> str:
    """Return what became of the one toss."""
    assert state is not None and not state.pending
    assert state.counts.tosses + state.voids == 1
    if state.voids:
        return VOID
    return LOST if state.counts.lost_with + state.counts.lost_without else SURVIVED


@pytest.mark.parametrize("arm", ["sync", "skip"])
@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (lost(1_020), VOID),  # before the sync was due, at 1,030
        (lost(1_031), LOST),
        (lost(1_120, seconds=0), LOST),
        (lost(1_121, seconds=0), SURVIVED),  # alive after 90 s
        (lost(1_150, seconds=30), LOST),  # noticed with the next heartbeat
        (lost(1_151, seconds=40), SURVIVED),  # too late for that
        (lost(1_240, Cause.SILENCE, 120), LOST),  # since 1,120
        (lost(1_241, Cause.SILENCE, 120), SURVIVED),
        (lost(1_140, Cause.SILENCE, 120), LOST),  # since 1,020: at once when it was due, perhaps
        (lost(1_060, Cause.REQUESTED), VOID),
        (lost(1_300, Cause.REQUESTED), SURVIVED),
        ((1_269, K.STOPPED, {}), VOID),  # a silence would be noticed at 1,270
        ((1_270, K.STOPPED, {}), SURVIVED),
        (started(5_000), VOID),  # the power failed, nobody knows when
        (tossed(1_050, "none"), VOID),  # a loss that was not noted
        ((1_060, K.CONNECTED, {}), VOID),
        ((1_270, K.ALIVE, {}), SURVIVED),
        # Older journals tell a loss in words, and the silence in a line of its own.
        ((1_060, K.LOST, {"text": "demandée par !a1b2c3d4"}), VOID),
        ((1_060, K.LOST, {"text": "connexion réinitialisée par le nœud (RST)"}), LOST),
    ],
)
def test_the_outcome_of_a_toss_does_not_ask_for_the_arm(
    arm: str, end: tuple[Any, ...], expected: str
) -> None:
    state = state_of(started(0), tossed(1_000, arm), end)
    assert outcome(state) == expected
    assert state is not None
    if expected == LOST:
        assert state.counts == (Counts(lost_with=1) if arm == "sync" else Counts(lost_without=1))


def test_a_silence_is_dated_by_its_own_line_where_the_loss_has_no_time() -> None:
    silence = (1_240, K.SILENCE, {"seconds": 120})
    end = lost(1_240, Cause.SILENCE, seconds=None)
    assert outcome(state_of(started(0), tossed(1_000), silence, end)) == LOST


def test_the_last_toss_is_open_until_a_silence_would_have_been_noticed() -> None:
    state = state_of(started(0), tossed(1_000), now_s=1_269)
    assert state is not None and state.pending and state.counts == Counts()
    state = state_of(started(0), tossed(1_000), now_s=1_270)
    assert state is not None and not state.pending
    assert state.counts == Counts(survived_with=1)


def test_the_times_are_those_of_the_settings() -> None:
    settings = {"TCP_SYNC_TRIAL": True, "TCP_PUBKEY_SYNC_DELAY": 60, "TCP_TRIAL_WINDOW": 40}
    state = state_of(started(0, json.dumps(settings)), tossed(1_000), lost(1_050))
    assert outcome(state) == VOID
    state = state_of(started(0, json.dumps(settings)), tossed(1_000), lost(1_092))
    assert outcome(state) == SURVIVED


def test_a_trial_goes_on_over_restarts_and_ends_with_its_constant() -> None:
    first: tuple[tuple[Any, ...], ...] = (started(0), tossed(100), lost(200), (250, K.STOPPED, {}))
    second = (started(300), tossed(400, "skip"), lost(500))
    state = state_of(*first, *second)
    assert state is not None and state.running
    assert state.counts == Counts(lost_with=1, lost_without=1)
    state = state_of(*first, started(300, OFF))
    assert state is not None and not state.running and state.counts.tosses == 1
    state = state_of(*first, started(300, OFF), started(350), *second[1:])
    assert state is not None and state.counts == Counts(lost_without=1)


def test_there_is_no_trial_where_none_was_asked_for() -> None:
    assert state_of(started(0, OFF), lost(100)) is None
    assert state_of(started(0, "MeshBot"), lost(100)) is None
    assert state_of(started(0, '["TCP_SYNC_TRIAL"]'), lost(100)) is None


def test_a_text_journal_tells_its_trial_by_the_tosses() -> None:
    state = state_of(started(0, "MeshBot"), tossed(100), lost(200), started(300, ""), tossed(400))
    assert state is not None and state.counts.tosses == 2


@pytest.mark.parametrize(
    ("events", "counts"),
    [
        # Lost while the database came: with "count", and no success in between.
        ([tossed(100, "full"), (103, K.LOST, {"count": 9, "seconds": 1})], Counts(lost_with=1)),
        ([tossed(100, "light"), (101, K.NOT_OPENED, {"cause": Cause.FIN})], Counts(lost_without=1)),
        (
            [tossed(100, "full"), (103, K.CONNECTED, {}), (106, K.RECONNECTED, {}), lost(180)],
            Counts(lost_with=1),
        ),
        (
            [tossed(100, "full"), (103, K.CONNECTED, {}), (106, K.RECONNECTED, {}), lost(230)],
            Counts(survived_with=1),
        ),
    ],
)
def test_light_is_tried_from_the_connection_on(
    events: list[tuple[Any, ...]], counts: Counts
) -> None:
    state = state_of(started(0, LIGHT), *events)
    assert state is not None and state.kind is TrialKind.LIGHT
    assert state.counts == counts


def test_a_result_that_was_noted_stays() -> None:
    ended = (900, K.TRIAL_ENDED, {"text": '{"trial": "sync", "result": "innocent"}'})
    state = state_of(started(0), ended, started(1_000))
    assert state is not None and state.noted and state.result is Result.INNOCENT
    state = state_of(started(0), ended, started(1_000, OFF), started(2_000))
    assert state is not None and state.result is None


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"trial": "x", "result": "innocent"}', "null"])
def test_a_result_that_is_none_is_ignored(text: str) -> None:
    state = state_of(started(0), (900, K.TRIAL_ENDED, {"text": text}))
    assert state is not None and state.result is None


def test_what_follows_the_decision_changes_nothing() -> None:
    events = [started(0)]
    for number in range(12):
        events += [tossed(1_000 * number), lost(1_000 * number + 60)]
        events += [tossed(1_000 * number + 500, "skip"), lost(1_000 * number + 900)]
    state = state_of(*events)
    assert state is not None and state.result is Result.GUILTY and not state.noted
    assert state.counts.tosses < 24
    again = state_of(*events, tossed(50_000), lost(50_060))
    assert again is not None and again.counts == state.counts


def test_a_slow_trial_ends_before_its_first_tosses_are_forgotten() -> None:
    day_s = 86_400.0
    events = [started(0)]
    for day in range(0, 90, 6):
        events += [tossed(day * day_s, "skip"), lost(day * day_s + 500)]
    state = state_of(*events, now_s=100 * day_s)
    assert state is not None and state.result is Result.NO_EFFECT_SEEN


def test_a_clock_that_was_put_right_does_not_end_it() -> None:
    years_s = 6 * 365 * 86_400.0
    state = state_of(
        started(0),
        tossed(100),
        lost(500),
        started(years_s),
        tossed(years_s + 100),
        lost(2 * years_s),
    )
    assert state is not None and state.counts.tosses == 2 and state.result is None
