"""Links lost while, or right after, the node sent its database."""

from meshbot.diagnosis.case import Case
from meshbot.diagnosis.loss import CUT_BY_THE_NODE, Loss
from meshbot.diagnosis.verdict import Tone, Verdict, always
from meshbot.model.cause import Cause
from meshbot.text.quantities import counted

DUMP_S = 15.0
MIN_DUMPS = 2


def _judge(case: Case) -> list[str] | None:
    during = case.history.dump_losses
    early = [loss for loss in case.history.losses if _is_right_after(loss)]
    number = len(early) + len(during)
    if not case.is_majority(number) or number < MIN_DUMPS:
        return None
    reasons = []
    if during:
        nodes = max(count for _, count in during)
        reasons.append(
            f"{counted(len(during), 'liaison perdue', 'liaisons perdues')} pendant "
            f"l'envoi de la base ({nodes} nœuds reçus au plus)"
        )
    if early:
        reasons.append(
            f"{counted(len(early), 'liaison réinitialisée', 'liaisons réinitialisées')} moins de "
            f"{DUMP_S:.0f} s après une connexion complète"
        )
    return reasons


def _is_right_after(loss: Loss) -> bool:
    if loss.cause not in CUT_BY_THE_NODE or loss.life_s >= DUMP_S:
        return False
    if loss.nodes is not None:
        return loss.nodes > 1
    # A text does not tell how many came; but a node that refuses the next is booting.
    return Cause.REFUSED not in loss.failures


DATABASE_DUMP = Verdict(
    name="the node-database dump",
    text="l'envoi de la base du nœud coupe la liaison",
    tone=Tone.BAD,
    judge=_judge,
    advice=always(
        "Laisser TCP_LIGHT_RECONNECT à True ; vider la base du nœud dans l'application si la "
        "première connexion échoue aussi."
    ),
)
