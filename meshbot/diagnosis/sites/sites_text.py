"""Several sites side by side, for a terminal of a hundred columns. Pure."""

import math
import textwrap
from collections.abc import Callable, Iterator, Sequence

from meshbot.diagnosis.sites.shared_losses import SharedLosses
from meshbot.diagnosis.sites.site import Site
from meshbot.diagnosis.sites.site_texts import (
    NOTHING,
    cause_text,
    down_text,
    firmware_text,
    first_text,
    last_text,
    longest_text,
    losses_text,
    observed_text,
    relation_texts,
    remarks_of,
    sync_text,
)
from meshbot.text.language import mark, tr
from meshbot.text.quantities import counted
from meshbot.text.typography import labelled

COLUMNS = 100
NAME_COLUMNS = 23
GAP = 2
SITES_ABREAST = 3
_NO_BREAK = "\N{NO-BREAK SPACE}"

_ROWS: tuple[tuple[str, Callable[[Site], str]], ...] = (
    (mark("jugé du"), first_text),
    (mark("au"), last_text),
    (mark("temps jugé"), observed_text),
    (mark("coupures"), losses_text),
    (mark("sans liaison"), down_text),
    (mark("la plus longue"), longest_text),
    (mark("première cause"), cause_text),
    (mark("verdict"), lambda site: site.verdict),
    (mark("à faire"), lambda site: site.remedy or NOTHING),
    (mark("dues à la synchro"), sync_text),
    (mark("firmware"), firmware_text),
)


def sites_text(sites: list[Site], shared: list[SharedLosses]) -> str:
    """Return the comparison as an operator reads it."""
    lines = [tr("Comparaison : {sites}", sites=counted(len(sites), "site", "sites"))]
    for site in sites:
        for remark in remarks_of(site):
            lines += _wrapped(labelled(site.name, remark), "⚠️ ")
    for group in _groups(sites):
        lines += ["", *_table(group)]
    lines += ["", tr("Ce qui ressort")]
    for text in relation_texts(sites, shared):
        lines += _wrapped(text, "  – ")
    return "\n".join(lines)


def _groups(sites: Sequence[Site]) -> Iterator[Sequence[Site]]:
    """Yield those that stand abreast, about as many in each group."""
    if not sites:
        return
    abreast = math.ceil(len(sites) / math.ceil(len(sites) / SITES_ABREAST))
    for start in range(0, len(sites), abreast):
        yield sites[start : start + abreast]


def _table(sites: Sequence[Site]) -> Iterator[str]:
    width = (COLUMNS - NAME_COLUMNS) // len(sites) - GAP
    yield from _row("", [site.name for site in sites], width)
    yield from _row("", ["─" * min(len(site.name), width) for site in sites], width)
    for name, text_of in _ROWS:
        yield from _row(tr(name), [text_of(site) for site in sites], width)


def _row(name: str, cells: Sequence[str], width: int) -> Iterator[str]:
    """Yield the lines of a row, in which each cell has a column."""
    folded = [_folded(cell, width) for cell in cells]
    for place in range(max(len(lines) for lines in folded)):
        parts = [(lines[place] if place < len(lines) else "").ljust(width) for lines in folded]
        first = name if place == 0 else ""
        yield (first.ljust(NAME_COLUMNS) + (" " * GAP).join(parts)).rstrip()


def _folded(cell: str, width: int) -> list[str]:
    """Return the lines of a cell, in which a figure keeps its sign."""
    kept = cell.replace(" %", f"{_NO_BREAK}%")
    return [line.replace(_NO_BREAK, " ") for line in textwrap.wrap(kept, width)] or [""]


def _wrapped(text: str, sign: str) -> list[str]:
    return textwrap.wrap(
        text,
        COLUMNS,
        initial_indent=sign,
        subsequent_indent=" " * len(sign),
        break_on_hyphens=False,
    )
