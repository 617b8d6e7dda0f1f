"""The measuring itself: contenders that do what they are measured at, medians, the page."""

import re
from pathlib import Path

import pytest

from benchmarks import __main__ as benchmarks
from benchmarks import mesh_program, page
from benchmarks.connecting import Connecting
from benchmarks.figure import Figure
from benchmarks.line import (
    FLOOR,
    MMRELAY,
    MMRELAY_CHECKING,
    MTJK,
    OUR_INTERFACE,
    OURS,
    STOCK,
    USUAL,
    Line,
    at_least_of_stock,
    at_most,
    at_most_of_stock,
)
from benchmarks.pair import ENVIRONMENTS, Pair
from benchmarks.program import Program, ProgramFailed
from benchmarks.python_environment import PythonEnvironment
from benchmarks.shared_node import _client, _unused_port
from benchmarks.traffic.mixes import SHARED

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


# -- The contenders --------------------------------------------------------------------------------


def with_environments(*names: str) -> list[pytest.ParameterSet]:
    """Return these contenders; one whose environment "make bench" has not made is left out."""
    return [
        pytest.param(
            name,
            marks=pytest.mark.skipif(
                name in ENVIRONMENTS and not ENVIRONMENTS[name].is_ready, reason="make bench first"
            ),
        )
        for name in names
    ]


@pytest.mark.parametrize(
    "contender", with_environments(STOCK, MTJK, USUAL, MMRELAY, MMRELAY_CHECKING, OURS)
)
def test_each_bot_answers_and_comes_back_from_a_fin(contender: str) -> None:
    with Pair(contender) as pair:
        assert pair.connect()["seconds"] > 0
        answered_s = pair.mesh.ask("fault", kind="fin", limit_s=10.0)["answered_s"]
        assert answered_s is not None
        assert pair.bot.resident_mb() > 10
        assert pair.bot.wake_ups() > 0


@pytest.mark.parametrize(
    "contender", with_environments(STOCK, MTJK, USUAL, OURS, OUR_INTERFACE, FLOOR)
)
def test_each_contender_is_given_every_packet(contender: str) -> None:
    with Pair(contender) as pair:
        pair.connect()
        for _ in range(2):
            seconds, cpu_s = pair.take_burst(200)
            assert seconds > 0
            assert cpu_s > 0


def test_the_processor_time_of_a_program_is_what_it_counts_itself() -> None:
    with Pair(STOCK) as pair:
        before_s = pair.bot.cpu_s()
        counted_s = pair.bot.ask("expect", packets=1)["cpu_s"]
        assert before_s <= counted_s <= pair.bot.cpu_s()


def test_a_client_of_the_shared_node_is_given_every_packet() -> None:
    port = _unused_port()
    with Pair(OURS, share_port=port) as pair, _client(port) as client:
        pair.connect()
        client.ask("connect")
        client.ask("expect", packets=2_000)
        pair.mesh.ask("prepare", packets_wanted=2_000, mix=SHARED)
        pair.mesh.ask("burst")
        assert client.ask("await")["at_s"] > 0


def test_a_burst_is_sent_only_once() -> None:
    with Pair(FLOOR) as pair:
        pair.connect()
        pair.take_burst(20)
        with pytest.raises(ProgramFailed, match="no new packets"):
            pair.mesh.ask("burst")


def test_a_program_that_cannot_do_it_says_so() -> None:
    with Program("benchmarks.mesh_program") as mesh:
        with pytest.raises(ProgramFailed, match="KeyError"):
            mesh.ask("nonsense")
        assert mesh.ask("where")["port"] > 0


def test_a_program_that_ends_is_noticed() -> None:
    with (
        Program("benchmarks.stock_bot", ["--port", "no number"]) as program,
        pytest.raises(ProgramFailed, match="ended"),
    ):
        program.ask("connect")


def test_a_program_that_has_ended_is_not_measured() -> None:
    with Program("benchmarks.mesh_program") as mesh:
        mesh.ask("where")
        mesh.check()
        mesh._process.kill()
        mesh._process.wait()
        for look in (mesh.check, mesh.resident_mb, mesh.cpu_s, mesh.wake_ups):
            with pytest.raises(ProgramFailed, match="ended"):
                look()


def test_the_usual_pattern_tears_a_quiet_link_down_and_the_library_does_not() -> None:
    for contender, expected in ((USUAL, range(2, 30)), (STOCK, range(1))):
        with Pair(contender, speed=300) as pair:
            pair.connect()
            result = pair.mesh.ask("quiet_mesh", hours=0.25, speed=300, packet_every_s=900.0)
            assert result["reconnections"] in expected, contender


def test_the_usual_pattern_leaves_a_busy_mesh_alone() -> None:
    with Pair(USUAL, speed=60) as pair:
        pair.connect()
        result = pair.mesh.ask("quiet_mesh", hours=0.1, speed=60, packet_every_s=1.0)
        assert result["reconnections"] == 0


@pytest.mark.parametrize("contender", with_environments(MMRELAY_CHECKING, OURS))
def test_those_that_ask_the_node_notice_a_silent_link_at_any_speed(contender: str) -> None:
    with Pair(contender, speed=144) as pair:
        pair.connect()
        answered_s = pair.mesh.ask("fault", kind="silent", limit_s=30.0)["answered_s"]
        assert answered_s is not None, "at its own speed it takes longer"


def test_a_silent_link_is_never_noticed_by_the_library_alone() -> None:
    with Pair(STOCK) as pair:
        pair.connect()
        assert pair.mesh.ask("fault", kind="silent", limit_s=1.5)["answered_s"] is None


