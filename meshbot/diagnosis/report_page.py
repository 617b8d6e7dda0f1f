"""The report as one HTML file that needs no network and no script. Pure.

What is wrong and what to do comes first, then four figures, then what they come from: the parts are
in ``meshbot.diagnosis.page``, one a file.
"""

from collections.abc import Sequence

from meshbot.diagnosis.client_text import CLIENTS, client_texts
from meshbot.diagnosis.link_diagnosis import Diagnosis
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.page.after_syncs import after_syncs
from meshbot.diagnosis.page.days import days_of, loss_moments
from meshbot.diagnosis.page.downtime_columns import downtime_columns
from meshbot.diagnosis.page.heading import heading
from meshbot.diagnosis.page.loss_map import loss_map
from meshbot.diagnosis.page.markup import EMPTY, Markup, card, joined, listed, tag, words
from meshbot.diagnosis.page.outage_bars import outage_bars
from meshbot.diagnosis.page.shares_bar import shares_bar
from meshbot.diagnosis.page.skeleton import whole_page
from meshbot.diagnosis.page.statements import statement_list
from meshbot.diagnosis.page.style import style
from meshbot.diagnosis.page.sync_histogram import sync_histogram
from meshbot.diagnosis.page.tiles import tiles
from meshbot.diagnosis.page.trial_arms import Arm, trial_arms
from meshbot.diagnosis.report_text import figure_rows
from meshbot.diagnosis.trial.trial_state import TrialState
from meshbot.diagnosis.trial.trial_text import arm_names, status_text, trial_reasons
from meshbot.text.language import mark, tr
from meshbot.text.typography import labelled

_PASSED = {
    True: ("yes", mark("tenu")),
    False: ("no", mark("non tenu")),
    None: ("open", mark("non jugé")),
}


def html_report(history: LinkHistory, diagnosis: Diagnosis) -> str:
    """Return the whole page."""
    title = words(tr("Liaison du bot : {headline}", headline=diagnosis.headline))
    return page_of(title, page_parts(history, diagnosis))


def page_of(title: Markup, parts: Sequence[Markup], more_style: str = "") -> str:
    """Return a page of parts. ``more_style``: what these need beside the rules of all."""
    return whole_page(title, style() + more_style, parts)


def page_parts(history: LinkHistory, diagnosis: Diagnosis) -> list[Markup]:
    """Return what stands on the page, from top to bottom."""
    days = days_of(history)
    shown = sum(day.count for day in days)
    older = len(loss_moments(history)) - shown
    parts = (
        tag("header", heading(history, diagnosis)),
        _verdict(diagnosis),
        tiles(history, diagnosis.figures, days),
        shares_bar(diagnosis),
        _trial(diagnosis.trial),
        loss_map(days, older),
        _pair(_sync(history, diagnosis), joined(outage_bars(history), downtime_columns(days))),
        _clients(history),
        card(tr("Chiffres"), _figures(diagnosis)),
        card(tr("Critères"), _criteria(diagnosis)),
    )
    return [part for part in parts if part]


def _verdict(diagnosis: Diagnosis) -> Markup:
    headline = diagnosis.headline
    return tag(
        "section",
        tag("p", words(headline[:1].upper() + headline[1:]), class_="headline"),
        statement_list(diagnosis.statements),
        tag("h2", words(tr("À faire"))) if diagnosis.advice else EMPTY,
        listed(diagnosis.advice),
        class_=f"verdict {diagnosis.verdict.tone.value}".strip(),
    )


def _trial(trial: TrialState | None) -> Markup:
    if trial is None:
        return EMPTY
    with_it, without = arm_names(trial.kind)
    arms = [
        Arm(with_it, trial.tosses_with, trial.counts.lost_with),
        Arm(without, trial.tosses_without, trial.counts.lost_without),
    ]
    return trial_arms(status_text(trial), arms, trial_reasons(trial))


def _pair(*columns: Markup) -> Markup:
    """Return what stands side by side where there is room."""
    filled = [tag("div", column) for column in columns if column]
    return tag("div", *filled, class_="pair") if filled else EMPTY


def _sync(history: LinkHistory, diagnosis: Diagnosis) -> Markup:
    histogram = sync_histogram(after_syncs(history)) if history.losses else EMPTY
    reasons = listed(diagnosis.sync_reasons, class_="reasons")
    return (
        card(tr("Synchronisation des clés"), reasons, histogram) if reasons or histogram else EMPTY
    )


def _clients(history: LinkHistory) -> Markup:
    return card(tr(CLIENTS), listed(client_texts(history))) if history.clients else EMPTY


def _figures(diagnosis: Diagnosis) -> Markup:
    rows = (
        tag("div", tag("dt", words(name)), tag("dd", words(value)))
        for name, value in figure_rows(diagnosis)
    )
    return tag("dl", *rows, class_="figures")


def _criteria(diagnosis: Diagnosis) -> Markup:
    rows = []
    for criterion in diagnosis.criteria:
        class_, said = _PASSED[criterion.passed]
        text = words(labelled(criterion.name, criterion.evidence))
        rows.append(tag("li", text, class_=class_, title=tr(said)))
    return tag("ul", *rows, class_="criteria")
