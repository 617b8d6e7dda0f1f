"""Events become sessions, losses and outages; a silence begins when the node was last heard."""

import json

import pytest

from meshbot.diagnosis.history_builder import history_of
from meshbot.diagnosis.link_diagnosis import diagnose
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.report_json import json_report
from meshbot.diagnosis.report_page import html_report
from meshbot.diagnosis.report_text import text_report
from meshbot.model.cause import Cause
from meshbot.model.link_event import EventKind, LinkEvent
from tests.diagnosis.made import DAY_S, HOUR_S

K = EventKind
BASE_S = 1_790_000_000.0
FIN = "connexion fermée par le nœud (FIN)"


def event(
    kind: EventKind,
    at_s: float,
    *,
    seconds: float | None = None,
    count: int | None = None,
    text: str = "",
) -> LinkEvent:
    return LinkEvent(kind, BASE_S + at_s, seconds=seconds, count=count, text=text)


def history(*events: LinkEvent, since_s: float | None = None) -> LinkHistory:
    return history_of(events) if since_s is None else history_of(events, BASE_S + since_s)


STARTED = (event(K.STARTED, 0, text="{}"), event(K.CONNECTED, 2, seconds=2.0, count=80))
SILENCE = (
    event(K.SILENCE, 1_124, seconds=124),
    event(K.LOST, 1_124, text="silence, le nœud ne répond plus"),
    event(K.ATTEMPT, 1_139, count=1, text="silence, le nœud ne répond plus"),
    event(K.CONNECTED, 1_139.5, seconds=0.5, count=1),
    event(K.RECONNECTED, 1_142, seconds=142, count=1),
    event(K.SYNC_SCHEDULED, 1_142, seconds=30),
)
END = event(K.ALIVE, 2_000)


def test_a_silence_begins_at_the_last_sign_of_life() -> None:
    found = history(*STARTED, *SILENCE, END)
    (loss,) = found.losses
    assert loss.cause is Cause.SILENCE
    assert loss.began_s == BASE_S + 1_000
    assert loss.declared_s == BASE_S + 1_124
    assert (loss.life_s, loss.outage_s) == (998, 139.5 + 2.5)
    assert [session.end_s for session in found.sessions] == [BASE_S + 1_000, None]
    assert found.reconnections == [BASE_S + 1_142]
    assert loss.asked


def test_time_up_and_down_adds_up_to_the_whole() -> None:
    found = history(*STARTED, *SILENCE, END)
    assert found.up_s == 998 + (2_000 - 1_139.5)
    assert found.down_spans == [(BASE_S, BASE_S + 2), (BASE_S + 1_000, BASE_S + 1_139.5)]
    assert found.up_s + found.down_s == 2_000


def test_a_silence_longer_than_the_session_begins_with_it() -> None:
    found = history(*STARTED, event(K.SILENCE, 60, seconds=124), END)
    assert found.losses[0].began_s == BASE_S + 2
    assert found.losses[0].life_s == 0


def test_two_lines_about_a_loss_are_one_loss() -> None:
    found = history(
        *STARTED,
        event(K.LOST, 100, text=FIN),
        event(K.LOST, 101, text="encore"),
        event(K.ATTEMPT, 101, count=1, text=FIN),
        event(K.RECONNECTED, 104, count=1),
        END,
    )
    assert [loss.cause for loss in found.losses] == [Cause.FIN]


def test_a_link_lost_before_it_counted_is_another_loss() -> None:
    found = history(
        *STARTED,
        event(K.LOST, 100, text=FIN),
        event(K.CONNECTED, 101),
        event(K.LOST, 102, text=FIN),
        event(K.CONNECTED, 104),
        event(K.RECONNECTED, 107, count=2),
        END,
    )
    assert [loss.life_s for loss in found.losses] == [98, 1]
    assert len(found.reconnections) == 1


