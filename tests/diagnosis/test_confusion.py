"""What the report says of simulated weeks: a few fixed ones of each kind.

``make confusion`` judges two hundred of each, and writes down how often it was right.
"""

import pytest

from tests.diagnosis.weeks.judged import Judged, cause_is_right, judge, sync_is_right
from tests.diagnosis.weeks.kinds import KINDS
from tests.diagnosis.weeks.week import Chances, Week

WEEKS = 3
LONG = ("sync 1.0", "loops", "every ", "quiet mesh")
"""Kinds with many hundreds of losses."""
QUICK = ("steady Wi-Fi", "reboots", "nothing wrong", "sync 0.5, crash")


def judged_weeks(name: str, weeks: int) -> list[tuple[Week, Judged]]:
    kind = KINDS[name]
    played = [kind.play(Chances(f"{name}/{seed}")) for seed in range(weeks)]
    return [(week, judge(week, text=kind.text)) for week in played]


def check(name: str, weeks: int, *, forgiven: int) -> None:
    """Judge so many weeks; an innocent sync is never accused, one error of another sort passes."""
    kind = KINDS[name]
    judged = judged_weeks(name, weeks)
    said = [(each.verdict, each.accused, dict(each.shares)) for _, each in judged]
    wrong_syncs = sum(not sync_is_right(kind, each) for _, each in judged)
    assert wrong_syncs <= (forgiven if kind.guilty else 0), said
    wrong_causes = sum(cause_is_right(kind, week, each) is False for week, each in judged)
    assert wrong_causes <= forgiven, said


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_weeks_of_each_kind_are_judged_rightly(name: str) -> None:
    long = any(word in name for word in LONG)
    check(name, 1 if long else WEEKS, forgiven=0 if long else 1)


@pytest.mark.parametrize("name", QUICK)
def test_a_week_of_the_plainest_kinds_is_judged_rightly(name: str) -> None:
    check(name, 1, forgiven=0)
