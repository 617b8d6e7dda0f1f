"""The journal in a terminal: the bot's state stands below it, and is gone in the end."""

import fcntl
import io
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import threading
import time
import tty
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from meshbot.service.live_state import LiveState
from meshbot.service.terminal_choice import painter_for
from meshbot.service.terminal_painter import TerminalPainter
from meshbot.service.terminal_writer import Painter, TerminalWriter
from meshbot.threads.output_writer import OutputWriter
from tests.support.limits import PROGRAM_S, WAIT_S
from tests.support.screen import Screen

pytestmark = pytest.mark.slow

UP = LiveState(75.0, "", "‹Toit› (!a1b2c3d4)", 12, 1, "‹Ann› : ‹/ping›", 7.0)
STATE = (
    " ● liaison depuis 1 min │ ‹Toit› (!a1b2c3d4) │ 12 nœuds │ 1 en attente │ ‹Ann› : ‹/ping›, "
    "il y a 7 s"
)
LINE = "12:34:56 [INFO] ✅ Connexion TCP établie"


class Terminal:
    """A terminal that somebody looks at."""

    def __init__(self) -> None:
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave, termios.TCSANOW)
        self.screen = Screen()
        self.raw = ""
        self._read = io.BytesIO()
        self.resize(120)

    def resize(self, columns: int) -> None:
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def look_until(self, is_so: Callable[[list[str]], bool]) -> list[str]:
        """Read until the rows are so; return them."""
        deadline_s = time.monotonic() + WAIT_S
        while not is_so(self.screen.rows):
            ready, _, _ = select.select([self.master], [], [], deadline_s - time.monotonic())
            assert ready, f"not so: {self.screen.rows}"
            self._take(os.read(self.master, 65_536))
        return self.screen.rows

    def rest(self) -> list[str]:
        """Return what stands there when nobody writes any more."""
        while select.select([self.master], [], [], 0)[0]:
            self._take(os.read(self.master, 65_536))
        return self.screen.rows

    def _take(self, data: bytes) -> None:
        # A read may end in the middle of a character.
        whole = (self._read.getvalue() + data).decode("utf-8", "ignore")
        text = whole[len(self.raw) :]
        self._read.write(data)
        self.raw = whole
        self.screen.write(text.replace("\n", "\r\n"))

    def close(self) -> None:
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    made = Terminal()
    yield made
    made.close()


@pytest.fixture
def writers() -> Iterator[list[TerminalWriter]]:
    made: list[TerminalWriter] = []
    yield made
    for writer in made:
        assert writer.stop(WAIT_S)


def started(
    writers: list[TerminalWriter], terminal: Terminal, painter: Painter | None = None
) -> TerminalWriter:
    writer = TerminalWriter(
        terminal.slave, lambda count, failed: f"lost {count}", painter or TerminalPainter()
    )
    writers.append(writer)
    writer.start()
    return writer


def test_lines_are_written_above_the_state_which_is_gone_in_the_end(
    terminal: Terminal, writers: list[TerminalWriter]
) -> None:
    writer = started(writers, terminal)
    writer.offer(LINE)
    writer.show(lambda: UP)
    assert terminal.look_until(lambda rows: rows[-1] == STATE) == [LINE, STATE]
    for number in range(50):
        writer.offer(f"line {number}")
    expected = [LINE, *(f"line {number}" for number in range(50))]
    assert terminal.look_until(lambda rows: len(rows) > 51)[:51] == expected
    terminal.look_until(lambda rows: rows[-1] == STATE)
    assert writer.stop(WAIT_S)
    assert terminal.rest() == [*expected, ""]
    assert terminal.screen.unknown == [], "neither the cursor nor a mode was touched"


def test_the_state_follows_the_bot_though_nothing_is_written(
    terminal: Terminal, writers: list[TerminalWriter]
) -> None:
    states = [UP, replace(UP, up_s=None, down_cause="câble débranché")]
    writer = started(writers, terminal)
    writer.show(lambda: states.pop(0) if len(states) > 1 else states[0])
    terminal.look_until(lambda rows: rows[-1] == STATE)
    (row,) = terminal.look_until(lambda rows: "sans liaison" in rows[-1])
    assert row.startswith(" ● sans liaison : câble débranché │ ‹Toit›")


def test_while_it_is_held_there_is_no_state(
    terminal: Terminal, writers: list[TerminalWriter]
) -> None:
    writer = started(writers, terminal)
    writer.show(lambda: UP)
    terminal.look_until(lambda rows: rows[-1] == STATE)
    writer.hold(WAIT_S)
    assert terminal.rest() == [""]
    writer.offer(LINE)
    terminal.look_until(lambda rows: rows == [LINE, ""])
    writer.release()
    terminal.look_until(lambda rows: rows == [LINE, STATE])


def test_a_narrow_terminal_has_a_short_state_and_a_very_narrow_one_none(
    terminal: Terminal, writers: list[TerminalWriter]
) -> None:
    terminal.resize(40)
    writer = started(writers, terminal)
    writer.show(lambda: UP)
    (row,) = terminal.look_until(lambda rows: rows[-1].endswith("…"))
    assert len(row) <= 36
    terminal.resize(20)
    terminal.look_until(lambda rows: rows[-1] == "")


def test_a_terminal_that_became_narrower_has_both_halves_of_the_state_wiped_out(
    terminal: Terminal, writers: list[TerminalWriter]
) -> None:
    writer = started(writers, terminal)
    writer.show(lambda: UP)
    terminal.look_until(lambda rows: rows[-1] == STATE)
    before = len(terminal.raw)
    terminal.resize(60)
    writer.offer(LINE)
    terminal.look_until(lambda rows: LINE in rows[-2:][0])
    assert terminal.raw[before:].startswith("\x1b[1A\r\x1b[J")


