"""The figures that are read first. Pure."""

from meshbot.diagnosis.figures import Figures
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.page.days import Day, loss_moments
from meshbot.diagnosis.page.markup import EMPTY, Markup, tag, words
from meshbot.diagnosis.page.wording import (
    length_text,
    losses_text,
    moment_of,
    whole_text,
)
from meshbot.text.language import tr
from meshbot.text.quantities import decimal_text
from meshbot.text.typography import day_and_month, percentage, weekday_text

NOTHING = "–"
DAY_S = 86_400.0


def tiles(history: LinkHistory, figures: Figures, days: list[Day]) -> Markup:
    """Return availability, losses, worst day and longest outage; nothing of an empty record."""
    if not days:
        return EMPTY
    return tag(
        "dl",
        _tile(tr("Disponibilité"), *_availability(history, figures)),
        _tile(tr("Coupures"), *_losses(history, figures)),
        _tile(tr("Pire jour"), *_worst_day(days)),
        _tile(tr("Plus longue interruption"), *_longest(history)),
        class_="tiles",
    )


def _tile(name: str, value: str, remark: str) -> Markup:
    return tag(
        "div",
        tag("dt", words(name)),
        tag("dd", tag("strong", words(value)), tag("span", words(remark))),
    )


def _availability(history: LinkHistory, figures: Figures) -> tuple[str, str]:
    if figures.uptime_percent is None:
        return NOTHING, tr("trop court pour le dire")
    if history.down_s < 1:
        return percentage(decimal_text(figures.uptime_percent)), tr("liaison jamais coupée")
    value = decimal_text(figures.uptime_percent, 2)
    return percentage(value), tr("{length} sans liaison", length=length_text(history.down_s))


def _losses(history: LinkHistory, figures: Figures) -> tuple[str, str]:
    total = len(history.losses) + len(history.dump_losses)
    if history.dump_losses and total:
        return whole_text(total), tr(
            "dont {dump_losses} pendant l'envoi de la base", dump_losses=len(history.dump_losses)
        )
    if not total or figures.observed_s < DAY_S:
        return whole_text(total), ""
    per_day = total * DAY_S / figures.observed_s
    value = whole_text(round(per_day)) if per_day >= 10 else decimal_text(per_day)
    return whole_text(total), tr("{value} par jour", value=value)


def _worst_day(days: list[Day]) -> tuple[str, str]:
    worst = max(days, key=lambda day: day.count, default=None)
    if worst is None or not worst.count:
        return NOTHING, tr("aucune coupure")
    name = day_and_month(worst.midnight)
    return name, f"{weekday_text(worst.midnight.weekday())}, {losses_text(worst.count)}"


def _longest(history: LinkHistory) -> tuple[str, str]:
    longest = max(
        (loss for loss in history.losses if loss.outage_s is not None),
        key=lambda loss: loss.outage_s or 0.0,
        default=None,
    )
    if longest is None or longest.outage_s is None:
        return NOTHING, tr("aucune") if not loss_moments(history) else tr("non mesurée")
    began = moment_of(longest.began_s, history.in_utc)
    return length_text(longest.outage_s), tr("le {began:%d/%m à %H:%M}", began=began)
