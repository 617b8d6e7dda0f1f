"""Losses follow the key sync more often than by chance."""

from meshbot.diagnosis.case import Case
from meshbot.diagnosis.sync_reasons import comparison_reason, sync_reasons
from meshbot.diagnosis.verdict import Tone, Verdict


def _judge(case: Case) -> list[str] | None:
    if case.comparison is not None and case.comparison.accuses:
        return [comparison_reason(case.comparison), *sync_reasons(case.sync)]
    return sync_reasons(case.sync) if case.sync.suspect else None


def _advice(case: Case) -> list[str]:
    if case.comparison is None:
        return [
            "Mettre TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT à True pendant deux jours, puis refaire ce "
            "rapport : il comparera les deux réglages. TCP_PUBKEY_SYNC_DELAY à 60 peut suffire."
        ]
    if case.comparison.accuses:
        return [
            "Laisser TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT à True : l'essai des deux réglages est fait."
        ]
    return ["L'essai des deux réglages ne tranche pas : le prolonger de quelques jours."]


SYNC_SUSPECTED = Verdict(
    name="sync suspected",
    text="la synchronisation des clés est suspecte",
    tone=Tone.BAD,
    judge=_judge,
    advice=_advice,
    about_sync=True,
)
