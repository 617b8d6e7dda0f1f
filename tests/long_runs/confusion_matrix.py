"""Judges many weeks of each kind, and writes how often the report was right into a page.

``python tests/long_runs/confusion_matrix.py docs/diagnosis.md`` plays 200 weeks of each kind. With
``--show`` the seeds of the weeks that were judged wrongly are listed, for those who look for why:
``--kinds NAME --seed 17 --weeks 1 --journal`` prints one of them.
"""

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from meshbot.diagnosis.link_diagnosis import diagnose
from meshbot.diagnosis.report_text import text_report
from tests.diagnosis.weeks.judged import cause_is_right, history_from, judge, sync_is_right
from tests.diagnosis.weeks.kind import Kind
from tests.diagnosis.weeks.kinds import KINDS
from tests.diagnosis.weeks.week import Chances

BEGIN, END = "<!-- confusion matrix -->", "<!-- end of confusion matrix -->"
PROCESSES = 2


@dataclass(frozen=True)
class Judgement:
    """What came of one week."""

    seed: int
    accused: bool | None
    verdict: str
    sync_right: bool
    cause_right: bool | None
    shares: dict[str, float]
    truth: dict[str, float]
    played_s: float
    judged_s: float


@dataclass
class Row:
    """What came of all weeks of a kind."""

    kind: Kind
    judgements: list[Judgement] = field(default_factory=list)

    def share(self, right: Sequence[bool | None]) -> float:
        """Return the share of true ones among those that say anything."""
        told = [each for each in right if each is not None]
        return sum(told) / len(told) if told else 1.0

    @property
    def accused(self) -> float:
        """How often the sync was."""
        return self.share([each.accused is True for each in self.judgements])

    @property
    def named(self) -> float:
        """How often the cause, or each cause of a mix, was right."""
        return self.share([each.cause_right for each in self.judgements])

    @property
    def sync_holds(self) -> bool:
        """Whether the target of the sync is met."""
        if self.kind.guilty:
            return self.accused >= self.kind.accused
        return self.accused <= self.kind.accused

    @property
    def cause_holds(self) -> bool:
        """Whether the target of the cause is met."""
        return self.named >= self.kind.named or not (self.kind.accepts or self.kind.mix)

    @property
    def holds(self) -> bool:
        """Whether both are."""
        return self.sync_holds and self.cause_holds

    def wrong(self) -> list[Judgement]:
        """Return the weeks that were judged wrongly."""
        return [
            each for each in self.judgements if not each.sync_right or each.cause_right is False
        ]


def judge_week(name: str, seed: int) -> Judgement:
    """Play one week of a kind and have it judged."""
    kind = KINDS[name]
    began_s = time.perf_counter()
    week = kind.play(Chances(f"{name}/{seed}"))
    played_s = time.perf_counter()
    judged = judge(week, text=kind.text)
    return Judgement(
        seed,
        judged.accused,
        judged.verdict,
        sync_is_right(kind, judged),
        cause_is_right(kind, week, judged),
        dict(judged.shares),
        week.shares(),
        played_s - began_s,
        time.perf_counter() - played_s,
    )


def _judge(task: tuple[str, int]) -> tuple[str, Judgement]:
    return task[0], judge_week(*task)


def rows_of(names: Sequence[str], seeds: Sequence[int]) -> Iterator[Row]:
    """Judge these weeks of each kind, on two processors, a kind at a time."""
    with multiprocessing.get_context("fork").Pool(PROCESSES) as pool:
        for name in names:
            row = Row(KINDS[name])
            tasks = [(name, seed) for seed in seeds]
            for _, judgement in pool.imap_unordered(_judge, tasks, chunksize=2):
                row.judgements.append(judgement)
            row.judgements.sort(key=lambda each: each.seed)
            yield row


def _verdicts_text(row: Row, most: int = 2) -> str:
    counts = Counter(each.verdict for each in row.judgements).most_common(most)
    return ", ".join(f"{name} {count}" for name, count in counts)


