"""The report in English, and a journal in English read like the French one."""

import json
import logging
import re
from dataclasses import replace

import pytest

from meshbot.diagnosis.journal_reader import JournalReader
from meshbot.diagnosis.link_diagnosis import diagnose
from meshbot.diagnosis.report_json import json_report
from meshbot.diagnosis.report_page import html_report
from meshbot.diagnosis.report_text import text_report
from meshbot.diagnosis.trial.trial_kind import TrialKind
from meshbot.diagnosis.trial.trial_text import toss_line
from meshbot.link.link_narrator import LinkNarrator
from meshbot.link.link_policy import Ending
from meshbot.link.node_facts import NodeFacts
from meshbot.model.cause import Cause
from meshbot.model.link_error import LinkError
from meshbot.model.link_event import EventKind, LinkEvent
from meshbot.model.link_notes import LinkNotes
from meshbot.text.language import LANGUAGES, speaking
from tests.diagnosis.test_report_golden import LIVES
from tests.support.french import french_in

pytestmark = pytest.mark.slow

ATTEMPTS_FAIL = (Cause.REFUSED, Cause.UNREACHABLE, Cause.NO_ANSWER, Cause.PORT_ABSENT)


@pytest.mark.parametrize("name", LIVES)
def test_no_french_is_left_in_a_report(name: str) -> None:
    with speaking("en"):
        history = LIVES[name]()
        diagnosis = diagnose(history)
        text, page = text_report(history, diagnosis), html_report(history, diagnosis)
        data = json_report(history, diagnosis)
    assert french_in(text) == []
    assert 'lang="en"' in page
    shown = re.sub(r"<style>.*?</style>|<[^>]*>", " ¤ ", page, flags=re.DOTALL)
    assert french_in(shown.replace("\N{NO-BREAK SPACE}", " ")) == []
    assert french_in(json.dumps(data, ensure_ascii=False)) == []


class Lines(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def told(kind: str, language: str) -> list[str]:
    """Return every line with which a narrator tells of a link, in a language."""
    lines, log = Lines(), logging.getLogger("meshbot.link.link_narrator")
    log.addHandler(lines)
    log.setLevel(logging.DEBUG)
    try:
        with speaking(language):
            narrator = LinkNarrator(kind, "192.168.1.38:4403", LinkNotes(), lambda: 0.0)
            narrator.attempt()
            narrator.connected(40, NodeFacts())
            for cause in (Cause.SILENCE, Cause.FIN, Cause.RESET, Cause.REBOOTED, Cause.PORT_LOST):
                narrator._cause, narrator._heard_ago_s = LinkError(cause, "x"), 124.0
                narrator.down(Ending.CLOSED_BY_NODE, 2.0)
                narrator.attempt()
                narrator.confirmed()
            narrator._cause = LinkError(Cause.REQUESTED, "!0000000a")
            narrator.down(Ending.CLOSED_BY_US, 0.0)
            narrator.silence(124.0, 120.0, None)
            narrator.download_cut(17)
            narrator.contested(3, 10.0)
            narrator._ever_connected = False
            for cause in ATTEMPTS_FAIL:
                narrator._cause = LinkError(cause, "/dev/ttyUSB0")
                narrator.down(Ending.NOT_OPENED, 2.0)
                narrator.attempt()
    finally:
        log.removeHandler(lines)
        log.setLevel(logging.NOTSET)
    with speaking(language):
        tosses = [
            toss_line(trial, None, suspect=suspect)
            for trial in TrialKind
            for suspect in (False, True)
        ]
    return lines.lines + tosses


def read(lines: list[str]) -> list[LinkEvent]:
    reader = JournalReader(lambda: 1_790_000_000.0)
    return list(
        reader.events(
            f"2026-09-01T10:00:00+0000 pi meshbot[1]: 10:00:00 [INFO] {line}" for line in lines
        )
    )


@pytest.mark.parametrize("kind", ["TCP", "série"])
def test_lines_about_the_link_are_read_alike_in_both_languages(kind: str) -> None:
    french, english = (told(kind, language) for language in LANGUAGES)
    assert french != english
    events, same = read(french), read(english)
    assert len(events) >= 20
    assert [event.kind for event in events] == [event.kind for event in same]
    for one, other in zip(events, same, strict=True):
        assert one.cause is other.cause
        assert (one.seconds, one.count) == (other.seconds, other.count)
    assert french_in("\n".join(english)) == []


@pytest.mark.parametrize(
    ("french", "english"),
    [
        ("🤖 MeshBot 0.1.0 : 40 clés publiques connues", "🤖 MeshBot 0.1.0: 40 public keys known"),
        ("👋 Bot arrêté", "👋 Bot stopped"),
        (
            "🧭 Nœud !0000000a : firmware 2.7.26, région EU_868, 3 redémarrages, émetteur coupé",
            "🧭 Node !0000000a: firmware 2.7.26, region EU_868, 3 restarts, transmitter off",
        ),
    ],
)
def test_other_lines_of_the_bot_are_read_alike(french: str, english: str) -> None:
    (one,), (other,) = read([french]), read([english])
    assert replace(one, text="") == replace(other, text="")
    assert one.text == other.text
    assert one.kind in (EventKind.STARTED, EventKind.STOPPED, EventKind.NODE)