def test_failed_attempts_belong_to_the_loss_before_them() -> None:
    refused, away = "connexion refusée", "nœud injoignable"
    found = history(
        *STARTED,
        event(K.LOST, 100, text="connexion réinitialisée (RST)"),
        event(K.ATTEMPT, 100, count=1, text="connexion réinitialisée (RST)"),
        event(K.NOT_OPENED, 101, text=refused),
        event(K.ATTEMPT, 102, count=2, text=refused),
        event(K.NOT_OPENED, 112, text=away),
        event(K.ATTEMPT, 114, count=3, text=away),
        event(K.CONNECTED, 115),
        event(K.RECONNECTED, 118, count=3),
        END,
    )
    (loss,) = found.losses
    assert (loss.failures, loss.attempts) == ([Cause.REFUSED, Cause.UNREACHABLE], 3)


def test_attempts_alone_tell_the_same_in_a_text_journal() -> None:
    found = history(
        *STARTED,
        event(K.LOST, 100, text=FIN),
        event(K.ATTEMPT, 100, count=1, text=FIN),
        event(K.ATTEMPT, 102, count=2, text=FIN),
        event(K.ATTEMPT, 114, count=3, text="connexion refusée"),
        event(K.RECONNECTED, 118),
        END,
    )
    (loss,) = found.losses
    assert (loss.failures, loss.attempts) == ([Cause.FIN, Cause.REFUSED], 3)


def test_an_older_bot_tells_a_loss_by_its_attempt_only() -> None:
    found = history(
        event(K.RECONNECTED, 0),
        event(K.ATTEMPT, 100, text=FIN),
        event(K.RECONNECTED, 103),
        event(K.SILENCE, 1_000, seconds=130),
        event(K.ATTEMPT, 1_001, text="silence"),
        event(K.RECONNECTED, 1_020),
        END,
    )
    assert [loss.cause for loss in found.losses] == [Cause.FIN, Cause.SILENCE]
    assert not any(loss.asked for loss in found.losses)
    assert [loss.began_s - BASE_S for loss in found.losses] == [100, 870]


def test_a_reconnection_that_was_ordered_is_no_loss() -> None:
    found = history(
        *STARTED,
        event(K.LOST, 100, text="demandée par !0000000a"),
        event(K.CONNECTED, 101),
        event(K.RECONNECTED, 104, count=1),
        END,
    )
    assert found.losses == []
    assert len(found.sessions) == 2
    assert found.down_s == 2 + 1


def test_syncs_belong_to_the_session_they_ran_in() -> None:
    found = history(
        *STARTED,
        event(K.SYNC_STARTED, 2),
        event(K.SYNC_COMPLETE, 2, count=40),
        *SILENCE,
        event(K.SYNC_STARTED, 1_172),
        event(K.SYNC_COMPLETE, 1_173, count=41),
        END,
    )
    assert [[sync.keys for sync in session.syncs] for session in found.sessions] == [[40], [41]]
    assert [session.skips_sync for session in found.sessions] == [None, False]


def test_a_sync_whose_beginning_is_not_told_counts() -> None:
    found = history(*STARTED, event(K.SYNC_COMPLETE, 300, count=7), END)
    assert [(sync.at_s, sync.keys) for sync in found.syncs] == [(BASE_S + 300, 7)]


def test_a_database_that_was_not_received_whole_is_noted_apart() -> None:
    found = history(
        event(K.STARTED, 0, text="{}"),
        event(K.LOST, 5, count=57, text="RST"),
        event(K.ATTEMPT, 5, count=1, text="RST"),
        event(K.CONNECTED, 6),
        END,
    )
    assert found.dump_losses == [(BASE_S + 5, 57)]
    assert found.losses == []
    assert found.down_s == 6


# -- Beginnings and ends -----------------------------------------------------------------------


def test_nothing_is_nothing() -> None:
    found = history()
    assert (found.sessions, found.losses, found.up_s, found.down_s) == ([], [], 0, 0)


def test_a_clean_stop_is_neither_loss_nor_outage() -> None:
    found = history(*STARTED, event(K.STOPPED, 50), event(K.STARTED, 5_000, text="{}"))
    assert found.losses == []
    assert (found.up_s, found.down_s) == (48, 2)


