"""Who says what in which language, and what a missing catalogue costs."""

import os
import threading
from pathlib import Path

import pytest

from meshbot.model.cause import Cause
from meshbot.text import language
from meshbot.text.cause_texts import cause_in, cause_text
from meshbot.text.language import speak, speaking, tr
from meshbot.text.quantities import counted, decimal_text, duration_text

DETAILS = {Cause.OTHER: "gone to lunch"}


def test_french_is_what_stands_in_the_code_and_english_is_in_the_catalogue() -> None:
    assert tr("pas de liaison") == "pas de liaison"
    assert speak("en") is None
    assert tr("pas de liaison") == "no link"
    assert tr("nom {detail} introuvable", detail="x{y}%s") == "name x{y}%s not found"


def test_plurals_follow_the_language() -> None:
    assert [counted(n, "clé", "clés") for n in (0, 1, 2)] == ["0 clé", "1 clé", "2 clés"]
    with speaking("en"):
        assert [counted(n, "clé", "clés") for n in (0, 1, 2)] == ["0 keys", "1 key", "2 keys"]


def test_numbers_and_durations_follow_the_language() -> None:
    assert (decimal_text(1.5), duration_text(90_000)) == ("1,5", "1 j 1 h")
    with speaking("en"):
        assert (decimal_text(1.5), duration_text(90_000)) == ("1.5", "1 d 1 h")


def test_another_language_holds_for_one_thread_and_ends_in_time() -> None:
    heard: list[str] = []
    with speaking("en"):
        thread = threading.Thread(target=lambda: heard.append(tr("pas de liaison")))
        thread.start()
        thread.join(5.0)
        assert (tr("pas de liaison"), heard) == ("no link", ["pas de liaison"])
        with speaking(None):
            assert tr("pas de liaison") == "pas de liaison"
        assert tr("pas de liaison") == "no link"
    assert tr("pas de liaison") == "pas de liaison"


@pytest.mark.parametrize("content", [None, b"\xff\xfe no catalogue"])
def test_a_catalogue_that_cannot_be_read_costs_a_line_and_nothing_else(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(language, "CATALOGUES", tmp_path)
    if content is not None:
        (tmp_path / "en.po").write_bytes(content)
    language._catalogue.cache_clear()
    try:
        assert speak("en") == f"catalogue {tmp_path / 'en.po'}"
        assert tr("pas de liaison") == "pas de liaison"
        assert counted(0, "clé", "clés") == "0 clé"
    finally:
        language._catalogue.cache_clear()


def test_a_compiled_catalogue_counts_while_it_is_no_older_than_its_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(language, "CATALOGUES", tmp_path)
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
    source, compiled = tmp_path / "en.po", tmp_path / "en.mo"
    for said, is_current in (("before", True), ("now", False)):
        source.write_text(f'{head}msgid "pas de liaison"\nmsgstr "{said}"\n')
        if is_current:
            compiled.write_bytes(language.compiled_catalogue(source))
            source.write_text(f'{head}msgid "pas de liaison"\nmsgstr "not looked at"\n')
            made_s = source.stat().st_mtime
            os.utime(compiled, (made_s, made_s))
        else:
            os.utime(compiled, (1.0, 1.0))
        language._catalogue.cache_clear()
        try:
            with speaking("en"):
                assert tr("pas de liaison") == said
        finally:
            language._catalogue.cache_clear()


@pytest.mark.parametrize("spoken", ["fr", "en"])
@pytest.mark.parametrize("cause", Cause)
def test_each_cause_is_read_back_in_both_languages(cause: Cause, spoken: str) -> None:
    detail = DETAILS.get(cause, "/dev/ttyUSB0")
    with speaking(spoken):
        text = cause_text(cause, detail)
    if "/dev" in text and cause is Cause.PORT_FAILED:
        assert cause_in(text)[0] in (Cause.PORT_LOST, Cause.OTHER)
        return
    found, said = cause_in(text)
    assert found is cause
    assert said in (detail, "", text)
