"""The report in words for a terminal, and in JSON for programs. Pure."""

import json
from dataclasses import asdict
from datetime import UTC, datetime

from meshbot.diagnosis.link_diagnosis import CAUSE_TEXTS, Criterion, Diagnosis
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.text.quantities import counted, duration_text

_MARKS = {True: "✅", False: "❌", None: "➖"}


UNDATED = (
    "⚠️ Ce journal ne dit pas les jours, ou d'une façon inconnue : ils sont comptés depuis "
    "aujourd'hui, et un jour sans ligne y manque (LC_ALL=C journalctl -o short-iso les donne)"
)


def text_report(history: LinkHistory, diagnosis: Diagnosis, *, in_utc: bool = False) -> str:
    """Return the report as an operator reads it in a terminal."""
    lines = [
        f"Liaison du {date_text(history.first_s, in_utc)} au {date_text(history.last_s, in_utc)}, "
        f"{duration_text(diagnosis.figures.observed_s)} observés",
        *([UNDATED] if in_utc else []),
        "",
        f"VERDICT : {diagnosis.headline}",
        *(f"  – {reason}" for reason in diagnosis.reasons),
        "À faire",
        *(f"  – {advice}" for advice in diagnosis.advice),
        "",
        "Chiffres",
        *(f"  {name:<28} {value}" for name, value in figure_rows(diagnosis)),
        "",
        "Critères",
        *(f"  {criterion_text(criterion)}" for criterion in diagnosis.criteria),
    ]
    return "\n".join(lines)


def criterion_text(criterion: Criterion) -> str:
    """Return a criterion in one line."""
    return f"{_MARKS[criterion.passed]} {criterion.name} : {criterion.evidence}"


def figure_rows(diagnosis: Diagnosis) -> list[tuple[str, str]]:
    """Return the figures as names and values to be read."""
    figures = diagnosis.figures
    rate = figures.reconnections_per_hour
    causes = ", ".join(
        f"{count} × {CAUSE_TEXTS[cause]}" for cause, count in diagnosis.causes.items()
    )
    return [
        ("coupures", f"{figures.losses}" + (f" ({causes})" if causes else "")),
        (
            "reconnexions",
            f"{figures.reconnections}"
            + (
                f", soit {_number(rate)} par heure, {figures.busiest_hour} dans la pire "
                "(sain : 0 à 2)"
                if rate is not None
                else ""
            ),
        ),
        (
            "synchronisations",
            f"{figures.syncs} pour {counted(figures.reconnections, 'reconnexion', 'reconnexions')}",
        ),
        ("disponibilité", _with(_number(figures.uptime_percent, 2), "%")),
        ("interruption médiane", _duration(figures.median_outage_s)),
        ("la plus longue", _duration(figures.longest_outage_s)),
        ("plus longue sans coupure", _duration(figures.longest_run_s)),
        ("reconnexion → silence", _with(_duration(figures.median_to_silence_s), "(médiane)")),
        ("échange de configuration", _with(_number(figures.median_handshake_s), "s (médiane)")),
        ("réponses perdues", f"{figures.replies_lost}"),
    ]


def _with(value: str, unit: str) -> str:
    return value if value == "–" else f"{value} {unit}"


def _number(value: float | None, digits: int = 1) -> str:
    return "–" if value is None else f"{value:.{digits}f}".replace(".", ",")


def _duration(seconds: float | None) -> str:
    if seconds is not None and 60 <= seconds < 3_600:
        return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
    return "–" if seconds is None else duration_text(seconds)


def date_text(wall_s: float, in_utc: bool) -> str:
    """Return a moment to be read; a journal without dates counts its days from today, in UTC."""
    moment = datetime.fromtimestamp(wall_s, UTC if in_utc else None)
    return moment.strftime("%d/%m/%Y %H:%M:%S")


def json_report(history: LinkHistory, diagnosis: Diagnosis) -> str:
    """Return the report for programs. Times in seconds, moments in seconds since 1970."""
    sync = diagnosis.sync
    comparison = diagnosis.comparison
    return json.dumps(
        {
            "from": history.first_s,
            "to": history.last_s,
            "verdict": diagnosis.verdict.value,
            "headline": diagnosis.headline,
            "reasons": diagnosis.reasons,
            "advice": diagnosis.advice,
            "figures": asdict(diagnosis.figures),
            "causes": {cause.value: count for cause, count in diagnosis.causes.items()},
            "sync": {
                "syncs": sync.syncs,
                "losses_after": sync.after,
                "seconds_after": sync.after_s,
                "losses_in_comparable_time": sync.control,
                "comparable_seconds": sync.control_s,
                "expected_by_chance": sync.expected,
                "p_value": sync.p_value,
                "silences_begun_before": sync.began_before,
            },
            "skip_comparison": None
            if comparison is None
            else {**asdict(comparison), "p_value": comparison.p_value},
            "criteria": [asdict(criterion) for criterion in diagnosis.criteria],
        },
        ensure_ascii=False,
        indent=2,
    )
