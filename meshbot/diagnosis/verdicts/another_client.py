"""Sessions that the node closes in good order, several in a row: somebody else takes the place."""

from collections.abc import Sequence

from meshbot.diagnosis.case import Case
from meshbot.diagnosis.loss import Loss
from meshbot.diagnosis.statement import Statement
from meshbot.diagnosis.verdict import Tone, Verdict
from meshbot.diagnosis.verdicts.client_losses import in_a_row, may_be_a_clients
from meshbot.diagnosis.verdicts.restarts import restarted
from meshbot.model.cause import Cause
from meshbot.text.language import mark, tr
from meshbot.text.quantities import counted

MOSTLY = 0.5


def _claim(case: Case, losses: Sequence[Loss]) -> list[Loss]:
    cut = [loss for loss in losses if may_be_a_clients(loss)]
    rows = {id(loss) for loss in in_a_row(case, cut)}
    most = len(rows) >= MOSTLY * len(cut)
    return [
        loss
        for loss in cut
        if id(loss) in rows
        or (loss.cause is Cause.FIN and not loss.failures and (most or restarted(loss) is False))
    ]


def _evidence(case: Case, losses: Sequence[Loss]) -> list[Statement]:
    rows = len(in_a_row(case, losses))
    said = []
    if rows:
        sessions = counted(rows, "session coupée", "sessions coupées")
        said.append(
            Statement(
                tr(
                    "{sessions} par le nœud peu après leur début, l'une après l'autre",
                    sessions=sessions,
                )
            )
        )
    if len(losses) > rows:
        alone = counted(len(losses) - rows, "session coupée", "sessions coupées")
        said.append(
            Statement(
                tr("{alone} par le nœud, resté à l'écoute et sans redémarrer", alone=alone),
                observed=False,
            )
        )
    contests = len(case.history.contests)
    if contests:
        times = counted(contests, "fois", "fois")
        said.append(
            Statement(
                tr(
                    "le bot a cédé la place {times}, trois coupures de suite chaque fois",
                    times=times,
                )
            )
        )
    return said


def _advice(case: Case, losses: Sequence[Loss]) -> list[str]:
    return [
        tr(
            "Fermer l'autre client : téléphone en Wi-Fi, second bot, domotique. Un nœud n'en sert "
            "qu'un."
        ),
        case.history.share.advice(),
    ]


ANOTHER_CLIENT = Verdict(
    name="another client takes the connection",
    text=mark("un autre client prend la connexion"),
    remedy=mark("le fermer, ou le connecter au bot (SHARE_PORT)"),
    tone=Tone.BAD,
    claim=_claim,
    evidence=_evidence,
    advice=_advice,
)
