"""The trial in the report, in its JSON, and on the mesh."""

import json

import pytest

from meshbot.diagnosis.history_builder import history_of
from meshbot.diagnosis.journal_reader import JournalReader
from meshbot.diagnosis.link_diagnosis import Diagnosis, diagnose
from meshbot.diagnosis.report_json import json_report
from meshbot.diagnosis.report_text import text_report
from meshbot.diagnosis.trial.evidence import Counts, Result
from meshbot.diagnosis.trial.trial_kind import TrialKind
from meshbot.diagnosis.trial.trial_state import TrialState
from meshbot.diagnosis.trial.trial_text import course_line, end_line, toss_line, trial_clause
from meshbot.model.cause import Cause
from meshbot.model.link_event import EventKind, LinkEvent
from meshbot.model.sync_skip import SyncSkip

K = EventKind
COUNTED = ("Reconnexion TCP", "SYNC COMPLETE", "reconnexion", "SILENCE TCP", "Starting public key")
RUNNING = TrialState(TrialKind.SYNC, Counts(5, 0, 9, 13), 90.0, voids=2)


def lived(settings: str = '{"TCP_SYNC_TRIAL": true}') -> list[LinkEvent]:
    """Return a day with two reconnections: tossed with the sync and lost, without and alive."""
    return [
        LinkEvent(K.STARTED, 0.0, text=settings),
        LinkEvent(K.CONNECTED, 1.0),
        LinkEvent(K.LOST, 1_000.0, cause=Cause.RESET),
        LinkEvent(K.RECONNECTED, 1_010.0),
        LinkEvent(K.TOSSED, 1_010.0, text="sync"),
        LinkEvent(K.SYNC_SCHEDULED, 1_010.0, seconds=30.0),
        LinkEvent(K.SYNC_STARTED, 1_040.0),
        LinkEvent(K.SYNC_COMPLETE, 1_040.0, count=3),
        LinkEvent(K.LOST, 1_060.0, cause=Cause.RESET),
        LinkEvent(K.RECONNECTED, 1_070.0),
        LinkEvent(K.TOSSED, 1_070.0, text="skip"),
        LinkEvent(K.SYNC_SKIPPED, 1_070.0, text=SyncSkip.TRIAL),
        LinkEvent(K.ALIVE, 80_000.0),
    ]


def judged(events: list[LinkEvent], since_s: float = 0.0) -> tuple[str, Diagnosis]:
    history = history_of(events, since_s)
    diagnosis = diagnose(history)
    return text_report(history, diagnosis), diagnosis


def test_the_report_tells_how_far_it_is() -> None:
    text, diagnosis = judged(lived())
    section = text[text.index("\nEssai\n") : text.index("\nChiffres\n")]
    assert "TCP_SYNC_TRIAL, en cours : à chaque reconnexion, une pièce décide" in section
    assert (
        "1 reconnexion avec la synchronisation, dont 1 perdue dans les 90 s qui suivent ; 1 sans, "
        "dont 0 perdue" in section
    )
    assert "5 fois sur 10 (1 perdue sur 1 avec, 0 sur 1 sans : p = 0,500" in section
    assert "aucun effet n'aurait encore été vu" in section
    found = json.loads(json_report(history_of(lived()), diagnosis))["trial"]
    assert found["arms"] == {
        "sync": {"tosses": 1, "losses": 1},
        "skip": {"tosses": 1, "losses": 0},
    }
    assert (found["decided"], found["p_value"], found["visible_effect"]) == (None, 0.5, None)


def test_there_is_no_section_where_there_is_no_trial() -> None:
    events = [event for event in lived("{}") if event.kind is not K.TOSSED]
    text, diagnosis = judged(events)
    assert "Essai" not in text and diagnosis.trial is None
    assert json.loads(json_report(history_of(events), diagnosis))["trial"] is None


def test_a_trial_counts_from_its_beginning_whatever_the_report_looks_at() -> None:
    _, diagnosis = judged(lived(), since_s=50_000.0)
    assert diagnosis.trial is not None and diagnosis.trial.counts.tosses == 2


def test_a_trial_that_was_given_up_is_told_as_long_as_its_tosses_are() -> None:
    events = [*lived(), LinkEvent(K.STARTED, 90_000.0, text="{}"), LinkEvent(K.ALIVE, 99_000.0)]
    assert "TCP_SYNC_TRIAL, interrompu" in judged(events)[0]
    assert "Essai" not in judged(events, since_s=50_000.0)[0]


def test_the_coin_is_no_setting_of_the_operators() -> None:
    sessions = history_of(lived()).sessions
    assert [session.skips_sync for session in sessions] == [None, None, None]


@pytest.mark.parametrize("result", [None, *Result])
@pytest.mark.parametrize("kind", TrialKind)
def test_the_bots_lines_hold_no_counted_word_and_are_read_back(
    kind: TrialKind, result: Result | None
) -> None:
    state = TrialState(kind, RUNNING.counts, 90.0, result=result)
    tosses = {
        arm: toss_line(kind, state, suspect=arm == kind.suspect)
        for arm in (kind.suspect, kind.other)
    }
    for line in (*tosses.values(), end_line(state), course_line(kind, None)):
        assert not any(word in line for word in COUNTED)
    for arm, line in tosses.items():
        event = JournalReader().read(f"Jan 05 09:30:10 pi meshbot[1]: 09:30:10 [INFO] {line}")
        assert event is not None and (event.kind, event.text) == (K.TOSSED, arm)
    other = JournalReader().read(f"09:30:10 [INFO] {course_line(kind, state)}")
    assert other is None or other.kind is not K.TOSSED


def test_the_line_of_a_toss() -> None:
    assert toss_line(TrialKind.SYNC, RUNNING, suspect=True) == (
        "🧪 Essai TCP_SYNC_TRIAL : cette fois avec la synchronisation (14 avec, 13 sans jusqu'ici)"
    )


@pytest.mark.parametrize(
    ("state", "clause"),
    [
        (None, ""),
        (TrialState(TrialKind.SYNC, Counts(), 90.0, running=False), ""),
        (RUNNING, "Essai sync : 5/14 perdues avec, 0/13 sans, p 0,025, vu dès 60 %"),
        (
            TrialState(TrialKind.LIGHT, Counts(0, 0, 1, 1), 90.0),
            "Essai base : 0/1 perdues avec, 0/1 sans, p 1,000, rien de visible encore",
        ),
        (
            TrialState(TrialKind.SYNC, Counts(7, 0, 7, 13), 90.0, result=Result.GUILTY),
            "Essai sync en cause : 7/14 perdues avec, 0/13 sans, p 0,004",
        ),
    ],
)
def test_the_clause_for_the_mesh(state: TrialState | None, clause: str) -> None:
    assert trial_clause(state) == clause


def test_the_result_is_said_with_what_it_rests_on() -> None:
    state = TrialState(TrialKind.SYNC, Counts(7, 0, 7, 13), 90.0, result=Result.GUILTY)
    assert end_line(state) == (
        "🧪 Essai TCP_SYNC_TRIAL terminé : la synchronisation coupe la liaison ; elle est "
        "désormais sautée quand la liaison revient, et le cycle périodique apporte les clés "
        "(7 perdues sur 14 avec, 0 sur 13 sans)"
    )
