"""How long outages lasted. Pure."""

from bisect import bisect_right

from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.page.markup import (
    EMPTY,
    Markup,
    card,
    chart,
    hover,
    label,
    percent,
    tag,
    words,
)
from meshbot.diagnosis.page.wording import losses_text, whole_text
from meshbot.text.language import mark, tr
from meshbot.text.typography import labelled, phrases

ROW = 26.0
_BOUNDS_S = (5.0, 20.0, 60.0, 300.0, 1_800.0)
_NAMES = (
    "< 5 s",
    mark("5 à 20 s"),
    mark("20 à 60 s"),
    mark("1 à 5 min"),
    mark("5 à 30 min"),
    mark("> 30 min"),
)
_UNKNOWN = mark("retour inconnu")


def outage_counts(history: LinkHistory) -> list[tuple[str, int]]:
    """Return how many outages were how long."""
    counts = [0] * len(_NAMES)
    unknown = 0
    for loss in history.losses:
        if loss.outage_s is None:
            unknown += 1
        else:
            counts[bisect_right(_BOUNDS_S, loss.outage_s)] += 1
    rows = [(tr(name), count) for name, count in zip(_NAMES, counts, strict=True)]
    return [*rows, (tr(_UNKNOWN), unknown)] if unknown else rows


def outage_bars(history: LinkHistory) -> Markup:
    """Return the chart; nothing where there was no loss."""
    rows = outage_counts(history)
    most = max(count for _, count in rows)
    if not most:
        return EMPTY
    parts = []
    for place, (name, count) in enumerate(rows):
        y = ROW * place
        share = count / most
        parts.append(label(name, -8, y + 16, "end"))
        parts.append(
            tag(
                "rect",
                hover(labelled(name, losses_text(count))),
                x=0,
                y=y + 3,
                width=percent(share),
                height=ROW - 8,
                class_="unknown" if name == tr(_UNKNOWN) else "outage",
            )
        )
        figure = tag("tspan", words(whole_text(count)), dx=6)
        parts.append(tag("text", figure, x=percent(share), y=y + 16, class_="strong"))
    said = phrases(labelled(name, count) for name, count in rows)
    return card(
        tr("Durée des interruptions"),
        chart(
            tr("Durée des interruptions. {said}", said=said), ROW * len(rows), *parts, class_="rows"
        ),
        tag(
            "p",
            words(tr("Du dernier signe de vie du nœud au retour de la liaison.")),
            class_="note",
        ),
    )
