"""The report in its three forms, to the letter, of lives whose every event is fixed.

``python -m tests.diagnosis.test_report_golden`` writes the files again, to be read before they
are committed.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from meshbot.diagnosis.history_builder import history_of
from meshbot.diagnosis.link_diagnosis import diagnose
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.report_json import json_report
from meshbot.diagnosis.report_page import html_report
from meshbot.diagnosis.report_text import text_report
from meshbot.model.cause import Cause
from meshbot.model.link_event import EventKind, LinkEvent
from tests.diagnosis.made import NOON_S, End, lived, uneven
from tests.diagnosis.prefixes import PREFIXES
from tests.diagnosis.sample_weeks import sample_events, sample_history
from tests.diagnosis.weeks.bot_journal import BotJournal
from tests.diagnosis.weeks.judged import reader

pytestmark = pytest.mark.slow

GOLDEN = Path(__file__).parent / "golden"
ZONE = "CET-1CEST,M3.5.0,M10.5.0/3"


def undated(name: str) -> LinkHistory:
    """Return what is told by lines of this bot that have a time and no date."""
    lines = BotJournal(PREFIXES["none"]).lines(sample_events(name))
    source = reader()
    history = history_of(source.events(lines))
    history.in_utc = True
    return history


def by_hand(*ends: End, busy: bool = False) -> LinkHistory:
    """Return sessions that end so, on dates that are known."""
    history = lived(*ends, busy=busy)
    history.in_utc = False
    return history


def periodic_syncs() -> LinkHistory:
    """Return a link that is never lost, with a sync every five minutes."""
    syncs = [LinkEvent(EventKind.SYNC_COMPLETE, NOON_S + 300 * n, count=40) for n in range(200)]
    start = LinkEvent(EventKind.CONNECTED, NOON_S - 1_000)
    return history_of([start, *syncs, LinkEvent(EventKind.ALIVE, NOON_S + 60_000)])


LIVES: dict[str, Callable[[], LinkHistory]] = {
    "nothing": lambda: history_of([]),
    "syncs only": lambda: history_of([LinkEvent(EventKind.SYNC_COMPLETE, NOON_S, count=4)]),
    "no loss": periodic_syncs,
    "one loss": partial(by_hand, End(9_000.0, Cause.SILENCE)),
    "losses without a cause": lambda: by_hand(*uneven(7)),
    "the sync kills": partial(sample_history, "sync 0.5, hang"),
    "no session outlives its sync": lambda: by_hand(
        End(3_600.0, Cause.RESET), *(End(100.0 + n % 3 * 12, Cause.RESET) for n in range(14))
    ),
    "the sync kills on some days": partial(
        sample_history, "sync 0.5, FIN", days=14, tries_both=True
    ),
    "the setting makes no difference": partial(
        sample_history, "steady Wi-Fi, often", days=8, tries_both=True
    ),
    "silences before syncs": lambda: by_hand(
        *(End(20.0 if n % 2 else 9_000.0 + 700 * (n % 7), Cause.SILENCE) for n in range(40)),
        busy=True,
    ),
    "another client": partial(sample_history, "phone by hand"),
    "a client with a fixed interval": partial(sample_history, "client every 10 min", days=1),
    "dump": partial(sample_history, "dump at each start"),
    "reboots": partial(sample_history, "reboots"),
    "crashes": partial(sample_history, "crash every 6 h"),
    "reboots and Wi-Fi": partial(sample_history, "reboots and Wi-Fi"),
    "network": partial(sample_history, "steady Wi-Fi"),
    "network, as text": partial(sample_history, "steady Wi-Fi, text"),
    "network, without dates": partial(undated, "steady Wi-Fi"),
    "afternoons": partial(sample_history, "Wi-Fi in the afternoon"),
    "every night": partial(sample_history, "04:00 every night"),
    "access point": partial(sample_history, "access point's power"),
    "region unset": partial(sample_history, "region unset"),
    "quiet mesh, original bot": partial(sample_history, "original: quiet nights", days=4),
    "scheduled, original bot": partial(sample_history, "original: scheduled reconnection"),
}
PAGES = ("nothing", "the sync kills", "quiet mesh, original bot", "losses without a cause")


def forms_of(name: str) -> dict[str, str]:
    """Return the report on a life, by the name of the file that keeps it."""
    history = LIVES[name]()
    diagnosis = diagnose(history)
    forms = {
        f"{name}.txt": text_report(history, diagnosis) + "\n",
        f"{name}.json": json_report(history, diagnosis) + "\n",
    }
    if name in PAGES:
        forms[f"{name}.html"] = html_report(history, diagnosis)
    return forms


def without_last_digits(text: str) -> str:
    """Round the numbers of a JSON text: the last digits are the machine's."""
    rounded = json.loads(text, parse_float=lambda digits: float(f"{float(digits):.10g}"))
    return json.dumps(rounded, ensure_ascii=False, indent=2) + "\n"


@pytest.fixture
def in_paris(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", ZONE)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_paris")
@pytest.mark.parametrize("name", LIVES)
def test_the_report_stays_as_it_is_to_the_letter(name: str) -> None:
    for file, text in forms_of(name).items():
        kept = (GOLDEN / file).read_text(encoding="utf-8")
        if file.endswith(".json"):
            assert json.dumps(json.loads(text), ensure_ascii=False, indent=2) + "\n" == text
            assert without_last_digits(text) == without_last_digits(kept), file
        else:
            assert text == kept, file


def write_all() -> None:
    os.environ["TZ"] = ZONE
    time.tzset()
    GOLDEN.mkdir(exist_ok=True)
    for name in LIVES:
        for file, text in forms_of(name).items():
            (GOLDEN / file).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_all()