def test_a_terminal_that_is_stopped_holds_up_nobody_and_the_state_is_not_queued(
    terminal: Terminal, writers: list[TerminalWriter]
) -> None:
    """Ctrl-S, as the terminal driver takes it."""
    asked = threading.Semaphore(0)

    def state() -> LiveState:
        asked.release()
        return UP

    writer = started(writers, terminal)
    writer.show(state)
    terminal.look_until(lambda rows: rows[-1] == STATE)
    termios.tcflow(terminal.slave, termios.TCOOFF)
    for number in range(1_000):
        writer.offer(f"line {number}")
    assert not writer.flush(0.3)
    began_s = time.monotonic()
    writer.hold(0.1)
    assert time.monotonic() - began_s < 2.5
    writer.release()
    termios.tcflow(terminal.slave, termios.TCOON)
    rows = terminal.look_until(lambda rows: len(rows) > 1_000 and rows[-1] == STATE)
    assert rows[:1_000] == [f"line {number}" for number in range(1_000)]


def test_the_end_does_not_wait_for_a_terminal_that_is_stopped(
    terminal: Terminal, writers: list[TerminalWriter]
) -> None:
    writer = started(writers, terminal)
    writer.show(lambda: UP)
    terminal.look_until(lambda rows: rows[-1] == STATE)
    termios.tcflow(terminal.slave, termios.TCOOFF)
    writer.offer(LINE)
    began_s = time.monotonic()
    assert writer.stop(WAIT_S)
    assert time.monotonic() - began_s < 3.0
    termios.tcflow(terminal.slave, termios.TCOON)


class Unable:
    """A painter that cannot do what is asked."""

    def line(self, line: str) -> str:
        raise ValueError("no colours today")

    def state(self, state: LiveState, cells: int) -> tuple[str, int]:
        raise ValueError("no state either")


def test_a_painter_that_fails_costs_the_colours_and_no_more_than_a_line(
    terminal: Terminal, writers: list[TerminalWriter]
) -> None:
    writer = started(writers, terminal, Unable())
    writer.offer("the first")
    writer.offer(LINE)
    terminal.look_until(lambda rows: LINE in rows)


def test_a_state_that_cannot_be_told_is_wiped_out_and_lines_go_on(
    terminal: Terminal, writers: list[TerminalWriter]
) -> None:
    told, failed = [UP], threading.Event()

    def state() -> LiveState:
        if told:
            return told.pop()
        failed.set()
        raise ValueError("the owner is gone")

    writer = started(writers, terminal)
    writer.show(state)
    terminal.look_until(lambda rows: rows[-1] == STATE)
    assert failed.wait(WAIT_S)
    writer.offer(LINE)
    writer.offer("after")
    assert terminal.look_until(lambda rows: "after" in rows[-2:])[-3:] == [LINE, "after", ""]
    assert not [row for row in terminal.screen.rows if "liaison depuis" in row]


# -- Colours -----------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARNING", "ERROR"])
def test_each_level_has_its_colour_and_the_text_stays_the_same(
    level: str, terminal: Terminal
) -> None:
    line = f"12:34:56 [{level}] [bold]no markup[/] :smile: {'x' * 300}"
    painted = TerminalPainter().line(line)
    assert painted != line
    screen = Screen()
    screen.write(painted)
    assert screen.rows == [line]
    painter = TerminalPainter()
    others = {painter.line(line.replace(level, one)).replace(one, "") for one in ("INFO", "ERROR")}
    assert len(others) == 2


def test_no_color_means_to_the_letter(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    painter = TerminalPainter()
    assert painter.line("12:34:56 [ERROR] ❌ x") == "12:34:56 [ERROR] ❌ x"
    assert painter.state(UP, 200) == (STATE, len(STATE))


def test_names_of_strangers_cannot_reach_the_terminal_by_the_state(terminal: Terminal) -> None:
    hostile = replace(UP, last_message="‹" + "x" * 5_000 + "›")
    text, cells = TerminalPainter().state(hostile, 116)
    assert cells <= 116 and "…" in text


# -- Where there are none --------------------------------------------------------------------------


def test_there_are_colours_only_in_a_terminal_that_can_show_them(terminal: Terminal) -> None:
    assert painter_for(terminal.slave, {"TERM": "xterm"}) is not None
    for name in ("dumb", "", "unknown"):
        assert painter_for(terminal.slave, {"TERM": name}) is None
    assert painter_for(terminal.slave, {}) is None
    reading, writing = os.pipe()
    assert painter_for(writing, {"TERM": "xterm"}) is None
    os.close(reading)
    os.close(writing)


def test_without_the_library_lines_are_written_as_ever(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert painter_for(terminal.slave, {"TERM": "xterm"}) is None


def test_a_bot_without_a_terminal_does_without_the_library() -> None:
    code = (
        "import sys, main_bot; from meshbot.service.journal_output import JournalOutput\n"
        "with JournalOutput(): pass\n"
        "sys.exit('rich' in sys.modules)"
    )
    subprocess.run(
        [sys.executable, "-c", code], check=True, timeout=PROGRAM_S, stdout=subprocess.DEVNULL
    )


def test_the_plain_writer_never_rests() -> None:
    """Off costs nothing: without a terminal nothing wakes up each second."""
    assert OutputWriter.idle_s is None
    assert TerminalWriter.idle_s is not None
