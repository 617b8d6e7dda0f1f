"""Sessions that the node closes in good order soon after they began, several in a row."""

from meshbot.diagnosis.case import MIN_LOSSES, Case
from meshbot.diagnosis.loss import CUT_BY_THE_NODE, Loss
from meshbot.diagnosis.verdict import Tone, Verdict, always
from meshbot.model.cause import Cause
from meshbot.text.quantities import counted

CUT_S = 60.0


def _judge(case: Case) -> list[str] | None:
    contests = len(case.history.contests)
    cut = [loss for loss in case.history.losses if _is_cut_soon(loss)]
    by_fin = sum(loss.cause is Cause.FIN for loss in cut)
    most = case.is_majority(len(cut))
    in_a_row = len(cut) >= MIN_LOSSES and most and 2 * by_fin >= len(cut)
    if not case.loss_count or not (contests or in_a_row) or not (most or not case.history.losses):
        return None
    reasons = [
        f"{counted(len(cut), 'session coupée', 'sessions coupées')} par le nœud en moins d'une "
        "minute"
    ]
    if contests:
        times = counted(contests, "fois", "fois")
        reasons.append(f"le bot a cédé la place {times}, trois coupures de suite chaque fois")
    return reasons


def _is_cut_soon(loss: Loss) -> bool:
    if Cause.REFUSED in loss.failures:
        return False  # a node that another client uses goes on listening; one that boots does not
    return (loss.cause in CUT_BY_THE_NODE and loss.life_s < CUT_S) or (
        sum(cause in CUT_BY_THE_NODE for cause in loss.failures) >= 2
    )


ANOTHER_CLIENT = Verdict(
    name="another client takes the connection",
    text="un autre client prend la connexion",
    tone=Tone.BAD,
    judge=_judge,
    advice=always(
        "Fermer l'autre client : téléphone en Wi-Fi, second bot, domotique. Un nœud n'en sert "
        "qu'un. Aucune constante n'y change rien."
    ),
)