def test_a_run_killed_without_a_word_ended_with_its_last_event() -> None:
    found = history(*STARTED, event(K.ALIVE, 900), event(K.STARTED, 3 * DAY_S, text="{}"), END)
    assert found.up_s == 898


def test_a_run_that_follows_at_once_ended_just_then() -> None:
    found = history(*STARTED, event(K.STARTED, 1_800, text="{}"), END)
    assert found.up_s == 1_798


def test_a_journal_that_begins_during_a_link_knows_it() -> None:
    found = history(event(K.ALIVE, 0), *SILENCE, END)
    (loss,) = found.losses
    assert loss.life_s == 1_000
    assert found.up_s == 1_000 + (2_000 - 1_139.5)


def test_a_journal_that_begins_during_an_outage_knows_it() -> None:
    found = history(
        event(K.ATTEMPT, 0, count=7, text="connexion refusée"), event(K.RECONNECTED, 60), END
    )
    assert found.losses == []
    assert (found.down_s, found.up_s) == (60, 1_940)


def test_an_outage_that_lasts_is_counted_to_the_end() -> None:
    found = history(*STARTED, event(K.LOST, 100, text=FIN), END)
    assert found.down_s == 2 + 1_900
    assert found.losses[0].outage_s is None


# -- Clocks ------------------------------------------------------------------------------------


@pytest.mark.parametrize("back_s", [1, 1_800, 3_600, 5 * HOUR_S, 40 * DAY_S])
def test_a_clock_set_back_makes_no_time_negative(back_s: float) -> None:
    found = history(
        *STARTED,
        event(K.ALIVE, 5_000),
        event(K.SILENCE, 5_200 - back_s, seconds=124),
        event(K.ATTEMPT, 5_215 - back_s, count=1, text="silence"),
        event(K.RECONNECTED, 5_220 - back_s, count=1),
        event(K.STARTED, 5_300 - 2 * back_s, text="{}"),
        event(K.CONNECTED, 5_301 - 2 * back_s),
        event(K.ALIVE, 9_000),
    )
    for session in found.sessions:
        assert session.end_s is None or session.end_s >= session.start_s
    assert all(end_s >= start_s for start_s, end_s in found.down_spans)
    for loss in found.losses:
        assert loss.life_s >= 0 and loss.declared_s >= loss.began_s
        assert loss.outage_s is None or loss.outage_s >= 0


# -- Since -------------------------------------------------------------------------------------


def test_what_was_before_since_is_left_out_and_its_state_is_kept() -> None:
    whole = (*STARTED, *SILENCE, event(K.MESSAGE_OPENED, 1_500), event(K.ALIVE, 10_000))
    found = history(*whole, since_s=5_000)
    assert found.losses == [] and found.syncs == [] and found.reconnections == []
    assert (found.first_s, found.up_s, found.down_s) == (BASE_S + 5_000, 5_000, 0)
    assert found.messages_opened == 0


def test_a_session_that_began_before_since_is_lost_with_its_whole_life() -> None:
    found = history(*STARTED, *SILENCE, END, since_s=900)
    (loss,) = found.losses
    assert loss.life_s == 998
    assert found.up_s == 100 + (2_000 - 1_139.5)
    assert found.down_s == 139.5


def test_an_outage_across_since_counts_in_part() -> None:
    found = history(*STARTED, *SILENCE, END, since_s=1_100)
    assert found.down_s == pytest.approx(39.5)
    assert len(found.losses) == 1  # declared in it


def test_since_before_the_beginning_changes_nothing() -> None:
    assert history(*STARTED, *SILENCE, END, since_s=-1) == history(*STARTED, *SILENCE, END)


def test_messages_are_counted() -> None:
    found = history(
        *STARTED,
        event(K.MESSAGE_OPENED, 10),
        event(K.MESSAGE_NOT_OPENED, 11, text="no key"),
        event(K.MESSAGE_OPENED, 12),
        event(K.SEND_FAILED, 13, text="x"),
    )
    assert (found.messages_opened, found.messages_not_opened, found.send_failures) == (2, 1, 1)


# -- What the node said of itself, and what else is known of a loss ------------------------------

