"""In which language a text is said. French is what stands in the code; others are catalogues.

``tr`` and ``counted`` (``quantities.py``) translate where a text is said, ``mark`` names a text
that is translated later, where it is used: what is evaluated at import cannot know the language.
A text holds its values by name, ``tr("{name} : absent", name=name)``, or is a format for
``logging``, translated without its arguments: ``log.info(tr("port %s"), port)``.

The process has one language, set once before its threads start (:func:`speak`). Who is answered in
another one is answered within :func:`speaking`, which holds for the calling thread alone.
Catalogues are ``catalogues/<language>.po``; where ``make`` or the wheel has not compiled one as it
is now, it is compiled in memory.
"""

import contextlib
import gettext
import io
import zlib
from collections.abc import Iterator
from contextvars import ContextVar
from functools import cache
from pathlib import Path

FRENCH, ENGLISH = "fr", "en"
LANGUAGES = (FRENCH, ENGLISH)
CATALOGUES = Path(__file__).with_name("catalogues")


class _Process:
    """The language of the process; written once, before its threads start."""

    language = FRENCH


_asked_for: ContextVar[str | None] = ContextVar("meshbot_language", default=None)


def speak(language: str) -> str | None:
    """Set the language of the process.

    Returns why its catalogue cannot be had, None where all is well; without it French is spoken.
    """
    _Process.language = language
    if _catalogue(language) is not None or language == FRENCH:
        return None
    return f"catalogue {CATALOGUES / language}.po"


@contextlib.contextmanager
def speaking(language: str | None) -> Iterator[None]:
    """Have what this thread says meanwhile be in a language; None: in that of the process."""
    token = _asked_for.set(language)
    try:
        yield
    finally:
        _asked_for.reset(token)


def language_now() -> str:
    """Return the language that is spoken here and now."""
    return _asked_for.get() or _Process.language


def tr(text: str, /, **values: object) -> str:
    """Return a text in the language that is spoken, with its values in place.

    Without values it is returned as it is: a format for ``logging`` keeps its arguments.
    """
    catalogue = _catalogue(language_now())
    said = text if catalogue is None else catalogue.gettext(text)
    return said.format(**values) if values else said


def tr_plural(singular: str, plural: str, count: int) -> str:
    """Return that of the two forms which fits a count, in the language that is spoken."""
    catalogue = _catalogue(language_now())
    if catalogue is None:
        return plural if count > 1 else singular
    return catalogue.ngettext(singular, plural, count)


def mark(text: str) -> str:
    """Name a text that ``tr`` is given elsewhere; returns it as it is."""
    return text


@cache
def _catalogue(language: str) -> gettext.GNUTranslations | None:
    """Return a catalogue, None for French and for one that cannot be read."""
    if language == FRENCH:
        return None
    try:
        compiled = CATALOGUES / f"{language}.mo"
        source = compiled.with_suffix(".po")
        if compiled.exists():
            made = compiled.read_bytes()
            if not source.exists() or made.endswith(_fingerprint(source.read_bytes())):
                return gettext.GNUTranslations(io.BytesIO(made))
        return gettext.GNUTranslations(io.BytesIO(compiled_catalogue(source)))
    except (OSError, ValueError, ImportError, UnicodeError):
        return None


def _fingerprint(source: bytes) -> bytes:
    """Return what tells a source from others; file times do not, pip and git make them anew."""
    return b"%08x" % zlib.crc32(source)


def compiled_catalogue(source: Path) -> bytes:
    """Return a ``.po`` file in the compiled form, with the source's fingerprint behind it.

    Nothing that reads the form looks there. Raises :class:`OSError`, :class:`ValueError`.
    """
    from babel.messages.mofile import write_mo  # noqa: PLC0415
    from babel.messages.pofile import read_po  # noqa: PLC0415

    text = source.read_bytes()
    out = io.BytesIO()
    write_mo(out, read_po(io.BytesIO(text), abort_invalid=True))
    return out.getvalue() + _fingerprint(text)
