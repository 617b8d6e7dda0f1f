"""HTML and SVG as text. Pure.

A chart has no viewBox: what is in it is placed in percent of its width and in pixels of its height,
so that its words keep their size whether it is 300 or 1100 pixels wide. Only shapes without words
are stretched, in a ``canvas``. Text becomes ``Markup`` by ``words``; mypy finds
where that was forgotten.
"""

import re
from collections.abc import Iterable
from html import escape
from typing import NewType

Markup = NewType("Markup", str)
"""What may stand in the page as it is: made by this module, so no text is left unescaped."""
EMPTY = Markup("")

_BEFORE_SIGN = re.compile(r" (?=[:;!?%»×=<])")
_AFTER_SIGN = re.compile(r"(?<=[«×=<]) ")
_BEFORE_UNIT = re.compile(r"(?<=\d) (?=(?:s|min|h|j|ms|fois|coupures?)\b)")
_NO_BREAK = "\N{NO-BREAK SPACE}"


def words(text: str) -> Markup:
    """Return a text as it may stand in the page: escaped, and broken only where French breaks."""
    for pattern in (_BEFORE_SIGN, _AFTER_SIGN, _BEFORE_UNIT):
        text = pattern.sub(_NO_BREAK, text)
    return Markup(escape(text))


def joined(*parts: Markup) -> Markup:
    """Return markup one after another."""
    return Markup("".join(parts))


def tag(name: str, *children: Markup, **attributes: str | float) -> Markup:
    """Return an element; its children are markup already, its attributes are text.

    ``class_`` and ``text_anchor`` stand for ``class`` and ``text-anchor``.
    """
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for key, value in attributes.items()
    )
    return Markup(f"<{name}{said}>{''.join(children)}</{name}>")


def _value(value: str | float) -> str:
    return escape(value) if isinstance(value, str) else number(value)


def number(value: float) -> str:
    """Return a number for markup, as short as its three decimals allow."""
    return f"{value:.3f}".rstrip("0").rstrip(".") or "0"


def percent(share: float) -> str:
    """Return a share of the width or height."""
    return f"{100 * share:.2f}".rstrip("0").rstrip(".") + "%"


def hover(text: str) -> Markup:
    """Return what is shown when a pointer rests on the element that this is in."""
    return tag("title", words(text))


def label(text: str, x: str | float, y: float, class_: str = "") -> Markup:
    """Return words in a chart."""
    attributes: dict[str, str | float] = {"x": x, "y": y}
    if class_:
        attributes["class_"] = class_
    return tag("text", words(text), **attributes)


def chart(about: str, height: float, *parts: Markup, class_: str = "") -> Markup:
    """Return a chart as wide as its place. ``about``: what it shows, for who does not see it."""
    return tag(
        "svg",
        *parts,
        class_=f"chart {class_}".strip(),
        role="img",
        aria_label=about.replace(_NO_BREAK, " "),
        height=height,
    )


def canvas(columns: float, rows: float, height: float, *shapes: Markup, y: float = 0) -> Markup:
    """Return shapes in units of their own, stretched to the width of the chart they are in."""
    return tag(
        "svg",
        *shapes,
        viewBox=f"0 0 {number(columns)} {number(rows)}",
        preserveAspectRatio="none",
        width="100%",
        height=height,
        y=y,
    )


def listed(items: Iterable[str], **attributes: str | float) -> Markup:
    """Return a list of texts; nothing where there are none."""
    rows = [tag("li", words(item)) for item in items]
    return tag("ul", *rows, **attributes) if rows else EMPTY


def table(summary: str, head: Iterable[str], rows: Iterable[Iterable[str]]) -> Markup:
    """Return figures in rows that open on demand: the first of each row is its name."""
    titles = tag("tr", *(tag("th", words(one), scope="col") for one in head))
    lines = [
        tag("tr", tag("th", words(first), scope="row"), *(tag("td", words(one)) for one in rest))
        for first, *rest in rows
    ]
    return tag(
        "details",
        tag("summary", words(summary)),
        tag("table", tag("thead", titles), tag("tbody", *lines)),
    )


def card(title: str, *parts: Markup) -> Markup:
    """Return a part of the page with its title."""
    return tag("section", tag("h2", words(title)), *parts)