RST = "connexion réinitialisée par le nœud (RST)"
REFUSED = "connexion refusée"


def node(at_s: float, reboots: int | None, text: str = "{}") -> LinkEvent:
    return event(K.NODE, at_s, count=reboots, text=text)


def back_at(at_s: float, reboots: int | None) -> tuple[LinkEvent, ...]:
    """Return a reconnection that counts."""
    return (
        event(K.CONNECTED, at_s),
        node(at_s, reboots),
        event(K.RECONNECTED, at_s + 3, count=1),
    )


def test_a_loss_knows_when_the_node_was_last_heard() -> None:
    found = history(*STARTED, event(K.LOST, 100, text=RST, seconds=27), END)
    (loss,) = found.losses
    assert (loss.heard_s, loss.declared_s) == (BASE_S + 73, BASE_S + 100)


def test_an_older_journal_does_not_tell_when_the_node_was_last_heard() -> None:
    assert history(*STARTED, event(K.LOST, 100, text=RST), END).losses[0].heard_s is None


def test_a_silence_was_last_heard_when_it_began() -> None:
    (loss,) = history(*STARTED, *SILENCE, END).losses
    assert loss.heard_s == loss.began_s == BASE_S + 1_000


def test_a_silence_told_only_by_its_loss_begins_with_the_last_byte() -> None:
    lost = LinkEvent(K.LOST, BASE_S + 500, seconds=124, cause=Cause.SILENCE)
    (loss,) = history(*STARTED, lost, END).losses
    assert loss.heard_s == loss.began_s == BASE_S + 376


@pytest.mark.parametrize(("seconds", "heard_s"), [(5_000, 2), (-7, 100)])
def test_the_last_byte_is_one_of_the_session(seconds: float, heard_s: float) -> None:
    found = history(*STARTED, event(K.LOST, 100, text=RST, seconds=seconds), END)
    assert found.losses[0].heard_s == BASE_S + heard_s


@pytest.mark.parametrize(
    ("before", "after", "grew_by"),
    [(41, 42, 1), (41, 44, 3), (41, 41, 0), (41, 3, None), (None, 42, None), (41, None, None)],
)
def test_a_loss_knows_by_how_much_the_reboots_grew(
    before: int | None, after: int | None, grew_by: int | None
) -> None:
    found = history(
        *STARTED, node(2, before), event(K.LOST, 100, text=RST), *back_at(101, after), END
    )
    assert found.losses[0].reboots == grew_by


def test_reboots_are_counted_across_attempts_that_failed() -> None:
    found = history(
        *STARTED,
        node(2, 41),
        event(K.LOST, 100, text=RST),
        event(K.ATTEMPT, 100, count=1, text=RST),
        event(K.NOT_OPENED, 101, text=REFUSED),
        event(K.ATTEMPT, 102, count=2, text=REFUSED),
        event(K.LOST, 103, count=30, text=RST),
        event(K.ATTEMPT, 104, count=3, text=RST),
        *back_at(106, 43),
        END,
    )
    assert [loss.reboots for loss in found.losses] == [2]


def test_a_session_that_died_before_it_counted_has_reboots_of_its_own() -> None:
    found = history(
        *STARTED,
        node(2, 41),
        event(K.LOST, 100, text=RST),
        event(K.CONNECTED, 108),
        node(108, 42),
        event(K.UPTIME, 109, seconds=6),
        event(K.LOST, 110, text=RST),
        *back_at(120, 42),
        event(K.UPTIME, 180, seconds=79),
        END,
    )
    assert [loss.reboots for loss in found.losses] == [1, 0]
    assert [loss.booted_s for loss in found.losses] == [BASE_S + 103, BASE_S + 101]


def test_a_handshake_that_did_not_tell_is_not_skipped_over() -> None:
    """What grew meanwhile may have grown before."""
    found = history(
        *STARTED,
        node(2, 41),
        event(K.LOST, 100, text=RST),
        event(K.CONNECTED, 101),
        event(K.RECONNECTED, 104, count=1),
        event(K.LOST, 300, text=RST),
        *back_at(301, 43),
        END,
    )
    assert [loss.reboots for loss in found.losses] == [None, None]


