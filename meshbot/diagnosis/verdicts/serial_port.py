"""A serial port that went away, or that another program has."""

from collections.abc import Sequence

from meshbot.diagnosis.case import Case
from meshbot.diagnosis.loss import Loss
from meshbot.diagnosis.statement import Statement
from meshbot.diagnosis.verdict import Tone, Verdict, always
from meshbot.model.cause import Cause
from meshbot.text.language import mark, tr
from meshbot.text.quantities import counted

_OF_A_PORT = (Cause.PORT_LOST, Cause.PORT_BUSY, Cause.PORT_FORBIDDEN)


def _claim(case: Case, losses: Sequence[Loss]) -> list[Loss]:
    return [loss for loss in losses if loss.cause in _OF_A_PORT]


def _evidence(case: Case, losses: Sequence[Loss]) -> list[Statement]:
    times = counted(len(losses), "fois", "fois")
    return [Statement(tr("le port série a disparu {times} pendant la liaison", times=times))]


SERIAL_PORT = Verdict(
    name="serial port",
    text=mark("le port série disparaît"),
    remedy=mark("vérifier le câble et l'alimentation USB"),
    tone=Tone.BAD,
    claim=_claim,
    evidence=_evidence,
    advice=always(
        mark(
            "Changer de câble USB, court, et d'un qui porte les données ; brancher le nœud "
            "sur un hub "
            "alimenté. « dmesg » dit si la machine a coupé le port faute de courant."
        )
    ),
)
