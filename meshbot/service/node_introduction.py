"""Tells the operator which node the bot talks to, once, and again when that changes.

Owned by the link's thread.
"""

import logging
import re

from meshbot.link.node_facts import (
    UNSET_REGION,
    NodeFacts,
    facts_of,
    firmware_of,
    is_locked,
    may_seal,
)
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.model.known_node import node_id
from meshbot.model.public_key import is_number_of
from meshbot.text.foreign_text import quoted
from meshbot.text.language import mark, tr
from meshbot.text.quantities import counted

log = logging.getLogger(__name__)

_VERSION = re.compile(r"\d[0-9A-Za-z.+-]{0,39}")
_MANAGED_TEXT = mark(
    "ℹ️ Le nœud est géré (security.is_managed) : il ignore les ordres du bot, et "
    "TCP_PUSH_KEYS_TO_RADIO est sans effet. Tout le reste marche"
)

_NAMELESS_TEXT = mark(
    "ℹ️ Le nœud n'a pas dit qui il est, ou pas lisiblement : tant qu'on ne sait pas s'il a une "
    "licence radioamateur, le bot ne scelle rien. Redonner un nom au nœud dans l'application"
)


class NodeIntroduction:
    """What was said of the node so far."""

    def __init__(self) -> None:
        """Nothing has been said."""
        self._num = 0
        self._key = b""
        self._said_of_key = ""
        self._said = NodeFacts()
        self._said_no_region = self._said_mute = self._said_no_number = False

    def tell(self, interface: SupervisedInterface) -> None:
        """Say what is new about the node behind an interface that is ready."""
        self._tell_which(interface)
        facts = facts_of(interface)
        self._tell_state(facts, by_udp=interface.sends_by_udp)
        of_key = _key_text(interface, facts)
        if of_key and of_key != self._said_of_key:
            log.info("%s", of_key)
        self._said_of_key = of_key

    def _tell_which(self, interface: SupervisedInterface) -> None:
        if not (interface.own_num or self._said_no_number):
            self._said_no_number = True
            log.warning(
                tr(
                    "⚠️ Le nœud (ou le relais devant lui) ne dit pas son numéro : le bot "
                    "ne reconnaît "
                    "aucun message direct et ne répond pas. Relier le bot au nœud lui-même, puis "
                    "redémarrer l'un et l'autre"
                )
            )
        if interface.own_num in (0, self._num):
            return
        key = interface.own_public_key
        if self._num and key and key == self._key:
            self._tell_new_number(interface.own_num, key)
        elif self._num:
            log.warning(
                tr(
                    "⚠️ Un autre nœud répond à cette adresse : les clés connues restent, mais ses "
                    "voisins sont sans nom pour lui jusqu'à leur prochain NodeInfo, et les "
                    "messages "
                    "directs vont à son numéro. Si ce n'est pas voulu, vérifier TCP_HOST"
                )
            )
        self._num, self._key = interface.own_num, key
        log.info(
            tr("📡 Nœud : %s (%s), firmware %s"),
            quoted(interface.own_name) or tr("sans nom"),
            node_id(interface.own_num),
            _version_text(firmware_of(interface)),
        )

    def _tell_new_number(self, num: int, key: bytes) -> None:
        """Say that it is the same node, unless who learns its key says so: of 2.8, always."""
        if is_number_of(num, key):
            return
        log.warning(
            tr(
                "⚠️ Le nœud a changé de numéro, %s au lieu de %s, et gardé sa clé : ses réglages "
                "ont-ils été repris sur un autre appareil ? Si l'ancien émet encore, "
                "l'éteindre : deux "
                "nœuds d'une même clé se gênent"
            ),
            node_id(num),
            node_id(self._num),
        )

    def _tell_state(self, facts: NodeFacts, *, by_udp: bool) -> None:
        """Tell how the node is, if that is news; and once what keeps it from being heard."""
        if facts.id and facts != self._said:
            self._said = facts
            log.info(tr("🧭 Nœud %s : %s"), facts.id, _state_text(facts))
        if facts.region == UNSET_REGION and not self._said_no_region:
            self._said_no_region = True
            log.warning(
                tr(
                    "⚠️ La région du nœud n'est pas réglée : sa radio n'émet ni n'entend rien. La "
                    "choisir dans l'application (Réglages, LoRa, Région), ou avec "
                    "« meshtastic --set lora.region EU_868 »"
                )
            )
        if facts.transmits is False and not self._said_mute:
            self._said_mute = True
            log.warning(
                tr(
                    "⚠️ L'émetteur du nœud est coupé : %s. Le rétablir dans "
                    "l'application (Réglages, LoRa, Émission activée), ou avec "
                    "« meshtastic --set lora.tx_enabled true »"
                ),
                tr("hors du réseau local (UDP), personne n'entend le bot")
                if by_udp
                else tr("personne n'entend le bot"),
            )