def test_another_run_of_the_bot_compares_nothing() -> None:
    found = history(
        *STARTED,
        node(2, 41),
        event(K.LOST, 100, text=RST),
        event(K.STARTED, 110, text="{}"),
        event(K.CONNECTED, 111),
        node(111, 42),
        event(K.UPTIME, 120, seconds=15),
        END,
    )
    assert (found.losses[0].reboots, found.losses[0].booted_s) == (None, None)


def test_the_first_uptime_of_the_session_after_tells_when_the_node_started() -> None:
    found = history(
        *STARTED,
        event(K.UPTIME, 60, seconds=9_000),
        event(K.LOST, 100, text=RST),
        *back_at(101, None),
        event(K.UPTIME, 150, seconds=55),
        event(K.UPTIME, 900, seconds=20),
        END,
    )
    assert [loss.booted_s for loss in found.losses] == [BASE_S + 95]


def test_an_uptime_of_no_later_session_tells_nothing_of_a_loss() -> None:
    found = history(
        *STARTED,
        event(K.LOST, 100, text=RST),
        *back_at(101, None),
        event(K.LOST, 130, text=RST),
        *back_at(131, None),
        event(K.UPTIME, 190, seconds=65),
        END,
    )
    assert [loss.booted_s for loss in found.losses] == [None, BASE_S + 125]


@pytest.mark.parametrize(("count", "answered"), [(1, True), (0, False)])
def test_a_loss_knows_whether_another_host_answered(count: int, answered: bool) -> None:
    found = history(
        *STARTED,
        event(K.LOST, 100, text=RST),
        event(K.NOT_OPENED, 105, text="nœud injoignable"),
        event(K.GATEWAY, 105, count=count),
        *back_at(160, None),
        event(K.LOST, 300, text=RST),
        END,
    )
    assert [loss.gateway for loss in found.losses] == [answered, None]


def test_the_history_knows_what_the_node_said_last() -> None:
    found = history(
        *STARTED,
        node(2, 41, '{"id": "!a1b2c3d4", "region": "UNSET"}'),
        event(K.LOST, 100, text=RST),
        event(K.CONNECTED, 101),
        node(101, 42, '{"id": "!a1b2c3d4", "region": "EU_868", "transmits": true}'),
        node(102, 42, "not JSON"),
        node(103, 42, "[]"),
        END,
    )
    assert found.node == {"id": "!a1b2c3d4", "region": "EU_868", "transmits": True}


@pytest.mark.parametrize(
    ("kind", "up_s", "down_s"), [(K.UPTIME, 60, 0), (K.NODE, 60, 0), (K.GATEWAY, 0, 60)]
)
def test_a_journal_may_begin_with_what_the_node_said(
    kind: EventKind, up_s: float, down_s: float
) -> None:
    found = history(event(kind, 0, count=0, seconds=5), event(K.ALIVE, 60))
    assert (found.up_s, found.down_s) == (up_s, down_s)


def test_how_the_node_was_last_is_in_every_form_of_the_report() -> None:
    said = ('{"battery": 101, "channel": 3}', '{"battery": 87, "channel": 12.5, "air": 1.25}')
    told = [event(K.METRICS, 100.0 + number, text=text) for number, text in enumerate(said)]
    found = history(*STARTED, *told, END)
    diagnosis = diagnose(found)
    words = "batterie 87 %, canal occupé 12,5 %, émission 1,2 %"
    assert f"\nNœud : {words}\n" in text_report(found, diagnosis)
    assert words in html_report(found, diagnosis).replace("\u202f", " ").replace("\xa0", " ")
    node = json.loads(json_report(found, diagnosis))["node"]
    assert node == {"battery": 87, "channel": 12.5, "air": 1.25}


def test_a_damaged_word_on_the_node_says_nothing() -> None:
    found = history(*STARTED, event(K.METRICS, 100, text="["), END)
    assert "Nœud :" not in text_report(found, diagnose(found))
    assert "node" not in json.loads(json_report(found, diagnose(found)))
