"""The report in its three forms, to the letter, of lives whose every event is fixed.

``python -m tests.diagnosis.test_report_golden`` writes the files again, to be read before they
are committed.
"""

import json
import os
import random
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from meshbot.diagnosis.history_builder import history_of
from meshbot.diagnosis.journal_reader import JournalReader
from meshbot.diagnosis.link_diagnosis import diagnose
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.report_json import json_report
from meshbot.diagnosis.report_page import html_report
from meshbot.diagnosis.report_text import text_report
from meshbot.model.link_event import EventKind, LinkEvent
from tests.diagnosis.histories import (
    BASE_S,
    DAY_S,
    Cut,
    Fault,
    Opened,
    another_client,
    bad_network,
    database_dump,
    ended,
    independent,
    journal,
    never,
    odd_days,
    play,
    quiet_nights,
    reboots,
    sync_kills,
)

GOLDEN = Path(__file__).parent / "golden"
ZONE = "CET-1CEST,M3.5.0,M10.5.0/3"
Make = Callable[[random.Random], Fault]


def lived(make: Make, days: float, *, skip: bool = False, seed: int = 5) -> LinkHistory:
    """Return what this bot's own records tell."""
    rng = random.Random(seed)
    return history_of(play(rng, days, make(rng), skip=odd_days if skip else never))


def read(make: Make, days: float, *, older: bool, prefix: str = "short") -> LinkHistory:
    """Return what a text journal tells."""
    rng = random.Random(5)
    events = play(rng, days, make(rng), asks=not older)
    reader = JournalReader(lambda: BASE_S + 60 * DAY_S)
    return history_of(reader.events(journal(events, prefix=prefix, older=older)))


def just_after_the_sync(rng: random.Random) -> Fault:
    """Silences whose last sign of life comes shortly before a sync."""

    def fault(opened: Opened) -> Cut:
        if opened.number > 1 and opened.sync_s is not None and rng.random() < 0.6:
            return ended(rng, opened.sync_s - rng.uniform(1.0, 20.0), silent=True)
        return ended(rng, opened.start_s + rng.expovariate(4 / DAY_S), silent=True)

    return fault


def periodic_syncs() -> LinkHistory:
    """Return a link that is never lost, with a sync every five minutes."""
    syncs = [LinkEvent(EventKind.SYNC_COMPLETE, BASE_S + 300 * n, count=40) for n in range(200)]
    start = LinkEvent(EventKind.CONNECTED, BASE_S - 1_000)
    return history_of([start, *syncs, LinkEvent(EventKind.ALIVE, BASE_S + 60_000)])


LOSSES = partial(independent, per_day=6.0, silent=False)
LIVES: dict[str, Callable[[], LinkHistory]] = {
    "nothing": lambda: history_of([]),
    "syncs only": lambda: history_of([LinkEvent(EventKind.SYNC_COMPLETE, BASE_S, count=4)]),
    "no loss": periodic_syncs,
    "one loss": lambda: lived(partial(independent, per_day=1.0), 1, seed=3),
    "losses without a cause": lambda: lived(LOSSES, 1),
    "independent losses": lambda: lived(LOSSES, 14),
    "the sync kills": lambda: lived(partial(sync_kills, per_day=3.0), 7),
    "the sync kills on some days": lambda: lived(
        partial(sync_kills, per_day=4.0, share=0.9), 14, skip=True
    ),
    "the setting makes no difference": lambda: lived(LOSSES, 8, skip=True),
    "silences before syncs": lambda: lived(just_after_the_sync, 5),
    "another client": lambda: lived(another_client, 4),
    "dump": lambda: lived(database_dump, 6),
    "reboots": lambda: lived(reboots, 5),
    "network": lambda: lived(bad_network, 5),
    "network, as text": lambda: read(bad_network, 5, older=False),
    "quiet mesh, older bot": lambda: read(quiet_nights, 4, older=True, prefix="none"),
}
PAGES = ("nothing", "the sync kills", "quiet mesh, older bot", "losses without a cause")


def forms_of(name: str) -> dict[str, str]:
    """Return the report on a life, by the name of the file that keeps it."""
    history = LIVES[name]()
    diagnosis = diagnose(history)
    in_utc = "older bot" in name
    forms = {
        f"{name}.txt": text_report(history, diagnosis, in_utc=in_utc) + "\n",
        f"{name}.json": json_report(history, diagnosis) + "\n",
    }
    if name in PAGES:
        forms[f"{name}.html"] = html_report(history, diagnosis, in_utc=in_utc)
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
