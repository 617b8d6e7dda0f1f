"""The bot's promises about the link, and whether it kept them."""

import pytest

from meshbot.diagnosis.history_builder import history_of
from meshbot.diagnosis.link_diagnosis import diagnose
from meshbot.model.cause import Cause
from meshbot.model.link_event import EventKind, LinkEvent
from tests.diagnosis.made import NOON_S
from tests.diagnosis.sample_weeks import sample_history


def criteria(events: list[LinkEvent]) -> list[bool | None]:
    return [criterion.passed for criterion in diagnose(history_of(events)).criteria]


def silence_then(back_s: float, sync_s: float | None) -> list[LinkEvent]:
    """Return a silence that is over after ``back_s``, and a sync so long after it was declared."""
    K = EventKind  # noqa: N806
    events = [
        LinkEvent(K.STARTED, NOON_S, text="{}"),
        LinkEvent(K.CONNECTED, NOON_S + 1),
        LinkEvent(K.SILENCE, NOON_S + 1_000, seconds=121),
        LinkEvent(K.LOST, NOON_S + 1_000, text="silence"),
        LinkEvent(K.ATTEMPT, NOON_S + 1_015, count=1, text="silence"),
        LinkEvent(K.RECONNECTED, NOON_S + 1_000 + back_s, count=1),
        LinkEvent(K.SYNC_SCHEDULED, NOON_S + 1_000 + back_s, seconds=30),
        LinkEvent(K.ALIVE, NOON_S + 3_000),
    ]
    if sync_s is not None:
        events.insert(-1, LinkEvent(K.SYNC_COMPLETE, NOON_S + 1_000 + sync_s, count=40))
    return events


@pytest.mark.parametrize(
    ("back_s", "sync_s", "silence", "keys"),
    [
        (18.0, 48.0, True, True),
        (18.4, 48.4, True, True),
        (16.0, 46.0, True, True),
        (25.0, 55.0, False, True),
        (18.0, 120.0, True, False),
        (18.0, None, True, False),
    ],
)
def test_the_promises_about_silences_and_keys_are_checked(
    back_s: float, sync_s: float | None, silence: bool, keys: bool
) -> None:
    assert criteria(silence_then(back_s, sync_s))[:2] == [silence, keys]


def silence_of_a_stopped_node(
    *failures_s: float, attempt_s: float = 15.0, handshake_s: float = 0.5
) -> list[LinkEvent]:
    """Return a silence, attempts that failed so long after it, and one that waited for the node."""
    K = EventKind  # noqa: N806
    declared_s = NOON_S + 1_000
    events = [
        LinkEvent(K.STARTED, NOON_S, text="{}"),
        LinkEvent(K.CONNECTED, NOON_S + 1),
        LinkEvent(K.SILENCE, declared_s, seconds=121),
        LinkEvent(K.LOST, declared_s, cause=Cause.SILENCE, seconds=121),
    ]
    for number, failed_s in enumerate(failures_s, 1):
        events += [
            LinkEvent(K.ATTEMPT, declared_s + failed_s - 0.1, count=number, cause=Cause.SILENCE),
            LinkEvent(K.NOT_OPENED, declared_s + failed_s, cause=Cause.REFUSED),
        ]
    connected_s = declared_s + attempt_s + handshake_s
    return [
        *events,
        LinkEvent(K.ATTEMPT, declared_s + attempt_s, count=len(failures_s) + 1),
        LinkEvent(K.CONNECTED, connected_s, seconds=handshake_s, count=1),
        LinkEvent(K.RECONNECTED, connected_s + 3, count=len(failures_s) + 1),
        LinkEvent(K.ALIVE, NOON_S + 9_000),
    ]


@pytest.mark.parametrize(
    ("events", "kept"),
    [
        (silence_of_a_stopped_node(), True),
        # It was stopped, and its system accepted the connection for it.
        (silence_of_a_stopped_node(handshake_s=40.0), True),
        # The bot itself came late.
        (silence_of_a_stopped_node(attempt_s=30.0), False),
        # It was away for long: the pauses between attempts grow to a minute.
        (silence_of_a_stopped_node(15, 16, 18, 20, attempt_s=22.0), None),
        (silence_of_a_stopped_node(15, 60, 300, 360, attempt_s=420.0), None),
        # Longer than the longest pause after the last failure.
        (silence_of_a_stopped_node(15, 60, 300, 360, attempt_s=500.0), False),
    ],
)
def test_a_silence_counts_from_when_the_node_would_have_served(
    events: list[LinkEvent], kept: bool | None
) -> None:
    assert criteria(events)[0] is kept


def test_the_report_says_what_was_the_nodes_time() -> None:
    events = silence_of_a_stopped_node(15, 60, 300, 360, attempt_s=420.0, handshake_s=9.0)
    (criterion, *_) = diagnose(history_of(events)).criteria
    assert criterion.evidence == (
        "1 fois le nœud n'était pas encore là : repris 63 s au plus après le dernier essai manqué"
    )


def test_messages_opened_and_not_opened_are_a_promise() -> None:
    start = LinkEvent(EventKind.STARTED, NOON_S, text="{}")
    opened = LinkEvent(EventKind.MESSAGE_OPENED, NOON_S + 1)
    sealed = LinkEvent(EventKind.MESSAGE_NOT_OPENED, NOON_S + 1, text="x")
    assert criteria([start])[2] is None
    assert criteria([start, opened, sealed])[2] is True
    assert criteria([start, sealed])[2] is False
    told = diagnose(history_of([start, opened, sealed])).criteria
    assert told[2].evidence == "1 ouvert, 1 non"


@pytest.mark.parametrize(
    ("name", "passed", "words"),
    [
        ("crash every 6 h", True, "hors de cause"),
        ("sync 0.5, FIN", False, "ont commencé dans les 90 s après une synchronisation"),
        ("phone by hand", None, "ni accusée ni innocentée"),
    ],
)
def test_no_loss_by_the_bot_is_a_promise_kept_broken_or_open(
    name: str, passed: bool | None, words: str
) -> None:
    criterion = diagnose(sample_history(name)).criteria[3]
    assert criterion.passed is passed
    assert words in criterion.evidence


def test_figures_are_those_of_the_history() -> None:
    figures = diagnose(history_of(silence_then(18.0, 48.0))).figures
    assert (figures.losses, figures.reconnections, figures.syncs) == (1, 1, 1)
    assert figures.busiest_hour == 1
    assert figures.observed_s == 3_000
    assert figures.up_s == 3_000 - 1 - 121 - 18
    assert figures.longest_run_s == 3_000 - 1_018
    assert figures.median_outage_s == figures.longest_outage_s == 139
    assert figures.median_to_silence_s is None  # the first session was no reconnection
