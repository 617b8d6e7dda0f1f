"""What a client is refused, and why. Pure."""

import enum
from dataclasses import dataclass

from meshtastic.protobuf import mesh_pb2

from meshbot.text.language import mark, tr

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
    TRANSACTION = "transaction"
    """Another client is changing the settings, and the node would mix up the two."""
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
    """For people: to the client, and in the journal."""


def refusal(kind: RefusalKind) -> Refusal:
    """Return the refusal of a kind."""
    error, text = _REFUSALS[kind]
    return Refusal(error, kind, tr(text))


_REFUSALS = {
    kind: (error, text)
    for kind, error, text in (
        (
            RefusalKind.SETTINGS,
            _Error.NOT_AUTHORIZED,
            mark("les réglages du nœud partagé ne se changent pas d'ici (SHARE_ALLOW_ADMIN)"),
        ),
        (
            RefusalKind.SEALED,
            _Error.NOT_AUTHORIZED,
            mark(
                "paquet chiffré que le nœud ouvrirait lui-même : il pourrait changer ses réglages "
                "(SHARE_ALLOW_ADMIN)"
            ),
        ),
        (
            RefusalKind.HARDWARE,
            _Error.NOT_AUTHORIZED,
            mark("le matériel du nœud partagé ne se commande pas d'ici (SHARE_ALLOW_ADMIN)"),
        ),
        (
            RefusalKind.FILES,
            _Error.NOT_AUTHORIZED,
            mark(
                "les fichiers du nœud contiennent sa clé privée "
                "(SHARE_ALLOW_ADMIN et SHARE_PRIVATE_KEY)"
            ),
        ),
        (
            RefusalKind.SENDER,
            _Error.NOT_AUTHORIZED,
            mark("expéditeur usurpé : le paquet se dit d'un autre nœud"),
        ),
        (
            RefusalKind.NAMES,
            _Error.NOT_AUTHORIZED,
            mark("NodeInfo qui annonce un autre nom ou une autre clé que ceux du nœud partagé"),
        ),
        (
            RefusalKind.ROUTING,
            _Error.NOT_AUTHORIZED,
            mark("accusé de réception forgé : seul le nœud en fait pour lui-même"),
        ),
        (
            RefusalKind.INJECTED,
            _Error.NOT_AUTHORIZED,
            mark("paquet de simulation : le nœud le croirait reçu par radio"),
        ),
        (RefusalKind.EMPTY, _Error.BAD_REQUEST, mark("paquet sans contenu")),
        (RefusalKind.TOO_LONG, _Error.TOO_LARGE, mark("paquet trop long pour la radio")),
        (RefusalKind.MALFORMED, _Error.BAD_REQUEST, mark("paquet que le nœud ne saurait pas lire")),
        (
            RefusalKind.TRANSACTION,
            _Error.BAD_REQUEST,
            mark("un autre client change les réglages du nœud en ce moment : réessayer ensuite"),
        ),
        (
            RefusalKind.KEYS,
            _Error.BAD_REQUEST,
            mark("réglages de sécurité qui feraient perdre au nœud ses clés"),
        ),
        (
            RefusalKind.KEYS_UNKNOWN,
            _Error.NOT_AUTHORIZED,
            mark(
                "réglages de sécurité sans clé privée, et le bot ne connaît pas celle du nœud "
                "(SHARE_PRIVATE_KEY)"
            ),
        ),
    )
}