def markdown(rows: Sequence[Row], weeks: int) -> str:
    """Return the table."""
    lines = [
        f"{weeks} weeks of each kind; what misses its target is in bold.",
        "",
        "| what was true | sync accused | right cause | verdicts |",
        "|---|---|---|---|",
    ]
    for row in rows:
        cells = [row.kind.name, f"{row.accused:.1%}", "–"]
        if row.kind.accepts or row.kind.mix:
            cells[2] = f"{row.named:.1%}"
        if not row.sync_holds:
            cells[1] = f"**{cells[1]}**"
        if not row.cause_holds:
            cells[2] = f"**{cells[2]}**"
        room = 100 - len(" | ".join(cells)) - 7
        verdicts = _verdicts_text(row)
        if len(verdicts) > room:
            verdicts = _verdicts_text(row, 1)
        lines.append(f"| {' | '.join(cells)} | {verdicts} |")
    return "\n".join(lines)


def write_into(page: Path, table: str) -> None:
    """Put the table between the page's marks, which it gets if it has none."""
    text = page.read_text(encoding="utf-8") if page.exists() else "# How the diagnosis does\n"
    if BEGIN not in text:
        text = f"{text.rstrip()}\n\n{BEGIN}\n{END}\n"
    before, rest = text.split(BEGIN, 1)
    page.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{rest.split(END, 1)[1]}", "utf-8")


def _show(row: Row) -> None:
    for each in row.wrong():
        shares = {name: round(share, 2) for name, share in each.shares.items()}
        truth = {name: round(share, 2) for name, share in each.truth.items()}
        sys.stdout.write(
            f"    seed {each.seed}: {each.verdict}, accused {each.accused}, {shares}; "
            f"true: {truth}\n"
        )


def _print_week(name: str, seed: int, *, report: bool) -> None:
    kind = KINDS[name]
    week = kind.play(Chances(f"{name}/{seed}"))
    for truth in week.truths:
        sys.stdout.write(f"# {truth.at_s:10.1f} {truth.cause}\n")
    if report:
        history = history_from(week, text=kind.text)
        sys.stdout.write(text_report(history, diagnose(history)) + "\n")
        return
    sys.stdout.writelines(week.lines)
    for event in week.events:
        details = (event.seconds, event.count, event.text, event.cause and event.cause.value)
        sys.stdout.write(f"{event.mono_s:10.1f} {event.kind.value} {details}\n")


def main() -> None:
    """Do what the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", nargs="?", type=Path, help="the page to write the table into")
    parser.add_argument("--weeks", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0, help="of the first week")
    parser.add_argument("--kinds", nargs="*", default=[], help="parts of their names")
    parser.add_argument("--show", action="store_true", help="list what was judged wrongly")
    parser.add_argument("--journal", action="store_true", help="print the first week, unjudged")
    parser.add_argument("--report", action="store_true", help="print the first week's report")
    options = parser.parse_args()
    names = [
        name for name in KINDS if not options.kinds or any(part in name for part in options.kinds)
    ]
    if options.journal or options.report:
        for name in names:
            _print_week(name, options.seed, report=options.report)
        return
    rows = []
    for row in rows_of(names, range(options.seed, options.seed + options.weeks)):
        rows.append(row)
        played_s = sum(each.played_s for each in row.judgements) / len(row.judgements)
        judged_s = sum(each.judged_s for each in row.judgements) / len(row.judgements)
        named = f"{row.named:6.1%}" if row.kind.accepts or row.kind.mix else "     –"
        sys.stdout.write(
            f"{'ok ' if row.holds else 'BAD'} {row.kind.name:38} accused {row.accused:6.1%} "
            f"right {named}  {played_s:.2f} + {judged_s:.2f} s  {_verdicts_text(row, 3)}\n"
        )
        sys.stdout.flush()
        if options.show:
            _show(row)
    if options.page is not None:
        write_into(options.page, markdown(rows, options.weeks))


if __name__ == "__main__":
    main()
