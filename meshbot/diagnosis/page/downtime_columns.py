"""How long there was no link on each day. Pure."""

from meshbot.diagnosis.page.axis import level_lines, marks_below
from meshbot.diagnosis.page.days import Day
from meshbot.diagnosis.page.markup import (
    EMPTY,
    Markup,
    canvas,
    card,
    chart,
    hover,
    joined,
    tag,
    words,
)
from meshbot.diagnosis.page.wording import day_text, length_text, round_text
from meshbot.text.language import tr
from meshbot.text.quantities import decimal_text
from meshbot.text.typography import day_and_month

HEIGHT = 110.0
BELOW = 22.0
MAX_NAMES = 5
_TOPS_S = (60, 120, 240, 600, 1_200, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200, 86_400, 93_600)


def downtime_columns(days: list[Day]) -> Markup:
    """Return a column a day; nothing where the link was never away, or there is but one day."""
    longest_s = max((day.down_s for day in days), default=0.0)
    if len(days) < 2 or not longest_s:
        return EMPTY
    top_s = next((top for top in _TOPS_S if top >= longest_s), _TOPS_S[-1])
    levels = [(0.0, "0"), (0.5, round_text(top_s / 2)), (1.0, round_text(top_s))]
    columns = [_column(place, day, top_s) for place, day in enumerate(days)]
    idle = any(day.uptime is None for day in days)
    step = -(-len(days) // MAX_NAMES)
    names = [
        ((place + 0.5) / len(days), day_and_month(day.midnight))
        for place, day in enumerate(days)
        if (len(days) - 1 - place) % step == 0
    ]
    return card(
        tr("Temps sans liaison par jour"),
        chart(
            tr(
                "Temps sans liaison par jour, au plus {length} ; le tableau des jours le dit aussi",
                length=length_text(longest_s),
            ),
            HEIGHT + BELOW,
            level_lines(HEIGHT, levels),
            canvas(len(days), 1, HEIGHT, *columns),
            marks_below(HEIGHT + 16, names),
        ),
        tag(
            "p",
            tag("span", tag("i", class_="key down"), words(tr("sans liaison"))),
            tag("span", tag("i", class_="key off"), words(tr("bot arrêté tout le jour")))
            if idle
            else EMPTY,
            class_="legend",
        ),
    )


def _column(place: int, day: Day, top_s: float) -> Markup:
    name = day_text(day.midnight)
    if day.uptime is None:
        said = hover(tr("{name} : bot arrêté", name=name))
        return tag("rect", said, x=place, y=0, width=1, height=1, class_="off")
    share = min(day.down_s / top_s, 1.0)
    said = hover(
        tr(
            "{name} : {length} sans liaison, disponibilité {value} %",
            name=name,
            length=length_text(day.down_s),
            value=decimal_text(100 * day.uptime, 2),
        )
    )
    return joined(
        tag("rect", x=place + 0.1, y=1 - share, width=0.8, height=share, class_="down"),
        tag("rect", said, x=place, y=0, width=1, height=1, class_="clear"),
    )
