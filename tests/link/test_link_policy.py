"""The rules at the top of link_policy.py: each by itself, then all of them under random events."""

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from main_bot import MeshBot, link_settings_of
from meshbot.link.link_policy import (
    CLOSELY_FOR_S,
    EARLY_OUTAGE_S,
    NEVER_S,
    Action,
    Ending,
    LinkPolicy,
    LinkSettings,
    Phase,
    Step,
    ending_by_itself,
)
from meshbot.model.cause import Cause

DEFAULTS = link_settings_of(MeshBot)
DAY_S = 86_400.0
QUESTIONS = (Action.ASK_HEARTBEAT, Action.ASK_METADATA)


def new_policy(settings: LinkSettings = DEFAULTS, *, jitter: float = 1.0) -> LinkPolicy:
    return LinkPolicy(settings, 0.0, lambda: jitter)


def up_at(now_s: float, settings: LinkSettings = DEFAULTS, *, jitter: float = 1.0) -> LinkPolicy:
    """Return a policy whose session was opened, finished and confirmed at ``now_s``."""
    policy = new_policy(settings, jitter=jitter)
    bring_up(policy, now_s)
    return policy


def bring_up(policy: LinkPolicy, now_s: float) -> None:
    policy.attempting()
    policy.opened(now_s)
    policy.handshake_done(now_s)
    policy.confirmed()


def delay_s(policy: LinkPolicy, ending: Ending, now_s: float) -> float:
    """End the session or attempt and return how long the policy waits before the next."""
    policy.ended(ending, now_s)
    step = policy.step(now_s)
    return 0.0 if step.action is Action.OPEN else step.at_s - now_s


def failed_attempt_s(policy: LinkPolicy, now_s: float) -> float:
    policy.attempting()
    return delay_s(policy, Ending.NOT_OPENED, now_s)


# -- Rule 1 ------------------------------------------------------------------------------------


def test_1_it_opens_at_once_when_there_is_no_session() -> None:
    assert new_policy().step(0.0) == Step(Action.OPEN)


def test_1_it_never_opens_while_a_session_exists() -> None:
    policy = new_policy()
    policy.opened(0.0)
    assert policy.step(10.0).action is not Action.OPEN
    policy.handshake_done(10.0)
    assert policy.step(11.0).action is not Action.OPEN
    policy.confirmed()
    assert policy.step(12.0).action is not Action.OPEN
    assert policy.step(1e6).action is not Action.OPEN


# -- Rule 2 ------------------------------------------------------------------------------------


def test_2_silence_runs_from_the_last_byte() -> None:
    policy = up_at(0.0)
    policy.heard(95.0)
    policy.asked(Action.ASK_HEARTBEAT, 150.0)
    assert policy.step(170.0) == Step(Action.WAIT, 180.0)
    assert policy.step(195.0).action is Action.ASK_METADATA


def test_2_an_older_time_does_not_undo_a_newer_one() -> None:
    policy = up_at(0.0)
    policy.heard(95.0)
    policy.heard(3.0)
    assert policy.step(100.0) == Step(Action.WAIT, 125.0)


def test_2_a_byte_after_the_question_takes_the_verdict_back() -> None:
    policy = up_at(0.0)
    policy.asked(Action.ASK_METADATA, 100.0)
    policy.heard(100.1)
    assert policy.step(120.0).action is Action.WAIT


# -- Rule 3 ------------------------------------------------------------------------------------


def test_3_a_handshake_that_moves_may_last() -> None:
    policy = new_policy()
    policy.opened(0.0)
    for second in range(1, 600, 29):
        policy.progressed(float(second))
        assert policy.step(second + 29.0) == Step(Action.WAIT, second + 30.0)


@pytest.mark.parametrize("timeout_s", [30.0, 2_000.0])
def test_3_a_handshake_that_never_ends_is_given_up(timeout_s: float) -> None:
    policy = new_policy(replace(DEFAULTS, handshake_timeout_s=timeout_s))
    longest_s = max(DEFAULTS.handshake_longest_s, timeout_s)
    policy.opened(100.0)
    for second in range(100, 100 + int(longest_s)):
        policy.progressed(float(second))
        assert policy.step(float(second)).action is Action.WAIT
    assert policy.step(100.0 + longest_s) == Step(Action.DECLARE_ENDLESS)


def test_3_the_slowest_honest_node_has_the_time_it_needs() -> None:
    """400 frames, each lost once on the way and sent again after a second and a half."""
    policy = new_policy()
    policy.opened(0.0)
    for number in range(1, 401):
        policy.progressed(number * 1.5)
        assert policy.step(number * 1.5).action is Action.WAIT


