"""Lines are written whole and in order, and nobody who logs waits for the one who reads them."""

import fcntl
import os
import pty
import select
import termios
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from meshbot.threads.output_writer import OutputWriter
from tests.support.limits import WAIT_S

pytestmark = pytest.mark.slow

SMALL_PIPE = 4_096


def lost_line(count: int, failed: bool) -> str:
    return f"lost {count}{', refused' if failed else ''}"


class Pipe:
    """A small pipe, and what came out of it."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        fcntl.fcntl(self.writing, fcntl.F_SETPIPE_SZ, SMALL_PIPE)
        self._read = b""

    @property
    def text(self) -> str:
        return self._read.decode("utf-8", "ignore")

    def read_until(self, text: str) -> str:
        """Read, with a limit, until it holds a text; return all that came so far."""
        deadline_s = time.monotonic() + WAIT_S
        while text not in self.text:
            ready, _, _ = select.select([self.reading], [], [], deadline_s - time.monotonic())
            assert ready, f"no {text!r} in {self.text[-300:]!r}"
            read = os.read(self.reading, 65_536)
            assert read, f"no {text!r} in {self.text[-300:]!r}"
            self._read += read
        return self.text

    def close_reading(self) -> None:
        os.close(self.reading)
        self.reading = -1

    def close(self) -> None:
        for descriptor in (self.reading, self.writing):
            if descriptor >= 0:
                os.close(descriptor)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    made.close()


@pytest.fixture
def writers() -> Iterator[list[OutputWriter]]:
    started: list[OutputWriter] = []
    yield started
    for writer in started:
        assert writer.stop(WAIT_S)


def started(writers: list[OutputWriter], descriptor: int, max_bytes: int = 2_000) -> OutputWriter:
    writer = OutputWriter(descriptor, lost_line, max_bytes=max_bytes)
    writers.append(writer)
    writer.start()
    return writer


def numbered(first: int, last: int) -> list[str]:
    return [f"line {number} {'x' * 40}" for number in range(first, last)]


def test_lines_of_several_threads_stay_whole_and_in_their_order(
    pipe: Pipe, writers: list[OutputWriter]
) -> None:
    writer = started(writers, pipe.writing, 1_000_000)

    def say(name: str) -> None:
        for number in range(200):
            writer.offer(f"{name} {number}")

    threads = [threading.Thread(target=say, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    writer.offer("end")
    lines = pipe.read_until("end\n").splitlines()
    assert len(lines) == 601
    for name in "abc":
        assert [line for line in lines if line.startswith(name)] == [
            f"{name} {number}" for number in range(200)
        ]


def test_what_nobody_reads_is_counted_where_it_is_missing(
    pipe: Pipe, writers: list[OutputWriter]
) -> None:
    writer = started(writers, pipe.writing)
    said = numbered(0, 1_000)
    for line in said:
        writer.offer(line)
    lines = pipe.read_until("lost").splitlines()
    pipe.read_until("\n")
    kept = len(lines) - 1
    assert 40 < kept < 300, "a pipe and a queue full"
    assert lines[:kept] == said[:kept]
    writer.offer("after")
    lines = pipe.read_until("after\n").splitlines()
    assert lines[kept:] == [f"lost {1_000 - kept}", "after"]


def test_lost_lines_are_told_though_nothing_else_is_said(
    pipe: Pipe, writers: list[OutputWriter]
) -> None:
    writer = started(writers, pipe.writing)
    for line in numbered(0, 1_000):
        writer.offer(line)
    assert not writer.flush(0.0)
    pipe.read_until("lost")
    assert writer.flush(WAIT_S)


def test_a_reader_who_comes_back_too_late_does_not_hold_up_the_end(
    pipe: Pipe, writers: list[OutputWriter]
) -> None:
    writer = started(writers, pipe.writing)
    for line in numbered(0, 1_000):
        writer.offer(line)
    began_s = time.monotonic()
    assert not writer.flush(0.1)
    assert writer.stop(WAIT_S)
    assert time.monotonic() - began_s < 3.0
    assert "after" not in pipe.text


def test_a_reader_who_went_away_is_no_event(pipe: Pipe, writers: list[OutputWriter]) -> None:
    writer = started(writers, pipe.writing)
    pipe.close_reading()
    for line in numbered(0, 1_000):
        writer.offer(line)
        assert writer.flush(WAIT_S)


def test_a_descriptor_that_is_none_is_no_event(writers: list[OutputWriter]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    os.close(writing)
    writer = started(writers, writing)
    writer.offer("x")
    assert writer.flush(WAIT_S)


def test_a_full_disk_is_told_of_when_it_has_room_again(
    tmp_path: Path, writers: list[OutputWriter]
) -> None:
    """The real one, which says ENOSPC, in the middle of a line; then a file that takes it."""
    full = os.open("/dev/full", os.O_WRONLY)
    path = tmp_path / "journal"
    writer = started(writers, full)
    for line in ("one", "two", "three"):
        writer.offer(line)
        assert writer.flush(WAIT_S)
    taken = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    os.dup2(taken, full)
    writer.offer("four")
    assert writer.flush(WAIT_S)
    os.close(taken)
    assert path.read_text() == "lost 3, refused\nfour\n"
    os.close(full)


def test_half_a_line_is_not_continued_by_the_next(
    tmp_path: Path, writers: list[OutputWriter], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fills up takes the beginning of a line; the next must not stand behind it."""
    path = tmp_path / "journal"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    really_write, writes = os.write, iter([3, None])

    def write(number: int, data: bytes) -> int:
        room = next(writes, 1_000)
        if room is None:
            raise OSError(28, "No space left on device")
        return really_write(number, bytes(data)[:room])

    monkeypatch.setattr("meshbot.threads.output_writer.os.write", write)
    writer = started(writers, descriptor)
    writer.offer("one long line")
    assert writer.flush(WAIT_S)
    writer.offer("two")
    assert writer.flush(WAIT_S)
    os.close(descriptor)
    assert path.read_text() == "one\nlost 1, refused\ntwo\n"


