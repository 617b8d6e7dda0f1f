"""A node that cannot use the air at all."""

from collections.abc import Sequence

from meshbot.diagnosis.case import Case
from meshbot.diagnosis.loss import Loss
from meshbot.diagnosis.statement import Statement
from meshbot.diagnosis.verdict import Tone, Verdict, always
from meshbot.text.language import mark, tr


def is_off_the_air(case: Case) -> bool:
    """Say whether the node told that it has no region, or that its transmitter is off."""
    node = case.history.node
    return node.get("region") == "UNSET" or node.get("transmits") is False


def _evidence(case: Case, losses: Sequence[Loss]) -> list[Statement]:
    node = case.history.node
    said = []
    if node.get("region") == "UNSET":
        said.append(Statement(tr("la région LoRa du nœud n'est pas réglée (UNSET)")))
    if node.get("transmits") is False:
        said.append(Statement(tr("l'émetteur du nœud est coupé (tx_enabled)")))
    return said


REGION_UNSET = Verdict(
    name="region unset or transmitter off",
    text=mark("le nœud n'émet pas"),
    remedy=mark("régler sa région LoRa ou activer son émetteur"),
    tone=Tone.BAD,
    evidence=_evidence,
    advice=always(
        mark(
            "Régler la région LoRa du nœud (EU_868 en Europe) et activer son émetteur dans "
            "l'application : sans cela, aucune réponse du bot ne part."
        )
    ),
)
