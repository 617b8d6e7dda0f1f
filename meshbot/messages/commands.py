"""A received text -> the reply. Pure: what the answers need comes through a ``BotView``.

A command is a text whose first word is ``/name``; everything else is conversation and gets no
answer. Replies never begin with ``/``, so two bots cannot keep each other talking.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from meshbot.link.link_status import LinkStatus
from meshbot.messages.direct_message_counts import DirectMessageCounts
from meshbot.model.known_node import KnownNode, node_id
from meshbot.model.other_key import OtherKey
from meshbot.model.public_key import fingerprint, is_number_of
from meshbot.text.quantities import counted, duration_text, hops_text

MAX_SHOWN_NODES = 10
MAX_ARGUMENT_CHARS = 40
MAX_ECHO_CHARS = 12
_COMMAND = re.compile(r"/([a-z]+)(?:\s+(.*))?\Z", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Request:
    """A text as it was heard. ``snr_db`` etc. are None where the radio did not say."""

    sender: int
    text: str
    proven: bool = False
    """Whether the sender's key sealed it, so that ``sender`` is no mere claim."""
    snr_db: float | None = None
    rssi_dbm: int | None = None
    hops: int | None = None
    via_mqtt: bool = False


@dataclass(frozen=True)
class SystemStatus:
    """The machine and the program; ``memory_mb`` and ``firmware`` may be unknown."""

    uptime_s: float
    memory_mb: float | None
    version: str
    python: str
    library: str
    firmware: str


@dataclass(frozen=True)
class SyncStatus:
    """The last key sync that ran: how long ago, and how many keys the interface then held."""

    ago_s: float
    keys: int


REFUSAL = "Commande refusée."
"""All that a refusal says: not whether the sender, the proof or the command was wrong."""
OBEYED = "Liaison refaite"


class BotView(Protocol):
    """What the commands may ask of the bot. Called on the worker thread."""

    def is_admin(self, num: int) -> bool:
        """Say whether the operator lets a node give orders."""

    def reconnect(self, by: str) -> bool:
        """Have the link replaced; return False if that is under way, or was done just now."""

    def direct_messages(self) -> DirectMessageCounts:
        """Return how many direct messages were opened, and by whom."""

    def other_keys(self, num: int) -> list[OtherKey]:
        """Return the keys of a node that are not believed, or not any more."""

    def waiting_nodes(self) -> list[KnownNode]:
        """Return the nodes for which a key waits for the operator."""

    def node(self, num: int) -> KnownNode | None:
        """Return what is known of a node."""

    def find(self, text: str) -> list[KnownNode]:
        """Return the nodes that a name or id means."""

    def recently_heard(self, limit: int) -> list[KnownNode]:
        """Return the nodes heard last, latest first."""

    def node_count(self) -> int:
        """Return how many nodes are known."""

    def heard_ago_s(self, node: KnownNode) -> float | None:
        """Return how long ago a node was heard, or None if nobody can tell."""

    def key_counts(self) -> tuple[int, int]:
        """Return how many keys are known and how many are in place."""

    def key_in_place(self, num: int) -> bool:
        """Say whether the interface holds the key of a node."""

    def link_status(self) -> LinkStatus:
        """Return the link at a glance."""

    def sync_status(self) -> SyncStatus | None:
        """Return the last key sync, or None before the first."""

    def system_status(self) -> SystemStatus:
        """Return the machine and the program at a glance."""

    def verdict(self) -> str:
        """Return why the link was lost in the last days, in a few words."""


def is_command(text: str) -> bool:
    """Say whether a text has the form of a command."""
    return _COMMAND.match(text.strip()) is not None


