"""Who says what in which language, and what a missing catalogue costs."""

import gettext
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from meshbot.model.cause import Cause
from meshbot.text import language
from meshbot.text.cause_texts import cause_in, cause_text
from meshbot.text.language import speak, speaking, tr
from meshbot.text.quantities import counted, decimal_text, duration_text

HEAD = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
DETAILS = {Cause.OTHER: "gone to lunch"}


def test_french_is_what_stands_in_the_code_and_english_is_in_the_catalogue() -> None:
    assert tr("pas de liaison") == "pas de liaison"
    assert speak("en") is None
    assert tr("pas de liaison") == "no link"
    assert tr("nom {detail} introuvable", detail="x{y}%s") == "name x{y}%s not found"


def test_a_text_that_has_a_plural_elsewhere_is_found_by_older_pythons(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before 3.11.4 ``gettext`` looked for texts without a plural only."""
    monkeypatch.setattr(
        gettext.GNUTranslations,
        "gettext",
        lambda self, message: self._catalog.get(message, message),
    )
    with speaking("en"):
        assert (tr("perdue"), tr("pas de liaison")) == ("lost", "no link")
        assert tr("not in the catalogue") == "not in the catalogue"


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


UNREADABLE = (
    None,
    b"\xff\xfe no catalogue",
    b'no keyword "x\n',
    b'msgid "a"\nmsgid "b"\n',
    b'msgid ""\nmsgstr "Content-Type: text/plain; charset=xyz-9\\n"\n',
)


@pytest.mark.parametrize("content", UNREADABLE)
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


@pytest.fixture
def catalogues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of catalogues of one's own, with one in it."""
    monkeypatch.setattr(language, "CATALOGUES", tmp_path)
    (tmp_path / "en.po").write_text(
        f'{HEAD}msgid "pas de liaison"\nmsgstr "no link"\n\n'
        'msgid "nom {detail} introuvable"\nmsgstr "name {ditail} {0.x} not found"\n'
    )
    language._catalogue.cache_clear()
    yield tmp_path
    language._catalogue.cache_clear()


@pytest.mark.parametrize("left", [0, 10, 100])
def test_half_a_compiled_catalogue_is_as_good_as_none(left: int, catalogues: Path) -> None:
    source, compiled = catalogues / "en.po", catalogues / "en.mo"
    compiled.write_bytes(language.compiled_catalogue(source)[:left])
    assert speak("en") is None
    assert tr("pas de liaison") == "no link"
    source.unlink()
    language._catalogue.cache_clear()
    assert speak("en") == f"catalogue {source}"
    assert tr("pas de liaison") == "pas de liaison"


def test_a_compiled_catalogue_that_was_damaged_is_made_anew(catalogues: Path) -> None:
    made = language.compiled_catalogue(catalogues / "en.po")
    (catalogues / "en.mo").write_bytes(made.replace(b"no link", b"mo link"))
    with speaking("en"):
        assert tr("pas de liaison") == "no link"


def test_a_damaged_text_is_said_in_french(catalogues: Path) -> None:
    with speaking("en"):
        assert tr("nom {detail} introuvable", detail="x{y}%s") == "nom x{y}%s introuvable"


def test_nothing_is_nothing_in_every_language() -> None:
    with speaking("en"):
        assert tr("") == ""


@pytest.mark.parametrize("changed", [False, True])
def test_a_compiled_catalogue_counts_while_its_source_is_the_same_whatever_their_times(
    changed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(language, "CATALOGUES", tmp_path)
    source, compiled = tmp_path / "en.po", tmp_path / "en.mo"
    source.write_text(f'{HEAD}msgid "pas de liaison"\nmsgstr "before"\n')
    compiled.write_bytes(language.compiled_catalogue(source))
    if changed:
        source.write_text(f'{HEAD}msgid "pas de liaison"\nmsgstr "now"\n')
        os.utime(source, (1.0, 1.0))  # as if the change were older than what was compiled
    else:
        os.utime(compiled, (1.0, 1.0))  # as pip may leave it
        monkeypatch.setattr(language, "compiled_catalogue", not_asked)
    language._catalogue.cache_clear()
    try:
        with speaking("en"):
            assert tr("pas de liaison") == ("now" if changed else "before")
    finally:
        language._catalogue.cache_clear()


def not_asked(source: Path) -> bytes:
    raise AssertionError(f"{source} was compiled anew")


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
