"""What a node says of a text that did not go out or arrive, in words and with what helps. Pure.

Two code spaces meet here. A routing error is a ``meshtastic.Routing.Error``, in a packet. The
result in a ``QueueStatus`` is what ``Router::send`` returned: one of those where the packet never
came to the radio's driver, else an ``ErrorCode`` of the driver's, which the firmware's
``MeshTypes.h`` defines (the same in 2.5.20, 2.7.26 and 2.8.0)::

    ERRNO_OK 0, ERRNO_UNKNOWN 32, ERRNO_NO_INTERFACES 33, ERRNO_DISABLED 34, ERRNO_SHOULD_RELEASE 35

32 to 35 are also ``BAD_REQUEST``, ``NOT_AUTHORIZED``, ``PKI_FAILED`` and ``PKI_UNKNOWN_PUBKEY``.
As the result of a text they never mean those: a text is no malformed position and not for the node
itself (32), only a receiver refuses an order (33) or lacks our key (35), and ``perhapsEncode`` says
``PKI_FAILED`` only to a client that demands a seal (34), which a packet to be encrypted of ours
does not.
"""

from meshtastic.protobuf import mesh_pb2

from meshbot.text.language import mark, tr
from meshbot.text.quantities import duration_text

_Error = mesh_pb2.Routing.Error

QUEUE_FULL_RESULT = 32
"""``ERRNO_UNKNOWN``: ``RadioLibInterface::send`` found no room in its transmit queue."""
_NO_INTERFACES_RESULT = 33
_DISABLED_RESULT = 34
_SHOULD_RELEASE_RESULT = 35

NO_KEY_ERRORS = frozenset(
    (_Error.PKI_FAILED, _Error.PKI_UNKNOWN_PUBKEY, _Error.PKI_SEND_FAIL_PUBLIC_KEY)
)
"""The routing errors for a missing key, on this side or on the other."""

_QUEUE_TEXTS: dict[int, str] = {
    QUEUE_FULL_RESULT: mark("file d'émission pleine (ERRNO_UNKNOWN)"),
    _NO_INTERFACES_RESULT: (
        mark("le nœud n'a pas de radio : matériel ou firmware à vérifier (ERRNO_NO_INTERFACES)")
    ),
    _DISABLED_RESULT: (
        mark(
            "sa radio n'émet pas : régler la région (lora.region) et l'émission "
            "(lora.tx_enabled) du "
            "nœud (ERRNO_DISABLED)"
        )
    ),
}

_UNTOLD = mark("le message n’a pas été remis")
_TEXTS: dict[int, str] = {
    _Error.NO_ROUTE: mark("aucune route vers lui : hors de portée, ou éteint"),
    _Error.GOT_NAK: mark("un relais a refusé le message : réessayer plus tard"),
    _Error.TIMEOUT: mark("aucune réponse à temps : hors de portée, ou maillage très chargé"),
    _Error.NO_INTERFACE: (
        mark(
            "la radio n'émet pas : vérifier la région et l'émission (TX) dans les réglages du nœud"
        )
    ),
    _Error.MAX_RETRANSMIT: (
        mark("aucun accusé de réception après trois émissions : hors de portée, ou éteint")
    ),
    _Error.NO_CHANNEL: (
        mark(
            "le nœud n'a pas le canal qu'il faut, ou pas de clé pour ce message : comparer les "
            "canaux des deux nœuds, ou faire renvoyer son NodeInfo au destinataire"
        )
    ),
    _Error.TOO_LARGE: mark("message trop long pour la radio"),
    _Error.NO_RESPONSE: mark("le destinataire n'a pas de service pour y répondre"),
    _Error.DUTY_CYCLE_LIMIT: (
        mark("temps d'émission légal épuisé : attendre, ou réduire le trafic du nœud")
    ),
    _Error.BAD_REQUEST: mark("demande refusée par le nœud"),
    _Error.NOT_AUTHORIZED: mark("le nœud n'y autorise pas le bot"),
    _Error.PKI_FAILED: (
        mark(
            "le chiffrement a échoué : la clé de ce nœud ou la nôtre a changé ; voir main_bot.py "
            "keys list"
        )
    ),
    _Error.PKI_UNKNOWN_PUBKEY: (
        # ReliableRouter::sniffReceived sends our NodeInfo to whoever says this, from 2.5 on.
        mark(
            "ce nœud n'a pas notre clé publique : notre nœud la lui envoie avec son NodeInfo, "
            "reposer la question dans une minute"
        )
    ),
    _Error.PKI_SEND_FAIL_PUBLIC_KEY: (
        mark(
            "la radio n'a pas la clé publique de ce nœud : lui faire renvoyer son NodeInfo, ou "
            "activer TCP_PUSH_KEYS_TO_RADIO"
        )
    ),
    _Error.RATE_LIMIT_EXCEEDED: mark("trop de messages en peu de temps : augmenter TEXT_INTERVAL"),
}


def is_queued(result: int) -> bool:
    """Say whether a queue's result means that the node took the packet.

    ``ERRNO_SHOULD_RELEASE`` is no error: only who frees the packet's memory differs.
    """
    return result in (0, _SHOULD_RELEASE_RESULT)


def is_given_up(error: int) -> bool:
    """Say whether a routing error means that a packet was sent three times and not confirmed."""
    return error == _Error.MAX_RETRANSMIT


def lacks_key(result: int) -> bool:
    """Say whether a queue's result means that the radio lacks the recipient's key."""
    return result == _Error.PKI_SEND_FAIL_PUBLIC_KEY


def queue_result_text(result: int, *, mute_s: float = 0.0, by_udp: bool = False) -> str:
    """Return what it means that a packet was not queued, and what helps.

    ``mute_s``: for how long the node may not transmit, if it said so. ``by_udp``: whether it also
    gives its packets to its local network, which it does before its radio refuses one.
    """
    if result == _DISABLED_RESULT and by_udp:
        return tr(_QUEUE_TEXTS[result]) + tr(" ; d'ici là, seul le réseau local la reçoit (UDP)")
    if result == _Error.DUTY_CYCLE_LIMIT and mute_s > 0:
        return tr(
            "temps d'émission légal épuisé, la radio se tait encore {mute} : "
            "réessayer ensuite (DUTY_CYCLE_LIMIT)",
            mute=duration_text(mute_s),
        )
    known = _QUEUE_TEXTS.get(result)
    return tr(known) if known else routing_error_text(result)


def routing_error_text(error: int) -> str:
    """Return what an error means and what helps; of a code not known here, the code."""
    try:
        name = _Error.Name(error)  # type: ignore[arg-type]  # any number may come off the wire
    except ValueError:
        return tr("erreur {error}, inconnue de cette version du bot", error=error)
    return f"{tr(_TEXTS.get(error, _UNTOLD))} ({name})"
