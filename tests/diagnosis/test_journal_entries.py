"""What ``journalctl -o json`` and its kin write is read like lines; so are other stamps."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from meshbot.cli.text_journal import TextJournal
from meshbot.diagnosis.journal_entries import JournalEntries
from meshbot.diagnosis.journal_reader import JournalReader
from meshbot.model.link_event import EventKind, LinkEvent

K = EventKind
AT = datetime(2026, 11, 20, 13, 35, 58)
USEC = int(AT.timestamp()) * 1_000_000 + 123_456
BACK = "✅ Reconnexion TCP réussie (background)"
NOW_S = datetime(2026, 11, 26, 12).timestamp()


def entry(message: object, **more: object) -> dict[str, object]:
    """Return an entry as journald keeps it."""
    return {
        "__CURSOR": "s=1;i=2",
        "__REALTIME_TIMESTAMP": str(USEC),
        "__MONOTONIC_TIMESTAMP": "12345678901",
        "_HOSTNAME": "pi",
        "SYSLOG_IDENTIFIER": "meshtastic-bot",
        "_PID": "38776",
        "MESSAGE": message,
        **more,
    }


def read(*lines: str) -> list[LinkEvent]:
    return list(JournalReader(lambda: NOW_S).events(lines))


COMPACT = json.dumps(entry(f"[INFO] {BACK}"), ensure_ascii=False, separators=(",", ":"))
ESCAPED = json.dumps(entry(f"[INFO] {BACK}"), separators=(",", ":"))
BYTES = json.dumps(entry(list(f"\x1b[32m[INFO] {BACK}\x1b[0m".encode())), separators=(",", ":"))
PRETTY = json.dumps(entry(f"[INFO] {BACK}"), indent="\t", separators=(",", " : "))
PRETTY_BYTES = json.dumps(
    entry(list(f"[INFO] {BACK}".encode())), indent="\t", separators=(",", " : ")
)
FORMS = {
    "json": COMPACT,
    "json, escaped": ESCAPED,
    "json, bytes": BYTES,
    "json-pretty": PRETTY,
    "json-pretty, bytes": PRETTY_BYTES,
    "json-seq": f"\x1e{ESCAPED}",
    "json-sse": f"data: {ESCAPED}\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_an_entry_is_an_event_at_its_time(form: str, tmp_path: Path) -> None:
    (event,) = read(*FORMS[form].split("\n"))
    assert (event.kind, event.wall_s) == (K.RECONNECTED, USEC / 1e6)
    path = tmp_path / "journal.json"
    path.write_text(FORMS[form] + "\n" + FORMS[form], encoding="utf-8")
    assert len(TextJournal(str(path), lambda: NOW_S).history(None).reconnections) >= 1


def test_an_entry_says_whose_it_is() -> None:
    assert JournalEntries().line_of(ESCAPED) == (
        f"{USEC // 1_000_000}.123456 pi meshtastic-bot[38776]: [INFO] {BACK}"
    )


@pytest.mark.parametrize(
    "line",
    [
        json.dumps(entry(None)),
        json.dumps(entry({"x": 1})),
        json.dumps(entry([1, 2, 999])),
        json.dumps(entry("x", __REALTIME_TIMESTAMP=None)),
        json.dumps(entry("x", __REALTIME_TIMESTAMP="12²")),
        json.dumps(entry("x", __REALTIME_TIMESTAMP="9" * 5_000)),
        ESCAPED[:-3],
        "{}",
        "{[}",
        "[" * 100_000,
        "{" + '"a":{' * 50_000,
    ],
)
def test_an_entry_that_tells_nothing_is_none(line: str) -> None:
    assert read(line) == []


def test_a_brace_alone_does_not_swallow_what_follows() -> None:
    line = f"Nov 20 13:35:58 pi bot[1]: [INFO] {BACK}"
    assert [event.kind for event in read("{", line, line)] == [K.RECONNECTED] * 2


# -- Other stamps ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "front",
    ["[12345.678901]", "[   45.678901]", "[12345.678901 <    0.000123 >]"],
)
def test_the_time_since_the_start_of_the_machine_tells_durations(front: str) -> None:
    reader = JournalReader(lambda: NOW_S)
    begin_s = float(front[1:13])
    later = f"[{begin_s + 100_000:12.6f}]"
    first = reader.read(f"{front} pi bot[1]: [INFO] ⚠️ SILENCE TCP: 124s sans paquet (max: 120s)")
    second = reader.read(f"{later} pi bot[1]: [INFO] {BACK}")
    assert first is not None and second is not None
    assert second.wall_s - first.wall_s == pytest.approx(100_000, abs=1e-3)
    assert not reader.has_dates


def test_a_machine_that_was_started_again_goes_on() -> None:
    first, second = read(
        f"[90000.000000] pi bot[1]: [INFO] {BACK}", f"[   30.000000] pi bot[1]: [INFO] {BACK}"
    )
    assert second.wall_s - first.wall_s == 30


def test_a_clock_of_the_bots_own_tells_the_time_of_day_beside_it() -> None:
    (event,) = read(f"[90000.000000] pi bot[1]: 13:35:58 [INFO] {BACK}")
    assert event.wall_s % 86_400 == 13 * 3_600 + 35 * 60 + 58


@pytest.mark.parametrize(
    "stamp",
    [
        "11月 20 13:35:58",
        "11月  20 13:35:58",
        "木 2026-11-20 13:35:58 JST",
        "2026年11月20日 13:35:58",
        "2026年 11月 20日 金曜日 13:35:58",
        "2026년 11월 20일 13:35:58",
        "lis 20 13:35:58",
        "pią 2026-11-20 13:35:58 CET",
        "Fri 2026-11-20 13:35:58 CET",
        "2026-11-20 13:35:58",
        "Nov 20 13:35:58.123456",
        "2026-11-20T13:35:58.123456",
    ],
)
def test_dates_of_many_countries(stamp: str) -> None:
    lines = ["paź 01 00:00:00 pi bot[1]: [INFO] x"] if stamp.startswith("lis") else []
    (event,) = read(*lines, f"{stamp} pi bot[1]: [INFO] {BACK}")
    assert event.wall_s == AT.timestamp()


def test_a_minute_is_read_once_and_its_seconds_are_right() -> None:
    stamps = ["13:35:58", "13:35:59", "13:36:00", "13:36:30", "13:36:30", "14:36:30"]
    events = read(*(f"Nov 20 {stamp} pi bot[1]: [INFO] {BACK}" for stamp in stamps))
    assert [event.wall_s - AT.timestamp() for event in events] == [0, 1, 2, 32, 32, 3_632]
    zones = ["+0100", "+0000", "+0000"]
    events = read(*(f"2026-11-20T13:35:58{zone} pi bot[1]: [INFO] {BACK}" for zone in zones))
    assert [event.wall_s - events[0].wall_s for event in events] == [0, 3_600, 3_600]


def test_the_last_line_tells_until_when_though_it_is_skipped() -> None:
    reader = JournalReader(lambda: NOW_S)
    for second in ("00", "10", "59"):
        reader.read(f"Nov 20 13:35:{second} pi bot[1]: [INFO] x")
    assert reader.last_s == AT.timestamp() + 1
