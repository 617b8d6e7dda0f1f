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
import struct
import zlib
from collections.abc import Iterator
from contextvars import ContextVar
from functools import cache
from pathlib import Path

FRENCH, ENGLISH = "fr", "en"
LANGUAGES = (FRENCH, ENGLISH)
CATALOGUES = Path(__file__).with_name("catalogues")
FINGERPRINT_CHARS = 8


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
    if catalogue is None or not text:  # which stands for the catalogue's own head
        return text.format(**values) if values else text
    said = catalogue.gettext(text)
    if said == text:  # Python before 3.11.4 finds one that has a plural in this way alone
        said = catalogue.ngettext(text, text, 1)
    if not values:
        return said
    try:
        return said.format(**values)
    except (LookupError, ValueError, AttributeError):  # damaged: that costs nobody his thread
        return text.format(**values)


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
    compiled = CATALOGUES / f"{language}.mo"
    source = compiled.with_suffix(".po")
    try:
        made = _whole(compiled, source)
        return gettext.GNUTranslations(io.BytesIO(made or compiled_catalogue(source)))
    except (OSError, ValueError, LookupError, ImportError, struct.error):
        return None


def _whole(compiled: Path, source: Path) -> bytes | None:
    """Return a compiled catalogue; None of one that is not as it was made, or of another source."""
    if not compiled.exists():
        return None
    made = compiled.read_bytes()
    body, of_body = made[:-FINGERPRINT_CHARS], made[-FINGERPRINT_CHARS:]
    if of_body != _fingerprint(body):
        return None
    of_source = body[-FINGERPRINT_CHARS:]
    return made if not source.exists() or of_source == _fingerprint(source.read_bytes()) else None


def _fingerprint(source: bytes) -> bytes:
    """Return what tells a file from others; file times do not, pip and git make them anew."""
    return b"%08x" % zlib.crc32(source)


def compiled_catalogue(source: Path) -> bytes:
    """Return a ``.po`` file in the compiled form, with two fingerprints behind it.

    That of the source, and that of all in front of it; nothing that reads the form looks there.
    Raises :class:`OSError`, :class:`ValueError`, :class:`LookupError`.
    """
    from babel.messages.mofile import write_mo  # noqa: PLC0415
    from babel.messages.pofile import PoFileError, read_po  # noqa: PLC0415

    text = source.read_bytes()
    out = io.BytesIO()
    try:
        write_mo(out, read_po(io.BytesIO(text), abort_invalid=True))
    except PoFileError as error:
        raise ValueError(str(error)) from error
    body = out.getvalue() + _fingerprint(text)
    return body + _fingerprint(body)
