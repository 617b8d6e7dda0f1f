"""What the report says of a week, and whether that is right. Reads the report for programs only."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from meshbot.diagnosis.history_builder import history_of
from meshbot.diagnosis.journal_reader import JournalReader
from meshbot.diagnosis.link_diagnosis import diagnose
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.report_json import json_report
from meshbot.model.link_event import EventKind, LinkEvent, on_one_clock
from tests.diagnosis.weeks.kind import NAMES, SCHEDULE, SYNC, Kind
from tests.diagnosis.weeks.site import monday_s
from tests.diagnosis.weeks.week import DAY_S, Week

POINTS = 0.15


@dataclass(frozen=True)
class Judged:
    """What was said."""

    verdict: str
    accused: bool | None
    shares: Mapping[str, float] = field(default_factory=dict)
    scheduled: bool = False

    def named(self, cause: str) -> float:
        """Return the share that is told of a true cause."""
        return sum(share for name, share in self.shares.items() if name in NAMES[cause])


def reader() -> JournalReader:
    """Return what reads the journal of a week, as if a month after it began."""
    return JournalReader(lambda: monday_s() + 30 * DAY_S)


def history_from(week: Week, *, text: bool) -> LinkHistory:
    """Return what a bot would judge, or what is read out of a journal."""
    if not text:
        return history_of(on_one_clock(week.events))
    source = reader()
    events = list(source.events(week.lines))
    last_s = max([source.last_s or 0.0, *(event.wall_s for event in events[-1:])])
    return history_of([*events, LinkEvent(EventKind.ALIVE, last_s)])


def judge(week: Week, *, text: bool) -> Judged:
    """Return what the report says of a week."""
    history = history_from(week, text=text)
    said: dict[str, Any] = json.loads(json_report(history, diagnose(history)))
    shares = said.get("shares", [])
    accused = said["sync"].get("accused", said["verdict"] == SYNC)
    return Judged(
        said["verdict"],
        accused,
        {share["cause"]: float(share["share"]) for share in shares},
        any(share["cause"] == SCHEDULE or share.get("schedule") for share in shares),
    )


def sync_is_right(kind: Kind, judged: Judged) -> bool:
    """Say whether a guilty sync is accused, or an innocent one is not."""
    return judged.accused is True if kind.guilty else judged.accused is not True


def cause_is_right(kind: Kind, week: Week, judged: Judged) -> bool | None:
    """Say whether the verdict, or each share of a mix, is right; None where nothing is asked."""
    if kind.mix:
        true = week.shares()
        return all(
            judged.named(cause) > 0 and abs(judged.named(cause) - true.get(cause, 0.0)) <= POINTS
            for cause in kind.mix
        )
    if not kind.accepts:
        return None
    said = judged.scheduled or judged.verdict == SCHEDULE if kind.says else True
    return judged.verdict in kind.accepts and said
