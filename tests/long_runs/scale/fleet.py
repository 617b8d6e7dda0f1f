"""Question 2: many bots and one Prometheus."""

import tempfile
import threading
import time
from pathlib import Path

from tests.long_runs.scale.boards import (
    DAY_S,
    MANY_BOTS,
    ONE_BOT,
    Query,
    expressions_of,
    queries_of,
)
from tests.long_runs.scale.crowd import site_name
from tests.long_runs.scale.crowd_process import Crowd
from tests.long_runs.scale.measured import Table, number
from tests.long_runs.scale.prometheus_process import Asked, PrometheusProcess
from tests.long_runs.scale.recorded_day import RECEIVES, RecordedDay

WARM_UP_S = 60.0
EVERY_S = 15
"""As in the settings that are shipped."""
OF_PROMETHEUS = 5
"""``up`` and the like: series that it makes of each target itself."""
HOURS = 24
MINUTES = 60
RULE_FILES = ("alerts.yml", "rules.yml")


def asked_for_real(bots: int, seconds: float) -> Table:
    """Have Prometheus ask so many bots for so long, with the settings and rules as shipped."""
    table = Table("scale: asked for real", (f"{bots:,} bots, asked every {EVERY_S} s", "", "a bot"))
    with (
        tempfile.TemporaryDirectory() as folder,
        Crowd(bots) as crowd,
        PrometheusProcess(Path(folder), crowd.settings()) as prometheus,
    ):
        pause = threading.Event()
        pause.wait(WARM_UP_S)
        before_s = (prometheus.cost.cpu_s(), crowd.cost.cpu_s())
        began_s = time.monotonic()
        pause.wait(seconds)
        took_s = time.monotonic() - began_s
        _say_load(table, prometheus, bots)
        cores = (prometheus.cost.cpu_s() - before_s[0]) / took_s
        answers = bots * took_s / EVERY_S
        answer_s = (crowd.cost.cpu_s() - before_s[1]) / answers
    table.add("processor of Prometheus", f"{cores * 100:.1f} % of a core", "")
    table.add("processor of the bots", "", f"{answer_s * 1e3:.1f} ms an answer")
    return table


def _say_load(table: Table, prometheus: PrometheusProcess, bots: int) -> None:
    answering = prometheus.value('sum(up{job="meshbot"})')
    a_bot = prometheus.value("avg(scrape_samples_scraped)") + OF_PROMETHEUS
    samples = bots * a_bot / EVERY_S
    slowest_s = prometheus.value("quantile(0.99, scrape_duration_seconds)")
    table.add("bots that answer", f"{answering:,.0f}", "")
    table.add("series", f"{prometheus.head_series():,}", f"{a_bot:.0f}")
    table.add("samples a second", f"{samples:,.0f}", number(samples / bots))
    table.add("an answer, 99 of 100", "", f"≤ {slowest_s * 1e3:.0f} ms")
    table.add("memory of Prometheus", f"{prometheus.cost.resident_mb():.0f} MB", "")


def recorded(bots: int) -> list[Table]:
    """Have Prometheus hold a day of so many bots; ask what boards and rules ask."""
    with Crowd(1) as crowd:
        day = RecordedDay(crowd.answer(), bots)
    with (
        tempfile.TemporaryDirectory() as folder,
        PrometheusProcess(Path(folder), "global: {}", RECEIVES) as prometheus,
    ):
        end_s = day.write(prometheus, HOURS)
        samples = day.series * HOURS * MINUTES
        stored_mb = prometheus.disk_bytes() / 1e6
        kept = Table("scale: stored", (f"a day of {bots:,} bots, asked every minute", ""))
        kept.add("samples", f"{samples / 1e6:,.0f} million")
        kept.add("on the disk", f"{stored_mb:,.0f} MB, {stored_mb * 1e6 / samples:.1f} B a sample")
        return [kept, _boards(prometheus, bots, end_s), _rules(prometheus, bots, end_s)]


def _boards(prometheus: PrometheusProcess, bots: int, end_s: float) -> Table:
    head = ("a look at the last day", "processor, s", "slowest query, s", "series", "answers, MB")
    table = Table("scale: boards", head)
    ten = "|".join(map(site_name, range(10)))
    for what, board, sites in (
        (f"many bots (`{MANY_BOTS}`), {bots:,}", MANY_BOTS, ""),
        (f"one board (`{ONE_BOT}`), 1 of {bots:,} chosen", ONE_BOT, site_name(0)),
        (f"the same, 10 of {bots:,}", ONE_BOT, ten),
        (f"the same, all {bots:,}", ONE_BOT, ".*"),
    ):
        before_s = prometheus.cost.cpu_s()
        said = [_look(prometheus, query, end_s) for query in queries_of(board, sites)]
        table.add(
            what,
            number(prometheus.cost.cpu_s() - before_s),
            number(max(one.seconds for one in said)),
            f"{sum(one.series for one in said):,}",
            number(sum(one.megabytes for one in said)),
        )
    return table


def _look(prometheus: PrometheusProcess, query: Query, end_s: float) -> Asked:
    if query.is_instant:
        said = prometheus.ask_instant(query.expression, end_s)
    else:
        said = prometheus.ask_range(query.expression, end_s, DAY_S, query.step_s)
    if said.error:
        raise RuntimeError(f"{query.panel}: {said.error}")
    return said


def _rules(prometheus: PrometheusProcess, bots: int, end_s: float) -> Table:
    table = Table("scale: rules", (f"all rules once, {bots:,} bots asked every minute", "ms"))
    for file in RULE_FILES:
        said = [prometheus.ask_instant(one, end_s) for one in expressions_of(file)]
        table.add(f"`{file}`", number(sum(one.seconds for one in said) * 1e3))
    return table
