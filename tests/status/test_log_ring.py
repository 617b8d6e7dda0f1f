"""The log's last lines are kept, bounded; no line costs who logs it anything."""

import logging

import pytest

from meshbot.status.log_ring import KEPT, MAX_CHARS, LogRing

log = logging.getLogger("tests.log_ring")


def test_it_keeps_the_last_lines_as_the_journal_has_them() -> None:
    ring = LogRing()
    ring.attach()
    try:
        for number in range(2 * KEPT):
            log.warning("line %d\nand %s", number, "x" * 2_000)
    finally:
        ring.detach()
    log.warning("not any more")
    lines = ring.latest()
    assert len(lines) == KEPT
    assert f"[WARNING] line {2 * KEPT - 1} ⏎ and x" in lines[-1]
    assert all(len(line) <= MAX_CHARS for line in lines)


def test_a_line_that_cannot_be_made_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)
    ring = LogRing()
    ring.handle(logging.LogRecord("x", 30, "", 0, "%d", ("text",), None))
    ring.handle(logging.LogRecord("x", 30, "", 0, "fine", None, None))
    assert [line[-4:] for line in ring.latest()] == ["fine"]


def test_a_reader_that_holds_its_copy_holds_up_nobody() -> None:
    ring = LogRing()
    ring.handle(logging.LogRecord("x", 30, "", 0, "one", None, None))
    held = ring.latest()
    ring.handle(logging.LogRecord("x", 30, "", 0, "two", None, None))
    assert len(held) == 1
    assert len(ring.latest()) == 2