def test_3_a_handshake_that_stands_still_ends() -> None:
    policy = new_policy()
    policy.opened(0.0)
    policy.progressed(5.0)
    policy.heard(20.0)  # what is no part of the configuration is no progress
    assert policy.step(34.9).action is Action.WAIT
    assert policy.step(35.0) == Step(Action.DECLARE_STALLED)


def test_3_a_node_that_says_nothing_at_all_is_given_less_time_but_more_if_it_goes_on() -> None:
    policy = new_policy()
    now_s, patience_s, pauses_s = 0.0, [], []
    for _ in range(5):
        policy.attempting()
        policy.opened(now_s)
        step = policy.step(now_s)
        assert step.action is Action.WAIT
        patience_s.append(step.at_s - now_s)
        now_s = step.at_s
        assert policy.step(now_s) == Step(Action.DECLARE_STALLED)
        pauses_s.append(delay_s(policy, Ending.WENT_SILENT, now_s))
        now_s += pauses_s[-1]
    assert patience_s == [10.0, 10.0, 20.0, 30.0, 30.0]
    assert pauses_s[:3] == [0.5, 1.0, 2.0], "it holds no link that it would have to let go of"


def test_3_one_byte_gets_a_node_the_whole_patience_and_its_cleanup() -> None:
    policy = new_policy()
    policy.attempting()
    policy.opened(0.0)
    policy.heard(0.001)
    assert policy.step(29.9).action is Action.WAIT
    assert policy.step(30.0) == Step(Action.DECLARE_STALLED)
    assert delay_s(policy, Ending.WENT_SILENT, 30.0) == DEFAULTS.cleanup_s


def test_3_a_node_whose_first_byte_takes_long_keeps_its_patience() -> None:
    policy = new_policy()
    for at_s in (0.0, 20.0):
        policy.opened(at_s)
        policy.ended(Ending.WENT_SILENT, at_s + 10.0)
    policy.opened(40.0)
    policy.handshake_done(55.0)
    policy.ended(Ending.BROKEN, 100.0)
    policy.opened(100.0)
    assert policy.step(119.0).action is Action.WAIT
    policy.handshake_done(101.0)
    policy.ended(Ending.BROKEN, 200.0)
    policy.opened(200.0)
    assert policy.step(210.0) == Step(Action.DECLARE_STALLED)


def test_3_another_answer_than_ours_ends_the_handshake_soon_unless_ours_comes() -> None:
    policy = new_policy()
    policy.attempting()
    policy.opened(0.0)
    policy.heard(0.5)
    policy.progressed(0.5)
    policy.misanswered()
    assert policy.step(2.4).action is Action.WAIT
    policy.progressed(2.4)
    assert policy.step(4.3).action is Action.WAIT
    assert policy.step(4.4) == Step(Action.DECLARE_STALLED)
    assert delay_s(policy, Ending.MISANSWERED, 4.4) == 0.5
    policy.opened(5.0)
    policy.heard(5.1)
    assert policy.step(30.0).action is Action.WAIT


