"""How much may be used now."""

from meshbot.sharing.allowance import Allowance


def test_it_begins_full_and_fills_up_steadily_and_no_further() -> None:
    allowance = Allowance(per_s=2.0, most=4.0, now_s=10.0)
    assert allowance.wait_s(10.0, 4.0) == 0.0
    allowance.take(4.0)
    assert allowance.wait_s(10.0) == 0.5
    assert allowance.wait_s(10.25) == 0.25
    assert allowance.wait_s(10.5) == 0.0
    allowance.take(1.0)
    assert allowance.wait_s(1_000.0, 4.0) == 0.0
    assert allowance.wait_s(1_000.0, 5.0) == 0.5


def test_what_was_taken_too_much_is_missing_later() -> None:
    allowance = Allowance(per_s=10.0, most=10.0, now_s=0.0)
    allowance.take(30.0)
    assert allowance.wait_s(0.0) == 2.1
    assert allowance.wait_s(2.1) == 0.0


def test_another_rate_counts_from_now_on() -> None:
    allowance = Allowance(per_s=1.0, most=10.0, now_s=0.0)
    allowance.take(10.0)
    allowance.set_rate(4.0, 2.0)  # two came back
    assert allowance.wait_s(2.0, 6.0) == 1.0


def test_a_clock_that_stands_still_or_steps_back_gives_nothing() -> None:
    allowance = Allowance(per_s=1.0, most=1.0, now_s=5.0)
    allowance.take(1.0)
    assert allowance.wait_s(4.0) == 1.0
    assert allowance.wait_s(4.0) == 1.0
