"""Nothing to explain, or nothing to explain it with."""

from meshbot.diagnosis.case import MIN_LOSSES, Case
from meshbot.diagnosis.verdict import Tone, Verdict, always


def _judge(case: Case) -> list[str] | None:
    if not case.history.tells_of_link:
        return ["aucune ligne sur la liaison elle-même : le journal a-t-il été filtré ?"]
    if not case.loss_count:
        if case.sync.cleared:
            return None
        return [f"aucune coupure en {case.observed_text} : rien à expliquer"]
    if case.loss_count < MIN_LOSSES and not case.history.contests:
        return [f"{case.losses_text} seulement en {case.observed_text}"]
    return None


def no_common_cause(case: Case) -> list[str]:
    """Return the reason when no judge has one."""
    return [f"{case.losses_text} en {case.observed_text}, sans cause commune"]


NOT_ENOUGH_DATA = Verdict(
    name="not enough data",
    text="pas assez de données",
    tone=Tone.NEITHER,
    judge=_judge,
    advice=always("Laisser tourner le bot, refaire ce rapport dans un jour ou deux."),
)
