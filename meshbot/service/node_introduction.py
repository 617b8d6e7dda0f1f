"""Tells the operator which node the bot talks to, once, and again when it is another one.

Owned by the link's thread.
"""

import logging

from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.model.known_node import node_id
from meshbot.text.log_format import printable

log = logging.getLogger(__name__)


class NodeIntroduction:
    """What was said of the node so far."""

    def __init__(self) -> None:
        """Nothing has been said."""
        self._num = 0
        self._said_key_withheld = False

    def tell(self, interface: SupervisedInterface) -> None:
        """Say what is new about the node behind an interface that is ready."""
        self._tell_which(interface)
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
