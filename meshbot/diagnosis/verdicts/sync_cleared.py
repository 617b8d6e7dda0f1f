"""Whatever the losses come from, it is not the key sync."""

from meshbot.diagnosis.case import Case
from meshbot.diagnosis.sync_reasons import sync_reasons, syncs_text
from meshbot.diagnosis.verdict import Tone, Verdict, always
from meshbot.text.cause_texts import causes_text


def _judge(case: Case) -> list[str] | None:
    if not case.sync.cleared:
        return None
    if not case.loss_count:
        return [f"aucune coupure en {case.observed_text}, pour {syncs_text(case.sync.syncs)}"]
    causes = causes_text(case.history.causes)
    return [
        *sync_reasons(case.sync),
        f"les coupures n'ont pas de cause commune reconnue : {causes}",
    ]


SYNC_CLEARED = Verdict(
    name="sync cleared",
    text="la synchronisation des clés est hors de cause",
    tone=Tone.GOOD,
    judge=_judge,
    advice=always(
        "Laisser TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT à False : sauter la synchronisation ne "
        "changerait rien aux coupures et retarderait les clés."
    ),
    about_sync=True,
)
