"""What no text of strangers may do to a journal."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from meshbot.diagnosis.journal_reader import JournalReader
from meshbot.model.link_event import EventKind, LinkEvent
from meshbot.text.counted_lines import SEARCHED
from tests.diagnosis.prefixes import PREFIXES
from tests.support.hostile_text import told_fragments

AT = datetime(2026, 11, 20, 9)
NOW_S = datetime(2026, 11, 26, 12).timestamp()
QUOTED = re.compile("‹[^‹›]*›")
DOCUMENTED = ("Reconnexion TCP", "reconnexion|SILENCE TCP", "SYNC COMPLETE")
SEARCHES = (*DOCUMENTED, "Liaison TCP perdue", "Ordre de .*exécuté", "Ordre.*exécuté")
WITH_UNIT = "Fri 2026-11-20 {at:%H:%M:%S} UTC pi meshbot.service[812]: "


def _with_unit(at: datetime) -> str:
    return WITH_UNIT.format(at=at)


LAYOUTS: dict[str, Callable[[datetime], str]] = {
    **{name: prefix for name, prefix in PREFIXES.items() if name != "none"},
    "with-unit": _with_unit,
}


def _patterns() -> list[re.Pattern[str]]:
    fixed = [re.escape(text) for text in (*SEARCHED, *told_fragments())]
    return [re.compile(text, re.IGNORECASE) for text in (*SEARCHES, *fixed)]


PATTERNS = _patterns()


def events_of(messages: Iterable[str], layout: str) -> list[LinkEvent]:
    """Return the events of lines as ``journalctl`` shows them in a layout, or as JSON."""
    lines = []
    for number, message in enumerate(messages):
        at = AT + timedelta(seconds=number)
        line = f"{at:%H:%M:%S} [WARNING] {message}"
        if layout == "json":
            entry = {
                "__REALTIME_TIMESTAMP": f"{at.timestamp() * 1e6:.0f}",
                "_PID": "812",
                "SYSLOG_IDENTIFIER": "meshbot",
                "_HOSTNAME": "pi",
                "MESSAGE": line,
            }
            lines.append(json.dumps(entry))
        else:
            lines.append(f"{LAYOUTS[layout](at) if layout else ''}{line}")
    found = JournalReader(lambda: NOW_S).events(lines)
    return [event for event in found if event.kind is not EventKind.ALIVE]


def kinds_of(messages: Sequence[str]) -> Counter[EventKind]:
    """Return how many events of which kind lines tell. Fails if layouts disagree."""
    counts = [
        Counter(event.kind for event in events_of(messages, layout))
        for layout in ("", "json", *LAYOUTS)
    ]
    assert all(count == counts[0] for count in counts), counts
    return counts[0]


def check_searches(messages: Iterable[str]) -> None:
    """Fail if what strangers chose changes what a search finds, or is more than a quotation."""
    for message in messages:
        assert message.isprintable() or "\u00a0" in message, ascii(message)
        assert len(message.splitlines()) == 1
        without = QUOTED.sub("‹›", message)
        if message.startswith("💬 Envoyé"):
            without = without.partition(" : ")[0]
        assert without.count("‹") == without.count("›") == without.count("‹›"), message
        for pattern in PATTERNS:
            if pattern.search(message) is not None:
                assert pattern.search(without) is not None, (pattern.pattern, message)
