"""Losses by day and by hour of the day, as a map. Pure."""

from collections.abc import Iterator
from itertools import groupby, pairwise

from meshbot.diagnosis.page.days import HOURS, Day
from meshbot.diagnosis.page.markup import (
    EMPTY,
    Markup,
    canvas,
    card,
    chart,
    hover,
    label,
    percent,
    table,
    tag,
    words,
)
from meshbot.diagnosis.page.wording import (
    day_text,
    length_text,
    losses_text,
    whole_text,
)
from meshbot.text.language import mark, tr
from meshbot.text.quantities import decimal_text
from meshbot.text.typography import day_and_month, hour_text, labelled, percentage

ROWS = ((14, 24.0), (31, 18.0))
"""Up to how many days rows are how high."""
SMALL_ROW = 9.0
"""Of more days: no figures in the cells, and a name for every seventh row."""
TOP = 16.0
LEVELS = 5
DENSE_SHARE = 0.1
LARGEST_FIGURE = 9_999
_INITIALS = mark("LMMJVSD")


def loss_map(days: list[Day], older: int) -> Markup:
    """Return the map with its legend and its table. ``older``: losses before these days."""
    if not days:
        return EMPTY
    row = next((high for most, high in ROWS if len(days) <= most), SMALL_ROW)
    height = row * len(days)
    total = sum(day.count for day in days)
    most = max(max(day.losses) for day in days)
    bounds = level_bounds(most)
    drawing = chart(
        tr(
            "Carte des coupures par jour et par heure : {losses} ; le tableau qui suit "
            "la dit jour par jour",
            losses=losses_text(total),
        ),
        height + TOP,
        *_hour_names(),
        label("total", "100%", TOP - 5, "total") if row > SMALL_ROW else EMPTY,
        canvas(HOURS, len(days), height, *_cells(days, bounds), _hatching(days), y=TOP),
        _gaps(len(days), row),
        *_row_names(days, row),
        *(_figures(days, row, bounds) if row > SMALL_ROW else ()),
        class_="map dense" if _is_dense(days) else "map",
    )
    are = tr("sont") if older > 1 else tr("est")
    past = tr(
        "{losses} d'avant ces {days} jours n'y {are} pas.",
        losses=losses_text(older),
        days=len(days),
        are=are,
    )
    return card(
        tr("Quand : coupures par jour et par heure"),
        drawing,
        _legend(bounds, most),
        tag("p", words(past), class_="note") if older else EMPTY,
        _table(days),
    )


def _is_dense(days: list[Day]) -> bool:
    """Say whether figures of two digits would touch each other on a telephone."""
    large = sum(count > 9 for day in days for count in day.losses)
    return large > DENSE_SHARE * HOURS * len(days)


def level_bounds(most: int) -> list[int]:
    """Return from how many losses on a cell has each colour, the palest first."""
    if most <= LEVELS:
        return list(range(1, most + 1))
    wanted = (most ** (step / LEVELS) for step in range(LEVELS))
    bounds: list[int] = []
    for bound in wanted:
        bounds.append(max(round(bound), bounds[-1] + 1 if bounds else 1))
    return bounds


def level_of(count: int, bounds: list[int]) -> int:
    """Return the colour of a cell; 0 for none."""
    return sum(count >= bound for bound in bounds)


def _runs(day: Day) -> Iterator[tuple[int, int, int, bool]]:
    """Yield from when until when a day has how many losses an hour, and whether the bot ran.

    Hours without a loss that follow each other are one.
    """

    def kind(hour: int) -> tuple[bool, int]:
        return day.ran[hour], hour + 1 if day.losses[hour] else 0

    for (ran, _), hours in groupby(range(HOURS), kind):
        members = list(hours)
        yield members[0], members[-1] + 1, day.losses[members[0]], ran


