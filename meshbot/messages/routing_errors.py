"""The firmware's routing errors in words, with what to do about them. Pure.

The codes are ``meshtastic.Routing.Error`` of the protocol.
"""

from meshtastic.protobuf import mesh_pb2

_Error = mesh_pb2.Routing.Error

NO_KEY_ERRORS = frozenset(
    (_Error.PKI_FAILED, _Error.PKI_UNKNOWN_PUBKEY, _Error.PKI_SEND_FAIL_PUBLIC_KEY)
)
"""The errors for a missing key, on this side or on the other."""

_TEXTS: dict[int, str] = {
    _Error.NO_ROUTE: "aucune route vers lui : hors de portée, ou éteint",
    _Error.GOT_NAK: "un relais a refusé le message : réessayer plus tard",
    _Error.TIMEOUT: "aucune réponse à temps : hors de portée, ou maillage très chargé",
    _Error.NO_INTERFACE: (
        "la radio n'émet pas : vérifier la région et l'émission (TX) dans les réglages du nœud"
    ),
    _Error.MAX_RETRANSMIT: (
        "aucun accusé de réception après trois émissions : hors de portée, ou éteint"
    ),
    _Error.NO_CHANNEL: (
        "le nœud n'a pas le canal qu'il faut, ou pas de clé pour ce message : comparer les "
        "canaux des deux nœuds, ou faire renvoyer son NodeInfo au destinataire"
    ),
    _Error.TOO_LARGE: "message trop long pour la radio",
    _Error.NO_RESPONSE: "le destinataire n'a pas de service pour y répondre",
    _Error.DUTY_CYCLE_LIMIT: (
        "temps d'émission légal épuisé : attendre, ou réduire le trafic du nœud"
    ),
    _Error.BAD_REQUEST: "demande refusée par le nœud",
    _Error.NOT_AUTHORIZED: "le nœud n'y autorise pas le bot",
    _Error.PKI_FAILED: (
        "le chiffrement a échoué : la clé de ce nœud ou la nôtre a changé ; voir main_bot.py "
        "keys list"
    ),
    _Error.PKI_UNKNOWN_PUBKEY: (
        "ce nœud n'a pas notre clé publique : attendre le prochain NodeInfo de notre nœud, ou "
        "l'envoyer depuis l'application"
    ),
    _Error.PKI_SEND_FAIL_PUBLIC_KEY: (
        "la radio n'a pas la clé publique de ce nœud : lui faire renvoyer son NodeInfo, ou "
        "activer TCP_PUSH_KEYS_TO_RADIO"
    ),
    _Error.RATE_LIMIT_EXCEEDED: "trop de messages en peu de temps : augmenter TEXT_INTERVAL",
}


def routing_error_text(error: int) -> str:
    """Return in French what an error means and what helps; of a code not known here, the code."""
    try:
        name = _Error.Name(error)  # type: ignore[arg-type]  # any number may come off the wire
    except ValueError:
        return f"erreur {error}, inconnue de cette version du bot"
    return f"{_TEXTS.get(error, 'le message n’a pas été remis')} ({name})"
