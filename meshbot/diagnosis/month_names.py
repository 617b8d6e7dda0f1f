"""Which month a name in a journal means, in whatever language ``journalctl`` printed it.

glibc's abbreviations are mostly those of CLDR, or the beginnings of CLDR's full names. ``babel``,
which has them, is imported when a name is not English: that costs about 0.3 s and 30 MB.
"""

from collections import defaultdict
from collections.abc import Iterator
from functools import cache, lru_cache
from types import MappingProxyType

_ENGLISH = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LANGUAGES = (
    *("bg", "ca", "cs", "da", "de", "de_AT", "el", "es", "fi", "fr", "hr", "hu", "it", "ja"),
    *("ko", "nb", "nl", "pl", "pt", "ro", "ru", "sk", "sv", "tr", "uk"),
)
_GLIBC_ONLY = (("cs", "čen", 6), ("cs", "čec", 7))
MIN_PREFIX_CHARS = 3

_Meanings = MappingProxyType[str, int]
"""The month that a name means, by language."""


class MonthNames:
    """Tells months from their names. A name of two months in two languages is told by context.

    Polish "lip" is July, Croatian "lip" is June: the names of one journal are of one language, so
    the names before decide, then this machine's language, as it may have printed the journal.
    Where neither does, the month stays unknown rather than wrong.
    """

    def __init__(self, language: str = "") -> None:
        """Have seen no name yet. ``language``: this machine's, such as ``pl``."""
        self._own_language = language
        self._languages: frozenset[str] = frozenset()
        """Those in which the last name was understood."""

    def month(self, name: str) -> int | None:
        """Return the month from 1 to 12, or None."""
        name = name.strip(".").casefold()
        if name in _ENGLISH:
            return _ENGLISH.index(name) + 1
        meanings = _meanings(name)
        told = {
            language: month for language, month in meanings.items() if language in self._languages
        } or meanings
        if len(set(told.values())) != 1:
            told = (
                {self._own_language: told[self._own_language]} if self._own_language in told else {}
            )
        if not told:
            return None
        self._languages = frozenset(told)
        return next(iter(told.values()))


@lru_cache(256)
def _meanings(name: str) -> _Meanings:
    """Return what a name means; if no whole name fits, what it is the beginning of."""
    names = _names()
    exact = names.get(name)
    if exact is not None or len(name) < MIN_PREFIX_CHARS:
        return MappingProxyType(exact or {})
    months: dict[str, set[int]] = defaultdict(set)
    for whole, meanings in names.items():
        if whole.startswith(name):
            for language, month in meanings.items():
                months[language].add(month)
    # French "jui" is June as well as July.
    return MappingProxyType(
        {language: min(found) for language, found in months.items() if len(found) == 1}
    )


@cache
def _names() -> dict[str, dict[str, int]]:
    names: dict[str, dict[str, int]] = defaultdict(dict)
    for language, name, month in (*_names_of_babel(), *_GLIBC_ONLY):
        names[name.strip(".").casefold()][language] = month
    return names


def _names_of_babel() -> Iterator[tuple[str, str, int]]:
    from babel import Locale  # noqa: PLC0415  # slow, and of no use to most

    for language in _LANGUAGES:
        months = Locale.parse(language).months
        for context in ("format", "stand-alone"):
            for width in ("abbreviated", "wide"):
                for month, name in months[context][width].items():
                    yield language, name, month
