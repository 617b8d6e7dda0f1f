"""Reads a page, or a part of one, back."""

import re
from html.parser import HTMLParser
from xml.etree import ElementTree as Xml

NO_BREAKS = str.maketrans("\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}", "  ")


def parsed(part: str) -> Xml.Element:
    """Return a part of the page; fails where an element is not closed or text is not escaped."""
    return Xml.fromstring(f"<div>{part}</div>".translate(NO_BREAKS))


def titles(part: Xml.Element) -> list[str]:
    """Return what is shown on hovering."""
    return [one.text or "" for one in part.iter("title")]


def of_class(part: Xml.Element, name: str) -> list[Xml.Element]:
    """Return the elements of a class, in order."""
    return [one for one in part.iter() if name in one.get("class", "").split()]


def text_of(part: Xml.Element) -> str:
    """Return all that is written in it."""
    return "".join(part.itertext())


def figures_in(texts: list[str], pattern: str) -> list[int]:
    """Return the number that ``pattern`` finds in each text that it matches."""
    found = (re.search(pattern, text) for text in texts)
    return [int(match.group(1)) for match in found if match is not None]


class WholePage(HTMLParser):
    """A page in which every element is closed in its order."""

    VOID = ("meta",)

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        assert len(attrs) == len(dict(attrs)), attrs
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag
