"""Time from a sync to the loss, beside what chance gives. Pure."""

from meshbot.diagnosis.page.after_syncs import BIN_S, BINS, SUSPECT_BINS, AfterSyncs
from meshbot.diagnosis.page.axis import level_lines, marks_below
from meshbot.diagnosis.page.markup import (
    EMPTY,
    Markup,
    canvas,
    chart,
    hover,
    joined,
    label,
    number,
    percent,
    table,
    tag,
    words,
)
from meshbot.diagnosis.page.wording import ceiling, chance_text, losses_text, whole_text
from meshbot.text.language import tr
from meshbot.text.quantities import counted

HEIGHT = 150.0
BELOW = 22.0
ABOVE = 20.0
_MINUTES = int(BINS * BIN_S // 60)


def sync_histogram(found: AfterSyncs) -> Markup:
    """Return the chart with its reading; nothing where no sync was followed by anything."""
    if not found.syncs:
        return EMPTY
    said = tag("p", words(reading(found)), class_="note")
    if not sum(found.counts) and sum(found.chances) < 1:
        return said  # nothing to draw
    top = ceiling(max(*found.counts, *found.chances))
    split = SUSPECT_BINS / BINS
    drawing = chart(
        tr("Temps entre une synchronisation et la coupure. {reading}", reading=reading(found)),
        ABOVE + HEIGHT + BELOW,
        tag("rect", x=0, y=0, width=percent(split), height=ABOVE + HEIGHT, class_="band"),
        label("90 s", percent(split / 2), 14, "middle strong"),
        tag(
            "svg",
            level_lines(HEIGHT, ((share, whole_text(int(share * top))) for share in (0, 0.5, 1))),
            canvas(BINS, 1, HEIGHT, *_columns(found, top), _chance_line(found, top)),
            y=ABOVE,
            class_="chart",
        ),
        marks_below(
            ABOVE + HEIGHT + 16,
            [(0, "0"), *((n / _MINUTES, f"{n} min") for n in range(1, _MINUTES + 1))],
        ),
    )
    title = tag("h3", words(tr("Combien de temps après une synchronisation, au plus tôt ?")))
    return joined(title, drawing, _legend(), said, _table(found))


def reading(found: AfterSyncs) -> str:
    """Return what the chart shows, in words; the losses add up to all there are."""
    soon, soon_chance = sum(found.counts[:SUSPECT_BINS]), sum(found.chances[:SUSPECT_BINS])
    next_, next_chance = sum(found.counts[SUSPECT_BINS:]), sum(found.chances[SUSPECT_BINS:])
    syncs = counted(found.syncs, "synchronisation", "synchronisations")
    text = tr(
        "Dans les 90 s après {syncs} : {losses}, par hasard {chance}."
        " De 90 s à {minutes} min : {losses2}, par hasard {chance2}.",
        syncs=syncs,
        losses=losses_text(soon),
        chance=chance_text(soon_chance),
        minutes=_MINUTES,
        losses2=losses_text(next_),
        chance2=chance_text(next_chance),
    )
    others = []
    if found.later:
        others.append(tr("{whole} plus tard", whole=whole_text(found.later)))
    if found.without:
        others.append(tr("{whole} sans synchronisation avant", whole=whole_text(found.without)))
    return text + (tr(" Le reste : {others}.", others=", ".join(others)) if others else "")


def _columns(found: AfterSyncs, top: float) -> list[Markup]:
    parts = []
    for place, (count, chance) in enumerate(zip(found.counts, found.chances, strict=True)):
        said = hover(
            tr(
                "{span} : {losses}, par hasard {chance}",
                span=_span(place),
                losses=losses_text(count),
                chance=chance_text(chance),
            )
        )
        share = count / top
        near = "soon" if place < SUSPECT_BINS else "late"
        if count:
            parts.append(
                tag("rect", x=place + 0.08, y=1 - share, width=0.84, height=share, class_=near)
            )
        parts.append(tag("rect", said, x=place, y=0, width=1, height=1, class_="clear"))
    return parts


def _chance_line(found: AfterSyncs, top: float) -> Markup:
    steps = (
        f"{'L' if place else 'M'}{place} {number(1 - chance / top)}h1"
        for place, chance in enumerate(found.chances)
    )
    return tag("path", d="".join(steps), class_="chance")


def _span(place: int) -> str:
    return tr("{place:.0f} à {place2:.0f} s", place=place * BIN_S, place2=(place + 1) * BIN_S)


def _legend() -> Markup:
    return tag(
        "p",
        tag("span", tag("i", class_="key soon"), words(tr("coupures dans les 90 s"))),
        tag("span", tag("i", class_="key late"), words(tr("coupures plus tard"))),
        tag("span", tag("i", class_="key dash"), words(tr("ce que donne le hasard"))),
        class_="legend",
    )


def _table(found: AfterSyncs) -> Markup:
    rows = [
        (_span(place), whole_text(count), chance_text(chance))
        for place, (count, chance) in enumerate(zip(found.counts, found.chances, strict=True))
    ]
    return table(
        tr("En chiffres"), (tr("Après une synchronisation"), tr("Coupures"), tr("Par hasard")), rows
    )