class Commands:
    """The commands by name."""

    def __init__(self, view: BotView) -> None:
        """Answer from ``view``."""
        self._view = view
        self._handlers: dict[str, tuple[str, Callable[[Request, str], str]]] = {
            "help": ("cette aide", self._help),
            "ping": ("SNR, RSSI et sauts de votre message", self._ping),
            "my": ("ce que le bot sait de vous", self._my),
            "nodes": ("les nœuds entendus récemment", self._nodes),
            "keys": ("clés publiques connues et en place ; avec un nom : ce nœud", self._keys),
            "tcp": ("état de la liaison avec le nœud ; reconnect : la refaire", self._tcp),
            "sys": ("durée de marche, mémoire, versions", self._sys),
        }

    @property
    def names(self) -> list[str]:
        """The commands' names, without the slash."""
        return list(self._handlers)

    def answer(self, request: Request) -> str | None:
        """Return the reply to a text, or None for what is no command."""
        match = _COMMAND.match(request.text.strip())
        if match is None:
            return None
        name = match.group(1).lower()
        argument = (match.group(2) or "").strip()[:MAX_ARGUMENT_CHARS]
        if name not in self._handlers:
            return f"Commande inconnue : {name[:MAX_ECHO_CHARS]}. Envoyez /help pour la liste."
        return self._handlers[name][1](request, argument)

    def knows(self, text: str) -> bool:
        """Say whether a text is one of the commands here."""
        match = _COMMAND.match(text.strip())
        return match is not None and match.group(1).lower() in self._handlers

    def _help(self, request: Request, argument: str) -> str:
        wanted = argument.lstrip("/").lower()
        if wanted in self._handlers:
            return f"Commande {wanted} : {self._handlers[wanted][0]}"
        listing = "\n".join(f"{name} : {about}" for name, (about, _) in self._handlers.items())
        return "Commandes (avec / devant) :\n" + listing

    def _ping(self, request: Request, argument: str) -> str:
        details = []
        if request.via_mqtt:
            details.append("reçu par MQTT")
        if request.snr_db is not None:
            details.append(f"SNR {request.snr_db:.1f} dB")
        if request.rssi_dbm is not None:
            details.append(f"RSSI {request.rssi_dbm} dBm")
        details.append(hops_text(request.hops))
        return "pong " + ", ".join(details)

    def _my(self, request: Request, argument: str) -> str:
        node = self._view.node(request.sender)
        if node is None:
            return f"Je ne sais de vous que votre numéro, {node_id(request.sender)}."
        key = "clé publique connue" if node.public_key else "clé publique inconnue"
        proof = "message authentifié" if request.proven else "message non authentifié"
        model = f", {node.hw_model}" if node.hw_model and node.hw_model != "UNSET" else ""
        short = f" [{_shown(node.short_name)}]" if node.short_name else ""
        return (
            f"{_shown(node.name)}{short} {node.id}{model}\n{key}, {proof}\n"
            f"entendu {self._ago(node)}, {hops_text(node.hops)}"
        )

    def _nodes(self, request: Request, argument: str) -> str:
        recent = self._view.recently_heard(MAX_SHOWN_NODES)
        if not recent:
            return "Aucun nœud entendu pour l'instant."
        lines = [
            counted(self._view.node_count(), "nœud connu", "nœuds connus")
            + ", les derniers entendus :"
        ]
        lines += [
            f"{_shown(node.name)} {self._ago(node)}, {hops_text(node.hops)}" for node in recent
        ]
        return "\n".join(lines)

    def _keys(self, request: Request, argument: str) -> str:
        if not argument:
            known, in_place = self._view.key_counts()
            keys = counted(known, "clé publique connue", "clés publiques connues")
            messages = self._view.direct_messages()
            lines = [
                f"{keys}, {in_place} en place dans l'interface.",
                f"Messages directs : {messages.by_radio} par la radio, {messages.by_bot} ouverts "
                f"par le bot, {messages.not_opened} restés scellés, "
                f"{messages.unproven} sans preuve",
            ]
            waiting = self._view.waiting_nodes()
            if waiting:
                names = ", ".join(_shown(node.name) for node in waiting[:3])
                more = f" et {len(waiting) - 3} de plus" if len(waiting) > 3 else ""
                lines.append(f"Autre clé annoncée, à trancher : {names}{more}")
            return "\n".join(lines)
        found = self._view.find(argument)
        if not found:
            return "Aucun nœud de ce nom."
        lines = []
        for node in found[:3]:
            if not node.public_key:
                state = "clé inconnue"
            elif self._view.key_in_place(node.num):
                state = "clé connue et en place"
            else:
                state = "clé connue, pas en place"
            lines.append(f"{_shown(node.name)} {node.id} : {state}")
            if node.public_key:
                lines.append("clé " + _key_text(node.num, node.public_key))
            lines += [
                "autre clé annoncée, à trancher : " + _key_text(node.num, other.public_key)
                for other in self._view.other_keys(node.num)
                if other.waiting
            ]
        if len(found) > 3:
            lines.append("et " + counted(len(found) - 3, "autre", "autres") + " : précisez le nom")
        return "\n".join(lines)

    def _reconnect(self, request: Request) -> str:
        if not (request.proven and self._view.is_admin(request.sender)):
            return REFUSAL
        if self._view.reconnect(node_id(request.sender)):
            return f"{OBEYED} à votre demande."
        return "La liaison est en train d'être refaite, ou vient de l'être."

    def _tcp(self, request: Request, argument: str) -> str:
        if argument.lower() == "reconnect":
            return self._reconnect(request)
        if argument:
            return "Argument inconnu : tcp seul, ou tcp reconnect."
        link = self._view.link_status()
        sync = self._view.sync_status()
        up = f"établie depuis {duration_text(link.up_s)}" if link.up_s is not None else "coupée"
        keys = (
            f"{counted(sync.keys, 'clé', 'clés')} il y a {duration_text(sync.ago_s)}"
            if sync
            else "pas encore faite"
        )
        return (
            f"Liaison {up}\n"
            f"Rétablie {link.reconnections_last_hour} fois en 1 h, "
            f"{link.reconnections_last_day} en 24 h\nDernière sync : {keys}\n"
            f"Sur 7 j : {self._view.verdict()}"
        )

    def _sys(self, request: Request, argument: str) -> str:
        system = self._view.system_status()
        memory = f"{system.memory_mb:.0f} Mo" if system.memory_mb is not None else "inconnue"
        return (
            f"Bot {system.version}, en marche depuis {duration_text(system.uptime_s)}\n"
            f"Mémoire {memory}, Python {system.python}, meshtastic {system.library}, "
            f"firmware {system.firmware or 'inconnu'}"
        )

    def _ago(self, node: KnownNode) -> str:
        ago_s = self._view.heard_ago_s(node)
        return f"il y a {duration_text(ago_s)}" if ago_s is not None else "à une date inconnue"


def _key_text(num: int, key: bytes) -> str:
    evidence = ", CRC-32 = numéro du nœud" if is_number_of(num, key) else ""
    return _shown(fingerprint(key)) + evidence


def _shown(name: str) -> str:
    """Return a name that cannot begin a command, wherever the reply is cut."""
    return name.replace("/", "∕")
