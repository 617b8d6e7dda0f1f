"""The report in words, for a terminal. Pure."""

from meshbot.diagnosis.cause_share import CauseShare
from meshbot.diagnosis.client_text import CLIENTS, client_texts
from meshbot.diagnosis.criteria import Criterion
from meshbot.diagnosis.date_text import date_text
from meshbot.diagnosis.figures import Figures
from meshbot.diagnosis.link_diagnosis import Diagnosis
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.schedule_text import schedule_text
from meshbot.diagnosis.trial.trial_text import trial_lines
from meshbot.text.cause_texts import causes_text
from meshbot.text.language import mark, tr
from meshbot.text.metrics_text import metrics_text
from meshbot.text.quantities import counted, decimal_text, duration_text
from meshbot.text.typography import labelled, percentage

NOTHING = "–"
_MARKS = {True: "✅", False: "❌", None: "➖"}
UNDATED = mark(
    "⚠️ Ce journal ne dit pas les jours, ou d'une façon inconnue : ils sont comptés depuis "
    "aujourd'hui, et un jour sans ligne y manque (LC_ALL=C journalctl -o short-iso les donne)"
)


def text_report(history: LinkHistory, diagnosis: Diagnosis) -> str:
    """Return the report as an operator reads it in a terminal."""
    lines = [
        _observed(history, diagnosis.figures),
        *(
            [tr("Nœud : {metrics}", metrics=metrics)]
            if (metrics := metrics_text(history.metrics))
            else []
        ),
        *([tr(UNDATED)] if history.in_utc else []),
        *(f"⚠️ {remark}" for remark in history.remarks),
        "",
        tr("VERDICT : {headline}", headline=diagnosis.headline),
        *_causes(diagnosis),
        tr("À faire"),
        *(f"  – {advice}" for advice in diagnosis.advice),
        *_sync(diagnosis),
        *trial_lines(diagnosis.trial),
        *([tr(CLIENTS)] if history.clients else []),
        *(f"  – {use}" for use in client_texts(history)),
        "",
        tr("Chiffres"),
        *(f"  {name:<28} {value}" for name, value in figure_rows(diagnosis)),
        "",
        tr("Critères"),
        *(f"  {criterion_text(criterion)}" for criterion in diagnosis.criteria),
    ]
    return "\n".join(lines)


def _observed(history: LinkHistory, figures: Figures) -> str:
    """Say from when until when."""
    if not history.last_s:
        return tr("Liaison : rien d'observé")
    first, last = (date_text(at_s, history.in_utc) for at_s in (history.first_s, history.last_s))
    return tr(
        "Liaison du {first} au {last}, {observed} observés",
        first=first,
        last=last,
        observed=duration_text(figures.observed_s),
    )


def _causes(diagnosis: Diagnosis) -> list[str]:
    """Return each cause with its share and what speaks for it."""
    if not any(share.verdict is diagnosis.verdict for share in diagnosis.shares):
        lines = [f"  – {statement.text}" for statement in diagnosis.statements]
    else:
        lines = []
    for share in diagnosis.shares:
        lines.append(f"  {share_text(share)}")
        lines += [f"      – {statement.marked}" for statement in share.evidence]
    return lines


def share_text(share: CauseShare) -> str:
    """Return a cause with its share, in one line."""
    when = ""
    if share.schedule is not None:
        when = f", {schedule_text(share.schedule)}"
    losses = counted(share.count, "coupure", "coupures")
    return f"{percentage(f'{100 * share.share:3.0f}')}  {share.verdict.wording}{when} ({losses})"


def _sync(diagnosis: Diagnosis) -> list[str]:
    """Return what is known of the key sync and not said yet, whatever the verdict is about."""
    told = {statement.text for share in diagnosis.shares for statement in share.evidence}
    reasons = [reason for reason in diagnosis.sync_reasons if reason not in told]
    return [tr("Synchronisation des clés"), *(f"  – {one}" for one in reasons)] if reasons else []


def criterion_text(criterion: Criterion) -> str:
    """Return a criterion in one line."""
    return labelled(f"{_MARKS[criterion.passed]} {criterion.name}", criterion.evidence)


def figure_rows(diagnosis: Diagnosis) -> list[tuple[str, str]]:
    """Return the figures as names and values to be read."""
    figures = diagnosis.figures
    causes = causes_text(diagnosis.causes)
    total = diagnosis.shares[0].total if diagnosis.shares else figures.losses
    if total > figures.losses:
        during = tr("{total} × pendant l'envoi de la base", total=total - figures.losses)
        causes = f"{causes}, {during}" if causes else during
    reconnections = counted(figures.reconnections, "reconnexion", "reconnexions")
    return [
        (tr("coupures"), f"{total}" + (f" ({causes})" if causes else "")),
        (tr("reconnexions"), f"{figures.reconnections}{_rate_text(figures)}"),
        (
            tr("synchronisations"),
            tr("{syncs} pour {reconnections}", syncs=figures.syncs, reconnections=reconnections),
        ),
        (tr("disponibilité"), _availability_text(figures.uptime_percent)),
        (tr("interruption médiane"), _duration(figures.median_outage_s)),
        (tr("la plus longue"), _duration(figures.longest_outage_s)),
        (tr("plus longue sans coupure"), _duration(figures.longest_run_s)),
        (tr("reconnexion → silence"), _duration(figures.median_to_silence_s, tr(" (médiane)"))),
        (tr("échange de configuration"), _measured(figures.median_handshake_s, tr("s (médiane)"))),
        (tr("réponses perdues"), f"{figures.replies_lost}"),
    ]


def _rate_text(figures: Figures) -> str:
    rate = figures.reconnections_per_hour
    if rate is None:
        return ""
    return tr(
        ", soit {rate} par heure, {busiest_hour} dans la pire (sain : 0 à 2)",
        rate=decimal_text(rate),
        busiest_hour=figures.busiest_hour,
    )


def _availability_text(percent: float | None) -> str:
    """Return a share that is written as 100 only if it is."""
    if percent is None:
        return NOTHING
    return percentage(decimal_text(percent if percent >= 100 else min(percent, 99.99), 2))


def _measured(value: float | None, unit: str) -> str:
    return NOTHING if value is None else f"{decimal_text(value)} {unit}"


def _duration(seconds: float | None, remark: str = "") -> str:
    if seconds is None:
        return NOTHING
    seconds = round(seconds)
    if 60 <= seconds < 3_600:
        return f"{seconds // 60} min {seconds % 60} s{remark}"
    return duration_text(seconds) + remark
