"""Whether a thread makes progress, seen from another one."""

import threading

from meshbot.threads.progress_mark import ProgressMark
from tests.support.clock import Clock
from tests.support.limits import WAIT_S


def test_a_thread_that_has_not_begun_is_not_stuck() -> None:
    clock = Clock(0.0)
    mark = ProgressMark(clock)
    clock.now_s = 1_000.0
    assert mark.busy_s() == 0.0


def test_a_step_under_way_takes_as_long_as_the_clock_says() -> None:
    clock = Clock(5.0)
    mark = ProgressMark(clock)
    mark.step()
    assert mark.busy_s() == 0.0
    clock.now_s = 12.5
    assert mark.busy_s() == 7.5


def test_the_next_step_begins_again_at_zero() -> None:
    clock = Clock(0.0)
    mark = ProgressMark(clock)
    mark.step()
    clock.now_s = 100.0
    mark.step()
    clock.now_s = 101.0
    assert mark.busy_s() == 1.0


def test_who_waits_for_work_is_not_stuck_however_long() -> None:
    clock = Clock(0.0)
    mark = ProgressMark(clock)
    mark.step()
    mark.idle()
    clock.now_s = 1e6
    assert mark.busy_s() == 0.0


def test_a_step_at_the_clocks_zero_counts() -> None:
    clock = Clock(0.0)
    mark = ProgressMark(clock)
    mark.step()
    clock.now_s = 90.0
    assert mark.busy_s() == 90.0


def test_another_thread_sees_it() -> None:
    clock = Clock(0.0)
    mark = ProgressMark(clock)
    seen: list[float] = []
    marked = threading.Event()

    def look() -> None:
        assert marked.wait(WAIT_S)
        clock.now_s = 3.0
        seen.append(mark.busy_s())

    thread = threading.Thread(target=look)
    thread.start()
    mark.step()
    marked.set()
    thread.join(WAIT_S)
    assert seen == [3.0]