def test_what_a_reconnection_costs_the_node_is_counted() -> None:
    with Pair(STOCK, nodes=50) as pair:
        pair.connect()
        result = pair.mesh.ask("reconnection")
    assert result["frames"] > 50
    assert result["bytes"] > 50 * 50
    assert result["seconds"] > 1, "the library's own pause"


def test_a_client_that_answers_no_more_is_no_quiet_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mesh_program, "ANSWER_LIMIT_S", 0.5)
    mesh = mesh_program.MeshProgram(nodes=3, seed=1)
    with mesh._node, pytest.raises(RuntimeError, match="answers no more"):
        mesh.quiet_mesh(hours=0.001, speed=100.0, packet_every_s=900.0)


def test_an_error_ends_the_programs_in_the_middle_of_what_they_do() -> None:
    with pytest.raises(ZeroDivisionError), Pair(OURS) as pair:
        pair.connect()
        pair.mesh.send("fault", kind="silent", limit_s=60.0)
        raise ZeroDivisionError
    for program in (pair.mesh, pair.bot):
        assert program._process.returncode == 0
        with pytest.raises(ProgramFailed):
            program.send("where")


# -- Medians and targets ---------------------------------------------------------------------------


def line_of(**values: list[float | None]) -> Line:
    return Line("something", "s", "≤ 2", at_most(2), {OURS: [1.0], **values})


@pytest.mark.parametrize(
    ("values", "median"),
    [
        ([3.0], 3.0),
        ([1.0, 9.0, 2.0], 2.0),
        ([1.0, 3.0], 2.0),
        ([1.0, None, 2.0], 2.0),
        ([None, 1.0, None], None),
        ([1.0, None], None),
        ([1.0, 2.0, 3.0, None], 3.0),
        ([1.0, 2.0, 3.0, 4.0, 5.0, None], 4.0),
        ([None], None),
    ],
)
def test_a_run_that_never_ended_counts_as_the_longest(
    values: list[float | None], median: float | None
) -> None:
    line = Line("something", "s", values={OURS: values})
    assert line.medians == {OURS: median}


def test_targets() -> None:
    assert at_most(2)({OURS: 2.0})
    assert not at_most(2)({OURS: 2.1})
    assert not at_most(2)({OURS: None})
    assert not at_most(2)({})
    assert at_most_of_stock(0.5)({OURS: 1.0, STOCK: 2.0})
    assert not at_most_of_stock(0.5)({OURS: 1.1, STOCK: 2.0})
    assert at_most_of_stock(1, 15)({OURS: 16.0, STOCK: 1.0})
    assert at_most_of_stock(1)({OURS: 16.0, STOCK: None}), "stock never did it at all"
    assert not at_most_of_stock(1)({OURS: 16.0}), "stock was not measured"
    assert at_least_of_stock(2.5)({OURS: 5.0, STOCK: 2.0})
    assert not at_least_of_stock(2.5)({OURS: 4.9, STOCK: 2.0})
    assert not at_least_of_stock(2.5)({OURS: None, STOCK: 2.0})


# -- The page --------------------------------------------------------------------------------------


class Told(Figure):
    """A measurement with known results."""

    title = "Told"
    about = "As told."

    def finish(self) -> list[Line]:
        return [
            Line("fast", "s", "≤ 2", at_most(2), {STOCK: [None], USUAL: [12.5], OURS: [0.0123]}),
            Line("slow", "", "≤ 2", at_most(2), {STOCK: [4.0], OURS: [2_000.0, 1_234.5, 1.0]}),
            Line("just so", "", values={OURS: [7.0]}),
        ]


def test_the_page_shows_medians_ratios_and_what_was_not_reached() -> None:
    figure = Told(1)
    rows = page.section(figure, figure.finish()).splitlines()
    assert rows[0] == "## Told"
    assert rows[4:] == [
        "|  | stock library | usual pattern | MeshBot | ÷ stock | target | reached |",
        "| --- | ---: | ---: | ---: | ---: | --- | --- |",
        "| fast, s | never | 12.5 | 0.0123 |  | ≤ 2 | yes |",
        "| slow | 4 |  | 1,234 (1 to 2,000) | 309 | ≤ 2 | **no** |",
        "| just so |  |  | 7 |  |  |  |",
    ]


def test_the_head_names_the_versions_and_fits() -> None:
    text = page.head({})
    for name in (MTJK, MMRELAY):
        assert f"{name}/) {ENVIRONMENTS[name].version}" in text
    assert [line for line in text.splitlines() if len(line) > page.MAX_COLUMNS] == []


def test_a_contender_that_cannot_be_installed_is_named_and_not_played(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = PythonEnvironment(tmp_path / "none", ["mtjk==0.0", "--no-index"])
    monkeypatch.setitem(ENVIRONMENTS, MTJK, nowhere)
    absent = benchmarks.install(["connecting"])
    assert list(absent) == ["mtjk"]
    assert Connecting(1).present == [STOCK, OURS, FLOOR]
    assert "**mtjk** could not be installed" in page.head(absent)


def test_the_command_measures_what_is_named_and_writes_the_page(tmp_path: Path) -> None:
    written = tmp_path / "page.md"
    benchmarks.main(["sealed", "--runs", "1", "--write", str(written)])
    text = written.read_text(encoding="utf-8")
    assert re.search(r"^\| known sender, µs \| [\d.]+ \| [\d.]+ \|", text, re.MULTILINE)
    assert "## Key sync" not in text


def test_a_name_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        benchmarks.main(["speed"])
    assert "unknown: speed" in capsys.readouterr().err
