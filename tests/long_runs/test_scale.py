"""A small edition of ``make scale``: its own machinery, and that the boards' promises hold."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.long_runs.scale.boards import MANY_BOTS, ONE_BOT, queries_of
from tests.long_runs.scale.crowd_process import Crowd
from tests.long_runs.scale.measured import Table, begin_of, end_of, number, write_into
from tests.long_runs.scale.prometheus_process import PrometheusProcess
from tests.long_runs.scale.recorded_day import RECEIVES, RecordedDay
from tests.long_runs.scale.typed_air import typed
from tests.support.http_client import get
from tests.support.program import Program
from tests.support.unused_port import unused_port

BOTS = 30
SHOWN = 20
"""So many of a kind the board of many bots shows."""
DOWN_NOW = "Down now"
HOURS = 2
NEEDS_PROMETHEUS = pytest.mark.skipif(
    shutil.which("prometheus") is None, reason="no prometheus: Debian's package of that name"
)


def names_in(answer: str) -> set[str]:
    """Return the names of all series of an answer, with the labels that tell them apart."""
    series = re.findall(r"^([a-z_]+(?:\{[^}]*\})?) \S+$", answer, re.MULTILINE)
    return {re.sub(r'site="[^"]*",?|version="[^"]*",?', "", one) for one in series}


@pytest.fixture(scope="module")
def answer() -> Iterator[str]:
    """What a played bot answers."""
    with Crowd(1) as crowd:
        yield crowd.answer()


# -- Prometheus ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_played_bots_measure_all_that_a_real_one_does(
    answer: str, run: Callable[..., Program]
) -> None:
    port = unused_port()
    program = run(STATUS_PORT=str(port), SITE="attic")
    program.wait_line("SYNC COMPLETE")
    real = names_in(get(port, "/metrics")[2])
    assert len(real) > 80
    assert real <= names_in(answer)


@pytest.mark.slow
@NEEDS_PROMETHEUS
def test_of_many_bots_a_board_shows_a_few_of_a_kind(answer: str, tmp_path: Path) -> None:
    with PrometheusProcess(tmp_path, "global: {}", RECEIVES) as prometheus:
        end_s = RecordedDay(answer, BOTS).write(prometheus, HOURS)
        assert prometheus.ask_instant("count(meshbot_link_up)", end_s).series == 1
        for query in queries_of(MANY_BOTS):
            said = prometheus.ask_range(query.expression, end_s, 0.0, 60.0)
            assert not said.error, query
            least = 0 if query.panel == DOWN_NOW else 1  # on that day nobody is
            assert least <= said.series <= SHOWN, query
        every = [
            prometheus.ask_range(query.expression, end_s, 0.0, 60.0).series
            for query in queries_of(ONE_BOT)
        ]
        assert min(every) >= BOTS, "which is why there is another board"


# -- The page --------------------------------------------------------------------------------------


def test_what_was_not_measured_stays_on_the_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    names = ("scale: a", "scale: b")
    page.write_text(
        "\n".join(f"before {name}\n{begin_of(name)}\nold\n{end_of(name)}" for name in names),
        encoding="utf-8",
    )
    table = Table("scale: b", ("what", "s"))
    table.add("a row", number(1_234.5))
    write_into(page, [table])
    text = page.read_text(encoding="utf-8")
    assert "before scale: a\n<!-- scale: a -->\nold\n" in text
    assert "<!-- scale: b -->\n\n| what | s |\n| --- | ---: |\n| a row | 1,234 |\n\n" in text
    assert text.count("old") == 1


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0"), (0.01234, "0.0123"), (9.999, "10.0"), (52.0, "52.0"), (123.4, "123")],
)
def test_numbers_have_the_digits_that_count(value: float, shown: str) -> None:
    assert number(value) == shown


def test_a_slower_preset_has_room_for_fewer_texts() -> None:
    rows = typed().rows
    assert [float(row[1]) for row in rows] == sorted(float(row[1]) for row in rows)
    assert all(float(row[1]) > 0 for row in rows)