def test_a_terminal_that_is_stopped_holds_up_nobody(writers: list[OutputWriter]) -> None:
    """Ctrl-S, as the terminal driver takes it; Ctrl-Q goes on."""
    master, slave = pty.openpty()
    tty.setraw(slave, termios.TCSANOW)
    termios.tcflow(slave, termios.TCOOFF)
    writer = started(writers, slave)
    for line in numbered(0, 1_000):
        writer.offer(line)
    assert not writer.flush(0.3)
    ready, _, _ = select.select([master], [], [], 0)
    assert not ready
    termios.tcflow(slave, termios.TCOON)
    text, deadline_s = "", time.monotonic() + WAIT_S
    while "lost" not in text:
        ready, _, _ = select.select([master], [], [], deadline_s - time.monotonic())
        assert ready
        text += os.read(master, 65_536).decode()
    assert writer.flush(WAIT_S)
    os.close(master)
    os.close(slave)


def test_the_descriptor_stays_as_it_was(pipe: Pipe, writers: list[OutputWriter]) -> None:
    """It is shared with the shell that started the bot."""
    writer = started(writers, pipe.writing)
    for line in numbered(0, 1_000):
        writer.offer(line)
    assert os.get_blocking(pipe.writing)


def test_somebody_elses_non_blocking_pipe_loses_nothing_that_is_read(
    pipe: Pipe, writers: list[OutputWriter]
) -> None:
    os.set_blocking(pipe.writing, False)
    writer = started(writers, pipe.writing, 1_000_000)
    said = numbered(0, 1_000)
    for line in said:
        writer.offer(line)
    assert pipe.read_until(said[-1] + "\n").splitlines() == said


def test_a_line_longer_than_a_pipe_comes_whole(pipe: Pipe, writers: list[OutputWriter]) -> None:
    writer = started(writers, pipe.writing, 1_000_000)
    long = "é" * 40_000
    writer.offer(long)
    writer.offer("end")
    assert pipe.read_until("end\n") == f"{long}\nend\n"


def test_what_is_logged_while_the_queue_is_held_is_no_deadlock(
    pipe: Pipe, writers: list[OutputWriter]
) -> None:
    """The garbage collector may run anything anywhere, on the thread that holds the queue."""
    writer = started(writers, pipe.writing)
    with writer._changed:
        writer.offer("inner")
    assert pipe.read_until("inner\n")


def test_half_a_character_is_written_as_its_number(pipe: Pipe, writers: list[OutputWriter]) -> None:
    writer = started(writers, pipe.writing)
    writer.offer("a\udc80")
    assert pipe.read_until("\n") == "a\\udc80\n"
