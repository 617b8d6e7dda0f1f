"""A trial's two arms side by side. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from meshbot.diagnosis.page.markup import (
    Markup,
    card,
    chart,
    hover,
    label,
    listed,
    percent,
    tag,
    words,
)
from meshbot.diagnosis.page.wording import percent_text, whole_text
from meshbot.text.language import tr
from meshbot.text.quantities import counted, decimal_text
from meshbot.text.typography import labelled, phrases

ROW = 48.0


@dataclass(frozen=True)
class Arm:
    """What became of the reconnections for which the coin said the same."""

    name: str
    """E.g. "avec la synchronisation"."""
    tosses: int
    losses: int


def trial_arms(
    sentence: str, arms: Sequence[Arm], more: Sequence[str] = (), *, p_value: float | None = None
) -> Markup:
    """Return the arms with what they mean: ``sentence`` in plain words, ``more`` below them.

    ``p_value`` follows the sentence, with the figures it was computed from; None where the words
    have it already.
    """
    rows = [_row(arm, ROW * place, "late" if place else "soon") for place, arm in enumerate(arms)]
    both = phrases(labelled(arm.name, _in_words(arm)) for arm in arms)
    return card(
        tr("Essai par tirage au sort"),
        tag("p", words(sentence + _computed(arms, p_value))),
        chart(
            tr("Les deux bras de l'essai. {both}", both=both), ROW * len(arms), *rows, class_="flat"
        ),
        listed(more),
    )


def _computed(arms: Sequence[Arm], p_value: float | None) -> str:
    if p_value is None:
        return ""
    figures = tr(" et ").join(
        tr("{losses} sur {tosses}", losses=arm.losses, tosses=arm.tosses) for arm in arms
    )
    value = f"< {decimal_text(0.001, 3)}" if p_value < 0.001 else f"= {decimal_text(p_value, 3)}"
    return f" ({labelled(figures, f'p {value}')})"


def _row(arm: Arm, y: float, colour: str) -> Markup:
    share = arm.losses / arm.tosses if arm.tosses else 0.0
    return tag(
        "g",
        hover(labelled(arm.name, _in_words(arm))),
        label(arm.name, 0, y + 14, "strong"),
        label(_figure(arm), "100%", y + 14, "end"),
        tag("rect", x=0, y=y + 21, width="100%", height=14, class_="c0"),
        tag("rect", x=0, y=y + 21, width=percent(share), height=14, class_=colour),
    )


def _figure(arm: Arm) -> str:
    if not arm.tosses:
        return tr("aucun tirage")
    share = percent_text(arm.losses / arm.tosses)
    return tr(
        "{whole} sur {whole2} ({share})",
        whole=whole_text(arm.losses),
        whole2=whole_text(arm.tosses),
        share=share,
    )


def _in_words(arm: Arm) -> str:
    lost = counted(arm.losses, "liaison perdue", "liaisons perdues")
    return tr(
        "{lost} sur {tosses}", lost=lost, tosses=counted(arm.tosses, "reconnexion", "reconnexions")
    )