def test_3_another_answer_that_always_comes_before_ours_does_not_keep_the_node_out() -> None:
    policy = new_policy()
    now_s, patiences_s = 0.0, []
    for _ in range(7):
        policy.opened(now_s)
        policy.progressed(now_s + 0.1)
        policy.misanswered()
        gives_up_s = policy.step(now_s + 0.1).at_s
        patiences_s.append(round(gives_up_s - now_s - 0.1, 6))
        policy.ended(Ending.MISANSWERED, gives_up_s)
        now_s = policy.step(gives_up_s).at_s
    assert patiences_s == [2.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


# -- Rule 4 ------------------------------------------------------------------------------------


def test_4_a_session_is_confirmed_once_it_stood_the_stabilization_time() -> None:
    policy = new_policy()
    policy.opened(0.0)
    policy.handshake_done(10.0)
    assert policy.step(10.0) == Step(Action.WAIT, 13.0)
    assert policy.step(13.0) == Step(Action.CONFIRM)
    policy.confirmed()
    assert policy.step(13.0).action is Action.WAIT


def test_4_a_session_lost_before_is_never_confirmed() -> None:
    policy = new_policy()
    policy.opened(0.0)
    policy.handshake_done(10.0)
    policy.ended(Ending.BROKEN, 12.0)
    assert policy.phase is Phase.DOWN
    assert policy.step(13.0) == Step(Action.OPEN)


# -- Rule 5 ------------------------------------------------------------------------------------


def questions_to_a_mute_node(
    policy: LinkPolicy, start_s: float = 0.0
) -> tuple[list[tuple[Action, float]], float]:
    """Follow the policy to its verdict; return the questions with their times, and its time."""
    asked: list[tuple[Action, float]] = []
    now_s = start_s
    for _ in range(1_000):
        step = policy.step(now_s)
        if step.action is Action.WAIT:
            now_s = step.at_s
        elif step.action is Action.DECLARE_SILENT:
            return asked, now_s
        else:
            policy.asked(step.action, now_s)
            asked.append((step.action, now_s))
    pytest.fail("no verdict")


def test_5_a_quiet_node_gets_heartbeats_and_then_two_questions_that_all_answer() -> None:
    asked, silent_s = questions_to_a_mute_node(up_at(0.0))
    assert asked == [
        (Action.ASK_HEARTBEAT, 30.0),
        (Action.ASK_HEARTBEAT, 60.0),
        (Action.ASK_HEARTBEAT, 90.0),
        (Action.ASK_METADATA, 100.0),
        (Action.ASK_METADATA, 110.0),
    ]
    assert silent_s == 120.0


def test_5_a_node_that_restarts_again_and_again_is_watched_closely_for_a_while() -> None:
    policy = new_policy()
    policy.watch(closely=True)
    bring_up(policy, 0.0)
    asked, silent_s = questions_to_a_mute_node(policy)
    assert asked[:3] == [(Action.ASK_HEARTBEAT, 5.0 * n) for n in (1, 2, 3)]
    assert silent_s == 120.0
    policy.heard(CLOSELY_FOR_S + 1.0)
    policy.asked(Action.ASK_HEARTBEAT, CLOSELY_FOR_S + 1.0)
    assert policy.step(CLOSELY_FOR_S + 1.0) == Step(Action.WAIT, CLOSELY_FOR_S + 31.0)
    policy = up_at(0.0)
    assert policy.step(0.0) == Step(Action.WAIT, 30.0)


def test_5_a_node_that_talks_is_asked_nothing_before_its_keepalive() -> None:
    policy = up_at(0.0)
    for second in range(0, 299, 10):
        policy.heard(float(second))
        assert policy.step(second + 9.0).action is Action.WAIT


def test_5_a_link_without_a_silent_timeout_gets_keepalives_only() -> None:
    policy = up_at(0.0, replace(DEFAULTS, silent_timeout_s=NEVER_S))
    assert policy.step(0.0) == Step(Action.WAIT, 300.0)
    assert policy.step(300.0) == Step(Action.ASK_HEARTBEAT)
    policy.asked(Action.ASK_HEARTBEAT, 300.0)
    assert policy.step(300.0) == Step(Action.WAIT, 600.0)


# -- Rule 6 ------------------------------------------------------------------------------------


def test_6_a_process_that_was_stopped_asks_first_and_waits_for_the_answer() -> None:
    policy = up_at(0.0)
    assert policy.step(5_000.0) == Step(Action.ASK_METADATA)
    policy.asked(Action.ASK_METADATA, 5_000.0)
    assert policy.step(5_009.9).action is not Action.DECLARE_SILENT
    assert policy.step(5_010.0) == Step(Action.DECLARE_SILENT)


def test_6_stopped_between_question_and_answer_it_reads_before_it_judges() -> None:
    policy = up_at(0.0)
    policy.asked(Action.ASK_METADATA, 110.0)
    policy.heard(110.5)  # read late, but stamped or not: any byte counts
    assert policy.step(4_000.0) == Step(Action.ASK_METADATA)


def test_6_heartbeats_alone_never_condemn() -> None:
    policy = up_at(0.0)
    for second in range(30, 1_000, 30):
        policy.asked(Action.ASK_HEARTBEAT, float(second))
        assert policy.step(float(second)).action is not Action.DECLARE_SILENT


def test_6_a_probe_time_that_leaves_no_time_to_ask_is_shortened() -> None:
    policy = up_at(0.0, replace(DEFAULTS, silent_timeout_s=9.0, probe_timeout_s=60.0))
    asked, silent_s = questions_to_a_mute_node(policy)
    assert asked == [(Action.ASK_METADATA, 3.0), (Action.ASK_METADATA, 6.0)]
    assert silent_s == 9.0


# -- Rule 7 ------------------------------------------------------------------------------------


def test_7_a_silent_link_gets_its_cleanup_before_the_next_attempt() -> None:
    assert delay_s(up_at(0.0), Ending.WENT_SILENT, 1_000.0) == DEFAULTS.cleanup_s


def test_7_a_link_that_keeps_going_silent_is_tried_ever_more_slowly() -> None:
    policy = up_at(0.0)
    delays = [delay_s(policy, Ending.WENT_SILENT, 1_000.0)]
    now_s = 1_000.0
    for _ in range(12):
        now_s += 100.0
        policy.attempting()
        policy.opened(now_s)
        policy.heard(now_s + 0.1)
        delays.append(delay_s(policy, Ending.WENT_SILENT, now_s + 10.0))
    assert delays == sorted(delays)
    assert delays[0] == DEFAULTS.cleanup_s
    assert delays[-1] == DEFAULTS.retry_max_s


# -- Rule 8 ------------------------------------------------------------------------------------


def test_8_a_link_that_broke_is_tried_again_at_once_but_only_once() -> None:
    policy = up_at(0.0)
    assert delay_s(policy, Ending.BROKEN, 1_000.0) == 0.0
    bring_up(policy, 1_000.0)
    assert delay_s(policy, Ending.BROKEN, 1_001.0) > 0.0


@pytest.mark.parametrize("lived_s", [1.0, 5.0, 50.0, 1_000.0])
def test_8_whoever_took_the_place_by_a_fin_has_it_for_a_moment(lived_s: float) -> None:
    assert delay_s(up_at(0.0), Ending.CLOSED_BY_NODE, lived_s) == DEFAULTS.courtesy_s
    assert 2.0 <= DEFAULTS.courtesy_s <= 3.0


def cut_in_handshake_s(policy: LinkPolicy, now_s: float, *, ending: Ending) -> float:
    """Have the node answer, then end the session before it is done."""
    policy.attempting()
    policy.opened(now_s)
    policy.progressed(now_s + 0.1)
    return delay_s(policy, ending, now_s + 0.2)


def test_8_a_second_tool_that_comes_while_the_link_is_made_again_has_its_time_too() -> None:
    policy = up_at(0.0)
    assert delay_s(policy, Ending.CLOSED_BY_NODE, 500.0) == DEFAULTS.courtesy_s
    taken_s = cut_in_handshake_s(policy, 502.5, ending=Ending.CLOSED_BY_NODE)
    assert taken_s == DEFAULTS.courtesy_s
    assert cut_in_handshake_s(policy, 506.0, ending=Ending.BROKEN) < DEFAULTS.courtesy_s
    assert cut_in_handshake_s(policy, 509.0, ending=Ending.CLOSED_BY_NODE) < DEFAULTS.courtesy_s


def test_8_a_node_that_closes_in_each_handshake_is_asked_ever_more_rarely_all_the_same() -> None:
    policy = up_at(0.0, replace(DEFAULTS, courtesy_s=0.0))
    assert delay_s(policy, Ending.CLOSED_BY_NODE, 500.0) == 0.0
    now_s, pauses_s = 500.0, []
    for _ in range(40):
        pauses_s.append(cut_in_handshake_s(policy, now_s, ending=Ending.CLOSED_BY_NODE))
        now_s += pauses_s[-1] + 0.2
    assert min(pauses_s) > 0.0
    assert pauses_s[-1] == DEFAULTS.retry_max_s


def test_8_a_node_that_was_away_meanwhile_is_not_given_that_time() -> None:
    policy = up_at(0.0)
    assert delay_s(policy, Ending.CLOSED_BY_NODE, 500.0) == DEFAULTS.courtesy_s
    policy.refused()
    failed_attempt_s(policy, 502.5)
    assert cut_in_handshake_s(policy, 503.0, ending=Ending.CLOSED_BY_NODE) < DEFAULTS.courtesy_s


def test_8_a_moment_for_somebody_costs_the_next_reset_nothing() -> None:
    policy = up_at(0.0)
    policy.ended(Ending.CLOSED_BY_NODE, 1_000.0)
    bring_up(policy, 1_003.0)
    assert delay_s(policy, Ending.BROKEN, 1_010.0) == 0.0


def test_8_a_fin_in_the_handshake_leaves_nobody_the_place() -> None:
    policy = new_policy()
    policy.attempting()
    policy.opened(0.0)
    assert delay_s(policy, Ending.CLOSED_BY_NODE, 0.0) == 0.0
    policy.attempting()
    policy.opened(0.1)
    assert delay_s(policy, Ending.CLOSED_BY_NODE, 0.1) == 1.0


@pytest.mark.parametrize(
    ("cause", "ending"),
    [
        (Cause.FIN, Ending.CLOSED_BY_NODE),
        (Cause.ALREADY_CLOSED, Ending.CLOSED_BY_NODE),
        (Cause.RESET, Ending.BROKEN),
        (Cause.REBOOTED, Ending.BROKEN),
        (Cause.UNREACHABLE, Ending.BROKEN),
        (Cause.NOT_READING, Ending.BROKEN),
        (Cause.PORT_CLOSED, Ending.BROKEN),
        (Cause.OTHER, Ending.BROKEN),
    ],
)
def test_only_a_fin_is_an_end_in_good_order(cause: Cause, ending: Ending) -> None:
    assert ending_by_itself(cause) is ending


def test_8_delays_double_up_to_the_cap_of_the_first_minute() -> None:
    policy = up_at(0.0)
    policy.ended(Ending.BROKEN, 1_000.0)
    delays = [failed_attempt_s(policy, 1_000.0 + second) for second in range(5)]
    assert delays == [0.5, 1.0, 2.0, 2.0, 2.0]


def test_8_after_the_first_minute_they_go_on_to_the_longer_cap_for_ever() -> None:
    policy = up_at(0.0)
    policy.ended(Ending.CLOSED_BY_NODE, 1_000.0)
    for second in range(4):
        failed_attempt_s(policy, 1_000.0 + second)
    later = [failed_attempt_s(policy, 1_000.0 + EARLY_OUTAGE_S + n * 100.0) for n in range(2_000)]
    assert later[:4] == [8.0, 16.0, 32.0, 60.0]
    assert set(later[4:]) == {60.0}


@pytest.mark.parametrize(("jitter", "share"), [(0.0, 0.5), (0.5, 0.75), (1.0, 1.0)])
def test_8_jitter_takes_off_up_to_half(jitter: float, share: float) -> None:
    policy = up_at(0.0, jitter=jitter)
    policy.ended(Ending.CLOSED_BY_NODE, 1_000.0)
    assert failed_attempt_s(policy, 1_000.0) == 0.5 * share


def test_8_only_a_lasting_session_makes_retries_quick_again() -> None:
    policy = up_at(0.0)
    policy.ended(Ending.BROKEN, 1_000.0)
    for second in range(4):
        failed_attempt_s(policy, 1_000.0 + second)
    bring_up(policy, 2_000.0)
    # Too short a session: not at once, but a new outage, so no longer than its first minute's.
    assert delay_s(policy, Ending.BROKEN, 2_059.9) == DEFAULTS.early_retry_max_s
    bring_up(policy, 3_000.0)
    assert delay_s(policy, Ending.BROKEN, 3_060.0) == 0.0
    assert failed_attempt_s(policy, 3_060.0) == 0.5


def test_8_a_handshake_however_long_is_no_lasting_session() -> None:
    policy = new_policy()
    policy.attempting()
    policy.opened(0.0)
    policy.handshake_done(500.0)
    policy.ended(Ending.BROKEN, 502.0)
    bring_up(policy, 502.0)
    assert delay_s(policy, Ending.BROKEN, 503.0) > 0.0


def test_8_what_we_closed_ourselves_is_opened_again_at_once() -> None:
    assert delay_s(up_at(0.0), Ending.CLOSED_BY_US, 5.0) == 0.0


# -- Rule 9 ------------------------------------------------------------------------------------


def cut_soon(policy: LinkPolicy, now_s: float) -> float:
    """Have a session up at ``now_s`` cut 2 s later; return the delay before the next attempt."""
    bring_up(policy, now_s)
    return delay_s(policy, Ending.CLOSED_BY_NODE, now_s + 2.0)


def test_9_the_third_session_cut_within_a_minute_makes_the_bot_yield_longer_each_time() -> None:
    policy = new_policy(jitter=1.0)
    delays = [cut_soon(policy, 1_000.0 * n) for n in range(1, 13)]
    assert delays[:2] == [DEFAULTS.courtesy_s, DEFAULTS.courtesy_s]
    assert delays[2:] == [10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 600.0, 600.0, 600.0, 600.0]
    assert policy.contested


def test_9_a_session_that_lasted_ends_the_contest() -> None:
    policy = new_policy()
    for n in range(1, 6):
        cut_soon(policy, 1_000.0 * n)
    bring_up(policy, 10_000.0)
    assert delay_s(policy, Ending.CLOSED_BY_NODE, 10_060.0) == DEFAULTS.courtesy_s
    assert not policy.contested


def test_9_silence_and_refusal_are_no_cuts() -> None:
    policy = new_policy()
    for n in range(1, 8):
        bring_up(policy, 1_000.0 * n)
        policy.ended(Ending.WENT_SILENT, 1_000.0 * n + 2.0)
        failed_attempt_s(policy, 1_000.0 * n + 100.0)
    assert not policy.contested


def test_9_a_node_that_is_refused_between_the_cuts_is_no_rivals() -> None:
    """It crashes 12 s after each handshake, and its port is closed for 5 s."""
    policy = new_policy()
    now_s, delays_s = 0.0, []
    for crash in range(1_000):
        policy.attempting()
        policy.opened(now_s)
        policy.handshake_done(now_s)
        if crash % 3:  # some crashes come before the session counts
            policy.confirmed()
        now_s += 12.0
        open_s = now_s + 5.0
        now_s += delay_s(policy, Ending.CLOSED_BY_NODE if crash % 2 else Ending.BROKEN, now_s)
        while now_s < open_s:
            policy.refused()
            now_s += failed_attempt_s(policy, now_s)
        assert not policy.contested
        delays_s.append(now_s - open_s)
    assert max(delays_s) <= DEFAULTS.early_retry_max_s


def test_9_a_node_that_restarted_between_the_cuts_is_no_rivals() -> None:
    """It is back before the next attempt, so nothing is refused."""
    policy = new_policy()
    now_s = 0.0
    for _ in range(100):
        policy.attempting()
        policy.opened(now_s)
        policy.handshake_done(now_s)
        policy.restarted()
        away_s = delay_s(policy, Ending.CLOSED_BY_NODE, now_s + 1.0)
        assert away_s <= DEFAULTS.courtesy_s
        assert not policy.contested
        now_s += 1.0 + max(away_s, 0.1)


def test_9_a_restart_does_not_acquit_the_rival_that_comes_after_it() -> None:
    policy = new_policy()
    policy.refused()
    bring_up(policy, 0.0)
    policy.restarted()
    assert [cut_soon(policy, at_s) for at_s in (0.0, 30.0)] == [DEFAULTS.courtesy_s] * 2
    assert not policy.contested
    assert cut_soon(policy, 60.0) == DEFAULTS.yield_first_s
    policy.restarted()
    assert not policy.contested


def test_9_a_session_cut_before_it_counts_hurries_nothing_on_a_node_that_stayed() -> None:
    """Whoever lets us in and throws us out at once is not tried every 2 s for ever."""
    policy = new_policy()
    policy.refused()
    now_s = 0.0
    for _ in range(40):
        policy.attempting()
        policy.opened(now_s)
        policy.handshake_done(now_s)
        away_s = delay_s(policy, Ending.BROKEN, now_s)
        now_s += away_s + 0.1
    assert away_s > DEFAULTS.early_retry_max_s


def cut_in_handshake(policy: LinkPolicy, now_s: float, *, talking: bool) -> None:
    policy.attempting()
    policy.opened(now_s)
    if talking:
        policy.progressed(now_s + 0.5)
    policy.ended(Ending.CLOSED_BY_NODE, now_s + 1.0)


def test_9_a_handshake_cut_in_its_middle_is_one_more_cut_in_a_row() -> None:
    policy = new_policy()
    cut_in_handshake(policy, 500.0, talking=True)
    assert policy.cuts == 0, "on its own it might be anything"
    cut_soon(policy, 1_000.0)
    for n in range(2):
        cut_in_handshake(policy, 1_010.0 + n, talking=True)
    assert policy.contested


def test_9_a_node_that_closes_before_it_said_anything_is_no_sign_of_a_rival() -> None:
    policy = new_policy()
    cut_soon(policy, 1_000.0)
    for n in range(5):
        cut_in_handshake(policy, 1_010.0 + n, talking=False)
    assert not policy.contested


@pytest.mark.parametrize("life_s", [12.0, 50.0])
@pytest.mark.parametrize("reboots", ["grew", "same", "unknown"])
@pytest.mark.parametrize("away", [False, True])
@pytest.mark.parametrize("ending", [Ending.CLOSED_BY_NODE, Ending.BROKEN, Ending.WENT_SILENT])
def test_9_only_a_fin_of_a_node_that_stays_there_and_does_not_restart_is_a_rivals(
    ending: Ending, away: bool, reboots: str, life_s: float
) -> None:
    """Ten sessions that live so long, with ``away``: an attempt in between that meets nobody."""
    policy = new_policy()
    now_s, contested, waits_s = 0.0, False, []
    for session in range(10):
        policy.attempting()
        policy.opened(now_s)
        policy.heard(now_s + 0.1)
        policy.handshake_done(now_s + 0.2)
        if reboots == "grew" and session:
            policy.restarted()
        policy.confirmed()
        now_s += life_s
        waits_s.append(delay_s(policy, ending, now_s))
        now_s += waits_s[-1]
        contested = contested or policy.contested
        if away:
            policy.refused()
            waits_s.append(failed_attempt_s(policy, now_s))
            now_s += waits_s[-1]
    rival = ending is Ending.CLOSED_BY_NODE and not away and reboots != "grew"
    assert contested is rival
    if ending is Ending.WENT_SILENT:
        assert max(waits_s) <= DEFAULTS.cleanup_s
    elif not rival:
        assert max(waits_s) <= max(DEFAULTS.courtesy_s, DEFAULTS.early_retry_max_s)


@pytest.mark.parametrize("jitter", [0.0, 1.0])
def test_9_two_bots_that_yield_do_not_stay_in_step(jitter: float) -> None:
    policy = new_policy(jitter=jitter)
    delays = [cut_soon(policy, 1_000.0 * n) for n in range(1, 4)]
    assert delays[2] == 10.0 * (0.75 + 0.25 * jitter)


# -- Rule 10 ------------------------------------------------------------------------------------


def test_10_a_busy_node_hears_from_us_every_keepalive_interval() -> None:
    policy = up_at(0.0)
    sent_s = [0.0]
    for second in range(1, 3_600):
        policy.heard(float(second))
        step = policy.step(float(second))
        if step.action in QUESTIONS:
            policy.asked(step.action, float(second))
            sent_s.append(float(second))
    assert [b - a for a, b in pairwise(sent_s)] == [300.0] * 11


# -- Days on the air ---------------------------------------------------------------------------


def never_answers(_: Action) -> bool:
    return False


def live(policy: LinkPolicy, answers: Callable[[Action], bool], days: int) -> list[float]:
    """Let a node that says nothing by itself answer what it answers; return when it was asked."""
    now_s, asked_s = 0.0, []
    while now_s < days * DAY_S:
        step = policy.step(now_s)
        if step.action is Action.WAIT:
            assert step.at_s > now_s
            now_s = step.at_s
            continue
        assert step.action in QUESTIONS, f"{step.action} at {now_s}"
        policy.asked(step.action, now_s)
        asked_s.append(now_s)
        if answers(step.action):
            policy.heard(now_s + 0.8 * DEFAULTS.probe_timeout_s)
    return asked_s


@pytest.mark.parametrize("answered", QUESTIONS)
def test_a_node_that_answers_one_kind_of_question_only_is_never_declared_silent(
    answered: Action,
) -> None:
    asked_s = live(up_at(0.0), lambda action: action is answered, days=7)
    gaps_s = [b - a for a, b in pairwise(asked_s)]
    assert max(gaps_s) <= DEFAULTS.silent_timeout_s


def test_a_node_that_answers_nothing_is_declared_silent() -> None:
    with pytest.raises(AssertionError, match="DECLARE_SILENT"):
        live(up_at(0.0), never_answers, days=1)


# -- All rules under random events -------------------------------------------------------------

short_times = st.floats(0.05, 20.0)
all_settings = st.builds(
    LinkSettings,
    silent_timeout_s=st.floats(1.0, 200.0) | st.just(NEVER_S),
    probe_timeout_s=st.floats(0.1, 100.0),
    heartbeat_s=st.floats(0.5, 60.0),
    keepalive_s=st.floats(1.0, 400.0),
    cleanup_s=st.just(0.0) | st.floats(0.1, 30.0),
    stabilization_s=st.floats(0.0, 10.0),
    handshake_timeout_s=st.floats(1.0, 60.0),
    misanswered_s=st.floats(0.1, 5.0),
    courtesy_s=st.just(0.0) | st.floats(0.1, 5.0),
    lasting_session_s=st.floats(0.0, 100.0),
    early_retry_max_s=st.floats(0.1, 5.0),
    retry_max_s=st.floats(5.0, 100.0),
    contested_s=st.just(DEFAULTS.contested_s),
    yield_first_s=st.just(DEFAULTS.yield_first_s),
    yield_max_s=st.just(DEFAULTS.yield_max_s),
    handshake_longest_s=st.floats(10.0, 300.0),
)


class LinkMachine(RuleBasedStateMachine):
    """Plays the supervising thread, obeying or late, and a node that does as it likes."""

    @initialize(settings=all_settings, jitter=st.floats(0.0, 1.0))
    def begin(self, settings: LinkSettings, jitter: float) -> None:
        self.settings = settings
        self.now_s = 1_000.0
        self.policy = LinkPolicy(settings, self.now_s, lambda: jitter)
        self.session = self.spoke = False
        """Whether there is one, and whether the node has said anything in it."""
        self.opened_s = 0.0
        self.question_s: float | None = None
        """When the oldest question that nothing has been heard since was asked."""
        self.sent_s = self.now_s

    @rule(seconds=st.floats(0.0, 150.0))
    def time_passes(self, seconds: float) -> None:
        self.now_s += seconds

    @rule(count=st.integers(1, 12))
    def the_supervisor_acts(self, count: int) -> None:
        for _ in range(count):
            step = self.policy.step(self.now_s)
            if step.action is Action.WAIT:
                if math.isfinite(step.at_s):
                    self.now_s = step.at_s
            else:
                self.obey(step.action)

    def obey(self, action: Action) -> None:
        if action is Action.OPEN:
            assert not self.session
            self.policy.attempting()
            self.policy.opened(self.now_s)
            self.session, self.question_s, self.sent_s = True, None, self.now_s
            self.spoke, self.opened_s = False, self.now_s
        elif action is Action.CONFIRM:
            self.policy.confirmed()
        elif action in QUESTIONS:
            self.policy.asked(action, self.now_s)
            self.sent_s = self.now_s
            if action is Action.ASK_METADATA and self.question_s is None:
                self.question_s = self.now_s
        elif action is Action.DECLARE_ENDLESS:
            self.end(Ending.BROKEN)
        else:
            self.end(Ending.WENT_SILENT)

    @precondition(lambda self: not self.session)
    @rule()
    def an_attempt_fails(self) -> None:
        if self.policy.step(self.now_s).action is Action.OPEN:
            self.policy.attempting()
            self.end(Ending.NOT_OPENED)

    @precondition(lambda self: not self.session)
    @rule()
    def an_attempt_is_refused(self) -> None:
        self.policy.refused()
        assert not self.policy.contested

    @precondition(lambda self: self.session)
    @rule()
    def the_node_has_restarted(self) -> None:
        self.policy.restarted()
        assert not self.policy.contested

    @precondition(lambda self: self.session)
    @rule(ago_s=st.just(0.0) | short_times)
    def the_node_says_something(self, ago_s: float) -> None:
        self.policy.heard(self.now_s - ago_s)
        self.spoke = self.spoke or self.now_s - ago_s > self.opened_s
        if self.question_s is not None and self.now_s - ago_s > self.question_s:
            self.question_s = None

    @precondition(lambda self: self.policy.phase is Phase.HANDSHAKE)
    @rule()
    def a_part_of_the_configuration_comes(self) -> None:
        self.policy.heard(self.now_s)
        self.policy.progressed(self.now_s)
        self.spoke = self.spoke or self.now_s > self.opened_s

    @precondition(lambda self: self.policy.phase is Phase.HANDSHAKE)
    @rule()
    def the_handshake_ends(self) -> None:
        self.policy.heard(self.now_s)
        self.spoke = True
        self.policy.handshake_done(self.now_s)
        self.question_s = None

    @precondition(lambda self: self.session)
    @rule(ending=st.sampled_from([Ending.CLOSED_BY_NODE, Ending.BROKEN, Ending.CLOSED_BY_US]))
    def the_session_ends(self, ending: Ending) -> None:
        self.end(ending)

    @precondition(lambda self: self.policy.phase is Phase.HANDSHAKE)
    @rule()
    def another_question_is_answered(self) -> None:
        self.policy.heard(self.now_s)
        self.spoke = self.spoke or self.now_s > self.opened_s
        self.policy.misanswered()

    def end(self, ending: Ending) -> None:
        mute = self.policy.phase is Phase.HANDSHAKE and not self.spoke
        self.policy.ended(ending, self.now_s)
        self.session = False
        step = self.policy.step(self.now_s)
        longest_s = max(self.settings.retry_max_s, self.settings.early_retry_max_s)
        longest_s = max(longest_s, self.settings.courtesy_s)
        if self.policy.contested:
            longest_s = max(longest_s, self.settings.yield_max_s)
        if ending is Ending.WENT_SILENT and not mute:
            longest_s = max(longest_s, self.settings.cleanup_s)
            if self.settings.cleanup_s:
                assert step.action is Action.WAIT
                assert step.at_s >= self.now_s + self.settings.cleanup_s
        if step.action is Action.WAIT:
            assert step.at_s - self.now_s <= longest_s + 1e-6

    @invariant()
    def asking_twice_gives_the_same_answer(self) -> None:
        assert self.policy.step(self.now_s) == self.policy.step(self.now_s)

    @invariant()
    def it_opens_only_without_a_session(self) -> None:
        action = self.policy.step(self.now_s).action
        assert (action in (Action.OPEN, Action.WAIT)) or self.session
        assert action is not Action.OPEN or not self.session

    @invariant()
    def it_waits_for_the_future_only(self) -> None:
        step = self.policy.step(self.now_s)
        assert step.action is not Action.WAIT or step.at_s > self.now_s

    @invariant()
    def no_handshake_is_waited_for_for_ever(self) -> None:
        settings = self.settings
        longest_s = max(settings.handshake_longest_s, settings.handshake_timeout_s)
        if self.policy.phase is Phase.HANDSHAKE and self.now_s >= self.opened_s + longest_s:
            action = self.policy.step(self.now_s).action
            assert action in (Action.DECLARE_ENDLESS, Action.DECLARE_STALLED)

    @invariant()
    def silence_is_declared_only_over_an_unanswered_question(self) -> None:
        if self.policy.step(self.now_s).action is Action.DECLARE_SILENT:
            probe_s = min(self.settings.probe_timeout_s, self.settings.silent_timeout_s / 3)
            assert self.question_s is not None
            assert self.now_s - self.question_s >= probe_s - 1e-6

    @invariant()
    def the_keepalive_is_never_put_off(self) -> None:
        step = self.policy.step(self.now_s)
        if self.policy.phase in (Phase.STABILIZING, Phase.UP) and step.action is Action.WAIT:
            assert step.at_s <= self.sent_s + self.settings.keepalive_s


TestAnySequenceOfEventsKeepsTheRules = LinkMachine.TestCase
TestAnySequenceOfEventsKeepsTheRules.settings = settings(
    max_examples=150, stateful_step_count=30, deadline=None
)
TestAnySequenceOfEventsKeepsTheRules.pytestmark = [pytest.mark.slow]  # type: ignore[attr-defined]
