"""What the losses come from, as one bar with its legend. Pure."""

from meshbot.diagnosis.cause_share import CauseShare
from meshbot.diagnosis.link_diagnosis import Diagnosis
from meshbot.diagnosis.page.markup import (
    EMPTY,
    Markup,
    card,
    chart,
    hover,
    joined,
    label,
    percent,
    tag,
    words,
)
from meshbot.diagnosis.page.statements import statement_list
from meshbot.diagnosis.page.wording import losses_text, percent_text
from meshbot.diagnosis.schedule_text import schedule_text
from meshbot.diagnosis.verdicts.unexplained import UNEXPLAINED
from meshbot.text.language import tr
from meshbot.text.typography import labelled

HEIGHT = 40.0
COLOURS = 6
NAMED_SHARE = 0.05
"""A smaller part has no room for its letter."""
WITH_FIGURE_SHARE = 0.2


def shares_bar(diagnosis: Diagnosis) -> Markup:
    """Return the bar; nothing where there is nothing to share."""
    shares = diagnosis.shares
    if not shares:
        return EMPTY
    parts, said, rows = [], [], []
    left = 0.0
    for place, share in enumerate(shares):
        letter, colour = chr(ord("A") + place), _colour(place, share)
        parts.append(_part(share, left, letter, colour))
        left += share.share
        said.append(f"{share.verdict.wording} {percent_text(share.share)}")
        rows.append(_row(diagnosis, share, letter, colour))
    return card(
        "Causes",
        chart(
            tr("Causes des coupures : {said}", said=", ".join(said)),
            HEIGHT,
            *parts,
            class_="shares",
        ),
        tag("ol", *rows, class_="causes"),
    )


def _colour(place: int, share: CauseShare) -> str:
    return "none" if share.verdict is UNEXPLAINED else f"k{place % COLOURS}"


def _part(share: CauseShare, left: float, letter: str, colour: str) -> Markup:
    part = tag(
        "rect",
        hover(
            labelled(
                letter,
                f"{share.verdict.wording}, {percent_text(share.share)} "
                f"({losses_text(share.count)})",
            )
        ),
        x=percent(left),
        y=0,
        width=percent(share.share),
        height=HEIGHT,
        class_=colour,
    )
    if share.share < NAMED_SHARE:
        return part
    text = letter
    if share.share >= WITH_FIGURE_SHARE:
        text += f" · {percent_text(share.share)}"
    middle = percent(left + share.share / 2)
    return joined(part, label(text, middle, HEIGHT / 2 + 5, f"middle on {colour}-on"))


def _row(diagnosis: Diagnosis, share: CauseShare, letter: str, colour: str) -> Markup:
    """Return a cause in the legend, with what is not said at the top of the page already."""
    when = f", {schedule_text(share.schedule)}" if share.schedule is not None else EMPTY
    above = share.verdict is diagnosis.verdict
    advice = [one for one in share.advice if one not in diagnosis.advice]
    return tag(
        "li",
        tag("i", words(letter), class_=f"key letter {colour}"),
        tag("strong", words(share.verdict.wording[:1].upper() + share.verdict.wording[1:] + when)),
        tag(
            "span",
            words(f" {percent_text(share.share)}, {losses_text(share.count)}"),
            class_="figure",
        ),
        EMPTY if above else statement_list(share.evidence),
        *(tag("p", words(one), class_="note") for one in advice),
    )