def _cells(days: list[Day], bounds: list[int]) -> Iterator[Markup]:
    many = len(days) > ROWS[-1][0]  # what is said so often is said in short
    for row, day in enumerate(days):
        name = day_and_month(day.midnight) if many else day_text(day.midnight)
        for start, end, count, ran in _runs(day):
            said = losses_text(count) if count else tr("aucune coupure")
            hours = (
                hour_text(start)
                if end == start + 1
                else tr("{start} h à {end} h", start=start, end=end)
            )
            yield tag(
                "rect",
                hover(labelled(f"{name}, {hours}", said if ran else tr("bot arrêté"))),
                x=start,
                y=row,
                width=end - start,
                height=1,
                class_=f"c{level_of(count, bounds)}" if ran else "off",
            )


def _hatching(days: list[Day]) -> Markup:
    """Return a stroke through each hour in which the bot did not run."""
    strokes = [
        f"M{hour + 0.3:g} {row + 0.75:g}l.4-.5"
        for row, day in enumerate(days)
        for hour in range(HOURS)
        if not day.ran[hour]
    ]
    return tag("path", d="".join(strokes), class_="hatch") if strokes else EMPTY


def _gaps(rows: int, row: float) -> Markup:
    """Return the lines that keep cells apart."""
    across = "".join(f"M0 {place}H{HOURS}" for place in range(rows + 1))
    down = "".join(f"M{hour} 0V{rows}" for hour in range(HOURS + 1))
    return canvas(HOURS, rows, row * rows, tag("path", d=across + down, class_="gap"), y=TOP)


def _hour_names() -> Iterator[Markup]:
    for hour in range(0, HOURS, 6):
        yield label(hour_text(hour), percent(hour / HOURS), TOP - 5)


def _row_names(days: list[Day], row: float) -> Iterator[Markup]:
    small = row == SMALL_ROW
    for place, day in enumerate(days):
        y = TOP + row * place + row / 2 + 3.5
        if small and (place - len(days) + 1) % 7:
            continue
        name = f"{tr(_INITIALS)[day.midnight.weekday()]} {day_and_month(day.midnight)}"
        yield label(name, -6, y, "end day")
        if not small:
            yield tag("text", words(whole_text(day.count)), x="100%", y=y, class_="total")


def _figures(days: list[Day], row: float, bounds: list[int]) -> Iterator[Markup]:
    for place, day in enumerate(days):
        for hour, count in enumerate(day.losses):
            if 0 < count <= LARGEST_FIGURE:
                yield label(
                    str(count),
                    percent((hour + 0.5) / HOURS),
                    TOP + row * place + row / 2 + 3.5,
                    f"n n{len(str(count))} t{level_of(count, bounds)}",
                )


def _legend(bounds: list[int], most: int) -> Markup:
    keys = [("off", tr("bot arrêté")), ("c0", tr("aucune coupure"))]
    for place, (bound, next_) in enumerate(pairwise([*bounds, most + 1]), start=1):
        keys.append(
            (
                f"c{place}",
                f"{bound}"
                if next_ == bound + 1
                else tr("{bound} à {next}", bound=bound, next=next_ - 1),
            )
        )
    if bounds:
        keys[-1] = (keys[-1][0], tr("{keys} par heure", keys=keys[-1][1]))
    parts = (tag("span", tag("i", class_=f"key {colour}"), words(text)) for colour, text in keys)
    return tag("p", *parts, class_="legend")


def _table(days: list[Day]) -> Markup:
    rows = []
    for day in days:
        most = max(day.losses)
        worst = f"{hour_text(day.losses.index(most))} ({whole_text(most)})" if most else "–"
        uptime = "–" if day.uptime is None else percentage(decimal_text(100 * day.uptime, 2))
        down = length_text(day.down_s) if day.uptime is not None else tr("bot arrêté")
        rows.append((day_and_month(day.midnight), whole_text(day.count), worst, uptime, down))
    head = (tr("Jour"), tr("Coupures"), tr("Pire heure"), tr("Disponibilité"), tr("Sans liaison"))
    return table(tr("Jour par jour, en chiffres"), head, rows)
