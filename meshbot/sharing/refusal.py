"""What a client is refused, and why. Pure."""

import enum
from dataclasses import dataclass

from meshtastic.protobuf import mesh_pb2

_Error = mesh_pb2.Routing.Error


class RefusalKind(enum.Enum):
    """Why; the values are lasting names, for the journal."""

    SETTINGS = "settings"
    """It would change the node, and clients may not."""
    SEALED = "sealed"
    """The node would open it and obey, and we cannot see what it says."""
    HARDWARE = "hardware"
    """It would move pins of the node, or the like."""
    FILES = "files"
    """It would read or write the node's files."""
    SENDER = "sender"
    """It says that another node sent it."""
    NAMES = "names"
    """It would tell everybody other names, or another key, of our node."""
    ROUTING = "routing"
    """It would make the node believe that a packet arrived, or failed."""
    INJECTED = "injected"
    """The node would take it for heard on the air."""
    EMPTY = "empty"
    """There is nothing in it."""
    TOO_LONG = "too long"
    """The node would drop it without a word, or worse."""
    MALFORMED = "malformed"
    """The node cannot read it, and would drop it without a word."""
    KEYS = "keys"
    """It would take the node's identity away."""
    KEYS_UNKNOWN = "keys unknown"
    """It leaves out the private key, and we have none to fill in."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A packet of a client does not go to the node."""

    error: int
    """The ``mesh_pb2.Routing.Error`` that the client is told."""
    kind: RefusalKind
    text: str
    """For people, in French: to the client, and in the journal."""


def refusal(kind: RefusalKind) -> Refusal:
    """Return the refusal of a kind."""
    return _REFUSALS[kind]


_REFUSALS = {
    kind: Refusal(error, kind, text)
    for kind, error, text in (
        (
            RefusalKind.SETTINGS,
            _Error.NOT_AUTHORIZED,
            "les réglages du nœud partagé ne se changent pas d'ici (SHARE_ALLOW_ADMIN)",
        ),
        (
            RefusalKind.SEALED,
            _Error.NOT_AUTHORIZED,
            "paquet chiffré que le nœud ouvrirait lui-même : il pourrait changer ses réglages "
            "(SHARE_ALLOW_ADMIN)",
        ),
        (
            RefusalKind.HARDWARE,
            _Error.NOT_AUTHORIZED,
            "le matériel du nœud partagé ne se commande pas d'ici (SHARE_ALLOW_ADMIN)",
        ),
        (
            RefusalKind.FILES,
            _Error.NOT_AUTHORIZED,
            "les fichiers du nœud contiennent sa clé privée "
            "(SHARE_ALLOW_ADMIN et SHARE_PRIVATE_KEY)",
        ),
        (
            RefusalKind.SENDER,
            _Error.NOT_AUTHORIZED,
            "expéditeur usurpé : le paquet se dit d'un autre nœud",
        ),
        (
            RefusalKind.NAMES,
            _Error.NOT_AUTHORIZED,
            "NodeInfo qui annonce un autre nom ou une autre clé que ceux du nœud partagé",
        ),
        (
            RefusalKind.ROUTING,
            _Error.NOT_AUTHORIZED,
            "accusé de réception forgé : seul le nœud en fait pour lui-même",
        ),
        (
            RefusalKind.INJECTED,
            _Error.NOT_AUTHORIZED,
            "paquet de simulation : le nœud le croirait reçu par radio",
        ),
        (RefusalKind.EMPTY, _Error.BAD_REQUEST, "paquet sans contenu"),
        (RefusalKind.TOO_LONG, _Error.TOO_LARGE, "paquet trop long pour la radio"),
        (RefusalKind.MALFORMED, _Error.BAD_REQUEST, "paquet que le nœud ne saurait pas lire"),
        (
            RefusalKind.KEYS,
            _Error.BAD_REQUEST,
            "réglages de sécurité qui feraient perdre au nœud ses clés",
        ),
        (
            RefusalKind.KEYS_UNKNOWN,
            _Error.NOT_AUTHORIZED,
            "réglages de sécurité sans clé privée, et le bot ne connaît pas celle du nœud "
            "(SHARE_PRIVATE_KEY)",
        ),
    )
}
