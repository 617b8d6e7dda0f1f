"""How often a trial is wrong, and how soon it finds what is true: ``make trial-errors``.

A node, its background of losses and a sync that kills or does not are played in time; the events
are those that the bot would note, and the trial is derived from them as the bot does. Each loss is
noticed as it would be: a reset with the next heartbeat, a hang by silence.
"""

import argparse
import math
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from meshbot.diagnosis.trial.evidence import Result
from meshbot.diagnosis.trial.toss_log import TossLog
from meshbot.diagnosis.trial.trial_state import TrialState
from meshbot.model.cause import Cause
from meshbot.model.link_event import EventKind, LinkEvent

HOUR_S, DAY_S = 3_600.0, 86_400.0
DELAY_S, WINDOW_S = 30.0, 120.0
HEARTBEAT_S, SILENT_TIMEOUT_S = 30.0, 120.0
QUIET_S = 20.0
"""Mean time between two packets of the mesh."""
SOON = 60
SETTINGS = '{"TCP_SYNC_TRIAL": true}'

Deaths = Callable[[random.Random, float], float]
"""From a moment at which the link is up to the next loss that has nothing to do with the sync."""


def none_at_all(rng: random.Random, now_s: float) -> float:
    """Return a loss that is hours away: only so that there are reconnections."""
    return now_s + rng.uniform(2 * HOUR_S, 6 * HOUR_S)


def three_a_day(rng: random.Random, now_s: float) -> float:
    """Return the next of a steady three a day."""
    return now_s + rng.expovariate(3 / DAY_S)


def in_bursts(rng: random.Random, now_s: float) -> float:
    """Return the next where every sixth hour is bad, with a loss every four minutes or so."""
    while True:
        bad_until_s = math.floor(now_s / (6 * HOUR_S)) * 6 * HOUR_S + HOUR_S
        if now_s < bad_until_s:
            loss_s = now_s + rng.expovariate(1 / 240.0)
            if loss_s < bad_until_s:
                return loss_s
        quiet_until_s = bad_until_s + 5 * HOUR_S
        loss_s = max(now_s, bad_until_s) + rng.expovariate(1 / DAY_S)
        if loss_s < quiet_until_s:
            return loss_s
        now_s = quiet_until_s


def three_in_ten(rng: random.Random, now_s: float) -> float:
    """Return one in the observed time for three sessions in ten, else hours later."""
    if rng.random() < 0.3:
        return now_s + DELAY_S + rng.uniform(0.0, 90.0)
    return now_s + rng.uniform(HOUR_S, 6 * HOUR_S)


BACKGROUNDS: dict[str, Deaths] = {
    "none": none_at_all,
    "3 a day": three_a_day,
    "bursts": in_bursts,
    "30 % of sessions": three_in_ten,
}


@dataclass
class _Life:
    """A link, told to the trial."""

    rng: random.Random
    deaths: Deaths
    kills: float
    now_s: float = 0.0

    def session(self, log: TossLog) -> None:
        """Live through one reconnection and the loss after it."""
        rng = self.rng
        at_s, synced = self.now_s, rng.random() < 0.5
        log.add(LinkEvent(EventKind.TOSSED, at_s, text="sync" if synced else "skip"))
        # Without the deferred sync, the periodic one comes when the observation is over.
        sync_s = at_s + DELAY_S + (0.0 if synced else WINDOW_S + rng.uniform(0.0, 300.0))
        death_s = self.deaths(rng, at_s)
        if rng.random() < self.kills:
            death_s = min(death_s, sync_s + rng.uniform(0.0, 60.0))
        heard_s = max(at_s, death_s - min(rng.expovariate(1 / QUIET_S), HEARTBEAT_S))
        if rng.random() < 0.5:
            noticed_s = heard_s + SILENT_TIMEOUT_S + 1.0
            cause = Cause.SILENCE
        else:
            noticed_s = max(death_s, heard_s + HEARTBEAT_S)  # that is when it is sent something
            cause = Cause.RESET
        seconds = noticed_s - heard_s
        log.add(LinkEvent(EventKind.LOST, noticed_s, seconds=seconds, cause=cause))
        self.now_s = noticed_s + rng.uniform(4.0, 30.0)


def play(rng: random.Random, deaths: Deaths, kills: float) -> tuple[TrialState, int]:
    """Play a trial to its end; return how it ended, and after how many reconnections."""
    log = TossLog()
    log.add(LinkEvent(EventKind.STARTED, 0.0, text=SETTINGS))
    life = _Life(rng, deaths, kills, now_s=rng.uniform(0.0, DAY_S))
    tosses = 0
    while True:
        life.session(log)
        tosses += 1
        state = log.trial(life.now_s)
        assert state is not None
        if state.result is not None:
            return state, tosses


@dataclass(frozen=True)
class Row:
    """Many trials of one kind."""

    background: str
    kills: float
    ended: list[tuple[Result | None, int]]

    def share(self, result: Result, within: float = math.inf) -> float:
        """Return how many ended so, and so soon."""
        return sum(one is result and n <= within for one, n in self.ended) / len(self.ended)

    @property
    def median(self) -> int:
        """After how many reconnections half of them had ended."""
        return sorted(number for _, number in self.ended)[len(self.ended) // 2]


def played(background: str, kills: float, trials: int, seed: int = 1) -> Row:
    """Play so many trials of one kind."""
    rng = random.Random(f"{background} {kills} {seed}")
    ended = [play(rng, BACKGROUNDS[background], kills) for _ in range(trials)]
    return Row(background, kills, [(state.result, number) for state, number in ended])


def table(trials: int) -> str:
    """Return the table of ``docs/trial.md``."""
    lines = [
        f"| losses anyway | the sync kills | guilty | within {SOON} | innocent | no effect seen "
        "| median |",
        "|---|---|---|---|---|---|---|",
    ]
    for background in BACKGROUNDS:
        for kills in (0.0, 0.2, 0.3, 0.5, 1.0):
            row = played(background, kills, trials)
            shares = (
                row.share(Result.GUILTY),
                row.share(Result.GUILTY, SOON),
                row.share(Result.INNOCENT),
                row.share(Result.NO_EFFECT_SEEN),
            )
            cells = " | ".join(f"{100 * share:.1f} %" for share in shares)
            lines.append(f"| {background} | {100 * kills:.0f} % | {cells} | {row.median} |")
    return "\n".join(lines)


def main() -> None:
    """Write the table into a page, between its marks, or show it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", nargs="?", type=Path)
    parser.add_argument("--trials", type=int, default=1_000)
    options = parser.parse_args()
    text = table(options.trials)
    if options.page is None:
        print(text)  # noqa: T201
        return
    page = options.page.read_text(encoding="utf-8")
    page = re.sub(r"^\| losses anyway .*?(?=\n\n|\Z)", lambda _: text, page, flags=re.M | re.S)
    options.page.write_text(page.rstrip("\n") + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
