"""What waits for a service that is away, and for how long."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from meshbot.alerts.alert import Alert, AlertKind
from meshbot.alerts.alert_outbox import (
    FIRST_PAUSE_S,
    LONGEST_PAUSE_S,
    MOST_AT_ONCE,
    MOST_WAITING,
    AlertOutbox,
)


def alert(matter: object, text: str = "") -> Alert:
    return Alert(AlertKind.NODE_WARNS, matter, 0.0, text)


def test_the_newest_of_a_matter_waits_and_counts_the_others() -> None:
    outbox = AlertOutbox()
    outbox.put(alert("link", "down"))
    outbox.put(replace(alert("link", "back"), others=2))
    outbox.put(alert("battery"))
    batch = outbox.batch()
    assert [(one.text, one.others) for one in batch.alerts] == [("back", 3), ("", 0)]
    outbox.sent(batch)
    assert (outbox.waiting, outbox.wait_s(0.0)) == (0, None)


def test_what_came_while_it_was_sent_is_sent_too() -> None:
    outbox = AlertOutbox()
    outbox.put(alert("link", "down"))
    batch = outbox.batch()
    outbox.put(alert("link", "back"))
    outbox.sent(batch)
    assert [(one.text, one.others) for one in outbox.batch().alerts] == [("back", 0)]


def test_the_oldest_is_dropped_and_counted() -> None:
    outbox = AlertOutbox()
    outbox.put(alert(0, "first"))
    outbox.put(alert(0, "second"))
    for number in range(1, MOST_WAITING + 1):
        outbox.put(alert(number))
    assert outbox.waiting == MOST_WAITING
    batch = outbox.batch()
    assert batch.dropped == 2
    assert [one.matter for one in batch.alerts] == list(range(1, MOST_AT_ONCE + 1))
    outbox.sent(batch)
    assert outbox.batch().dropped == 0


def test_the_pauses_grow_to_a_quarter_of_an_hour_and_begin_anew() -> None:
    outbox = AlertOutbox()
    outbox.put(alert("link"))
    pauses_s = [outbox.not_sent(1_000.0) for _ in range(8)]
    assert pauses_s == [30.0, 60.0, 120.0, 240.0, 480.0, 900.0, 900.0, 900.0]
    assert (pauses_s[0], pauses_s[-1]) == (FIRST_PAUSE_S, LONGEST_PAUSE_S)
    assert outbox.wait_s(1_100.0) == 800.0
    assert outbox.wait_s(5_000.0) == 0.0
    outbox.sent(outbox.batch())
    outbox.put(alert("link"))
    assert outbox.wait_s(1_101.0) == 0.0
    assert outbox.not_sent(0.0) == FIRST_PAUSE_S


@given(st.lists(st.one_of(st.integers(0, 80), st.sampled_from(("sent", "not sent"))), max_size=300))
def test_nothing_is_lost_without_being_counted(steps: list[int | str]) -> None:
    outbox = AlertOutbox()
    put = told = 0
    for step in steps:
        if isinstance(step, int):
            outbox.put(alert(step))
            put += 1
        elif step == "sent":
            batch = outbox.batch()
            told += batch.dropped + sum(1 + one.others for one in batch.alerts)
            outbox.sent(batch)
        else:
            outbox.not_sent(0.0)
        assert outbox.waiting <= MOST_WAITING
    while outbox.waiting:
        batch = outbox.batch()
        told += batch.dropped + sum(1 + one.others for one in batch.alerts)
        outbox.sent(batch)
    assert told == put
