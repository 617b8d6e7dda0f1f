"""Tells the operator which node the bot talks to, once, and again when that changes.

Owned by the link's thread.
"""

import logging

from meshbot.link.node_facts import UNSET_REGION, NodeFacts, facts_of
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.model.known_node import node_id
from meshbot.text.log_format import printable
from meshbot.text.quantities import counted

log = logging.getLogger(__name__)


class NodeIntroduction:
    """What was said of the node so far."""

    def __init__(self) -> None:
        """Nothing has been said."""
        self._num = 0
        self._said_key_withheld = False
        self._said = NodeFacts()
        self._said_no_region = self._said_mute = False

    def tell(self, interface: SupervisedInterface) -> None:
        """Say what is new about the node behind an interface that is ready."""
        self._tell_which(interface)
        self._tell_state(facts_of(interface))
        if not interface.own_private_key and not self._said_key_withheld:
            self._said_key_withheld = True
            log.info(
                "ℹ️ Le nœud ne donne pas sa clé privée (géré ou verrouillé) : seuls les messages "
                "qu'il ouvre lui-même sont lus"
            )

    def _tell_which(self, interface: SupervisedInterface) -> None:
        if interface.own_num == self._num:
            return
        if self._num:
            log.warning("⚠️ Un autre nœud répond à cette adresse")
        self._num = interface.own_num
        metadata = interface.metadata
        log.info(
            "📡 Nœud : %s (%s), firmware %s",
            printable(interface.own_name) or "sans nom",
            node_id(interface.own_num),
            printable(metadata.firmware_version) if metadata is not None else "inconnu",
        )

    def _tell_state(self, facts: NodeFacts) -> None:
        """Tell how the node is, if that is news; and once what keeps it from being heard."""
        if facts.id and facts != self._said:
            self._said = facts
            log.info("🧭 Nœud %s : %s", facts.id, _state_text(facts))
        if facts.region == UNSET_REGION and not self._said_no_region:
            self._said_no_region = True
            log.warning(
                "⚠️ La région du nœud n'est pas réglée : sa radio n'émet ni n'entend rien. La "
                "choisir dans l'application (Réglages, LoRa, Région), ou avec "
                "« meshtastic --set lora.region EU_868 »"
            )
        if facts.transmits is False and not self._said_mute:
            self._said_mute = True
            log.warning(
                "⚠️ L'émetteur du nœud est coupé : personne n'entend le bot. Le rétablir dans "
                "l'application (Réglages, LoRa, Émission activée), ou avec "
                "« meshtastic --set lora.tx_enabled true »"
            )


def _state_text(facts: NodeFacts) -> str:
    parts = [f"firmware {printable(facts.firmware) or 'inconnu'}"]
    if facts.region:
        parts.append(f"région {facts.region}")
    if facts.reboots is not None:
        parts.append(counted(facts.reboots, "redémarrage", "redémarrages"))
    if facts.transmits is False:
        parts.append("émetteur coupé")
    return ", ".join(parts)
