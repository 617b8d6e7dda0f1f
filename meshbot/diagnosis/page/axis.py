"""The lines and figures that a chart's columns are read by. Pure."""

from collections.abc import Iterable

from meshbot.diagnosis.page.markup import Markup, joined, label, percent, tag

AXIS_GAP = 8


def level_lines(height: float, levels: Iterable[tuple[float, str]]) -> Markup:
    """Return a line across the chart for each level, a share of its height, with its figure."""
    parts = []
    for share, text in levels:
        y = height * (1 - share)
        parts.append(tag("line", x1=0, x2="100%", y1=y, y2=y, class_="grid"))
        parts.append(label(text, -AXIS_GAP, y + 4, "end"))
    return joined(*parts)


def marks_below(y: float, marks: Iterable[tuple[float, str]]) -> Markup:
    """Return words under the chart, each in the middle of its place, a share of the width."""
    return joined(*(label(text, percent(share), y, "middle") for share, text in marks))
