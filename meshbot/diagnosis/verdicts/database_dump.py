"""Links lost while, or right after, the node sent its database."""

from collections.abc import Sequence

from meshbot.diagnosis.case import Case
from meshbot.diagnosis.loss import CUT_BY_THE_NODE, Loss
from meshbot.diagnosis.statement import Statement
from meshbot.diagnosis.verdict import Tone, Verdict, always
from meshbot.model.cause import Cause
from meshbot.text.language import mark, tr
from meshbot.text.quantities import counted

DUMP_S = 15.0


def _claim(case: Case, losses: Sequence[Loss]) -> list[Loss]:
    first = {session.start_s for session in case.history.sessions if session.first}
    return [loss for loss in losses if _is_right_after(loss, loss.session_start_s in first)]


def _is_right_after(loss: Loss, may_be_full: bool) -> bool:
    if loss.cause not in CUT_BY_THE_NODE or loss.life_s >= DUMP_S or loss.reboots:
        return False
    if Cause.REFUSED in loss.group_of_failures:
        return False  # it is booting
    if loss.nodes is not None:
        return loss.nodes > 1
    return may_be_full and loss.cause is Cause.RESET  # a text does not tell how many came


def _evidence(case: Case, losses: Sequence[Loss]) -> list[Statement]:
    during = case.history.dump_losses
    said = []
    if during:
        nodes = max(count for _, count in during)
        said.append(
            Statement(
                tr(
                    "{during} pendant l'envoi de la base ({nodes} nœuds reçus au plus)",
                    during=counted(len(during), "liaison perdue", "liaisons perdues"),
                    nodes=nodes,
                )
            )
        )
    if losses:
        said.append(
            Statement(
                tr(
                    "{losses} moins de {dump:.0f} s après une connexion complète",
                    losses=counted(len(losses), "liaison coupée", "liaisons coupées"),
                    dump=DUMP_S,
                )
            )
        )
    return said


DATABASE_DUMP = Verdict(
    name="the node-database dump",
    text=mark("l'envoi de la base du nœud coupe la liaison"),
    remedy=mark("laisser TCP_LIGHT_RECONNECT à True"),
    tone=Tone.BAD,
    claim=_claim,
    evidence=_evidence,
    advice=always(
        mark(
            "Laisser TCP_LIGHT_RECONNECT à True ; vider la base du nœud dans l'application si la "
            "première connexion échoue aussi."
        )
    ),
)