def _key_text(interface: SupervisedInterface, facts: NodeFacts) -> str:
    """Return what is odd about the node's key or its orders, and what to do; nothing if nothing is.

    Official firmware gives a managed node's key as any other's; it obeys nobody on the link.
    """
    if interface.own_user is None and not is_locked(interface):
        return tr(_NAMELESS_TEXT)
    if interface.gives_private_key:
        return tr(_MANAGED_TEXT) if interface.is_managed else ""
    if interface.own_private_key:
        return tr("ℹ️ Le nœud ne donne plus sa clé privée : celle qu'il avait donnée sert encore")
    if is_locked(interface):
        return tr(
            "ℹ️ Le nœud est verrouillé et ne donne ni clé ni messages : le déverrouiller dans "
            "l'application, avec sa phrase secrète"
        )
    return _keyless_text(interface, facts) if may_seal(interface.own_user) else ""


def _keyless_text(interface: SupervisedInterface, facts: NodeFacts) -> str:
    """Return the same of a node that is neither locked nor a licensed station's.

    Firmware makes no key before it has a region (``NodeDB::generateCryptoKeyPair``).
    """
    if interface.own_public_key:
        return _withheld_text(managed=interface.is_managed)
    if facts.region == UNSET_REGION:
        return tr("ℹ️ Le nœud n'a pas encore de clé : il en fait une dès que sa région est réglée")
    return tr(
        "ℹ️ Le nœud n'a pas de clé : les messages directs ne sont pas scellés. Mettre son firmware "
        "à jour (2.5 au moins), ou refaire ses clés dans l'application (Sécurité)"
    )


def _withheld_text(*, managed: bool) -> str:
    if managed:
        return tr(
            "ℹ️ Le nœud ne donne pas sa clé privée (géré, security.is_managed) : seuls les "
            "messages qu'il ouvre lui-même sont lus, et il ignore les ordres du bot. Qui le gère "
            "peut lever cela dans l'application (Sécurité, Mode géré)"
        )
    return tr(
        "ℹ️ Le nœud ne donne pas sa clé privée, bien qu'il en ait une : seuls les messages qu'il "
        "ouvre lui-même sont lus. Relier le bot au nœud lui-même, sans intermédiaire, avec un "
        "firmware officiel"
    )


def _version_text(firmware: str) -> str:
    """Return a version as the firmware writes it, and quoted what no firmware calls itself."""
    return firmware if _VERSION.fullmatch(firmware) else quoted(firmware) or tr("inconnu")


def _state_text(facts: NodeFacts) -> str:
    parts = [f"firmware {_version_text(facts.firmware)}"]
    if facts.region:
        parts.append(tr("région {region}", region=facts.region))
    if facts.reboots is not None:
        parts.append(counted(facts.reboots, "redémarrage", "redémarrages"))
    if facts.transmits is False:
        parts.append(tr("émetteur coupé"))
    return ", ".join(parts)
