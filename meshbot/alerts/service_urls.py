"""The addresses of the services, as the operator writes them, and how they are named. Pure.

They hold passwords: of an address nothing but its scheme is ever shown.
"""

import re

from meshbot.text.language import tr

_BETWEEN = re.compile(r"""\s*["']?\s*[,;]\s*(?=["']?[A-Za-z][A-Za-z0-9+.-]*://)|\s+""")
"""A blank, or a comma before another address: they may hold commas themselves."""
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,19})://.")


def urls_in(text: str) -> list[str]:
    """Return the addresses of a text, between which there are blanks or commas."""
    parts = (part.strip(" \t\r\n,;'\"()") for part in _BETWEEN.split(text.strip(" ()[]'\"")))
    return [part for part in parts if part]


def scheme_of(url: str) -> str | None:
    """Return the scheme of an address, None of what is none."""
    match = _SCHEME.match(url)
    return match.group(1).lower() if match is not None else None


def name_of(number: int, url: str) -> str:
    """Return what an address is called, by its place in the setting, from 1 on."""
    scheme = scheme_of(url)
    place = tr("n° {number}", number=number)
    return f"{scheme} ({place})" if scheme else place
