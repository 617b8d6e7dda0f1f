"""Causes in words, as the journal says them, and back again. Pure."""

import re
from collections.abc import Mapping

from meshbot.model.cause import Cause

_TEXTS = {
    Cause.SILENCE: "silence, le nœud ne répond plus",
    Cause.FIN: "connexion fermée par le nœud (FIN)",
    Cause.ALREADY_CLOSED: "connexion déjà fermée par le nœud",
    Cause.RESET: "connexion réinitialisée par le nœud (RST)",
    Cause.REBOOTED: "le nœud annonce qu'il a redémarré",
    Cause.STALLED: "le nœud n'achève pas l'envoi de sa configuration",
    Cause.INCOMPLETE: "le nœud envoie une autre configuration que celle demandée",
    Cause.ENDLESS: "le nœud envoie une configuration sans fin",
    Cause.NUMBER_CHANGED: "le nœud se dit {detail} en pleine liaison",
    Cause.NOT_READING: "le nœud n'accepte plus de données",
    Cause.UNSTABLE: "liaison perdue pendant la stabilisation",
    Cause.REQUESTED: "demandée par {detail}",
    Cause.CLOSED: "liaison fermée",
    Cause.SCHEDULED: "liaison fermée par le bot lui-même, à heure fixe",
    Cause.REFUSED: "connexion refusée, le nœud redémarre ou TCP_PORT est faux",
    Cause.UNREACHABLE: "hôte injoignable, nœud éteint ou hors du Wi-Fi",
    Cause.NETWORK_UNREACHABLE: "réseau injoignable, vérifier le Wi-Fi de cette machine",
    Cause.NO_ANSWER: "pas de réponse du nœud",
    Cause.UNKNOWN_NAME: "nom {detail} introuvable",
    Cause.NO_ADDRESS: "aucune adresse",
    Cause.ADDRESS_FAMILY: "adresse d'une sorte que cette machine ne connaît pas",
    Cause.INTERRUPTED: "ouverture interrompue",
    Cause.NO_THREAD: "cette machine n'accorde plus de fil d'exécution au bot (limite nproc ou "
    "TasksMax, ou mémoire)",
    Cause.NO_MEMORY: "mémoire insuffisante sur cette machine",
    Cause.NO_DESCRIPTOR: "trop de fichiers ouverts sur cette machine (limite nofile)",
    Cause.PORT_CLOSED: "port série fermé",
    Cause.PORT_LOST: "port série perdu ({detail})",
    Cause.PORT_ABSENT: "port série {detail} absent, nœud débranché ou SERIAL_PORT à corriger",
    Cause.PORT_FORBIDDEN: ("port série {detail} interdit, ajouter l'utilisateur au groupe dialout"),
    Cause.PORT_BUSY: "port série {detail} déjà pris par un autre programme",
    Cause.PORT_OF_ANOTHER: "port série {detail} d'un autre appareil, nœud débranché ; redémarrer "
    "le bot si c'est le nouveau nœud",
    Cause.PORT_MUTE: "port série {detail} muet, corriger SERIAL_PORT si ce n'est pas le nœud, "
    "sinon le redémarrer et activer son API série (security.serial_enabled)",
    Cause.PORT_FAILED: "port série {detail}",
    Cause.NO_PORT: "aucun port série trouvé, brancher le nœud ou régler SERIAL_PORT",
    Cause.SEVERAL_PORTS: "plusieurs ports série ({detail}), régler SERIAL_PORT",
    Cause.NO_LINK: "pas de liaison",
    Cause.LINK_DOWN: "liaison perdue",
    Cause.LOST_WHILE_SENDING: "liaison perdue pendant l'envoi",
    Cause.NOT_CONFIGURED: "le nœud n'a pas fini d'envoyer sa configuration",
    Cause.QUEUE_STAYS_FULL: "la file d'émission du nœud reste pleine",
    Cause.QUEUE_FULL: "la file d'émission du nœud est pleine",
    Cause.SEND_BUSY: "un autre envoi occupe la liaison",
    Cause.USED_INTERFACE: "une interface ne s'ouvre qu'une fois",
    Cause.OWN_USER_UNKNOWN: "le nœud n'a pas dit qui il est",
    Cause.LICENSED: "station radioamateur, rien n'est scellé",
    Cause.KEY_UNUSABLE: "clé inutilisable",
    Cause.NO_KEY: "pas de clé à donner",
    Cause.FIRST: "première connexion",
    Cause.OTHER: "{detail}",
}
_SHORT_TEXTS = {
    Cause.SILENCE: "silence",
    Cause.FIN: "fermée par le nœud (FIN)",
    Cause.RESET: "réinitialisée (RST)",
    Cause.REFUSED: "refusée",
    Cause.UNREACHABLE: "nœud injoignable",
    Cause.STALLED: "nœud bloqué",
    Cause.ENDLESS: "configuration sans fin",
    Cause.NO_MEMORY: "machine à court de moyens",
    Cause.REBOOTED: "redémarrage annoncé",
    Cause.REQUESTED: "demandée",
    Cause.SCHEDULED: "programmée par le bot",
    Cause.PORT_LOST: "port série perdu",
    Cause.PORT_BUSY: "port série pris",
    Cause.PORT_FORBIDDEN: "port série interdit",
    Cause.OTHER: "autre cause",
}
"""Of the causes that losses are judged by."""
_WHOLE_TEXTS = {
    cause: re.compile(re.escape(text).replace(re.escape("{detail}"), "(?P<detail>.+)"))
    for cause, text in _TEXTS.items()
    # "{detail}" alone is any text; the rest of a port's error may be one of the others.
    if cause not in (Cause.OTHER, Cause.PORT_FAILED)
}
_WORDS = (
    (Cause.SILENCE, ("silence",)),
    (Cause.REBOOTED, ("redémarré",)),
    (Cause.REQUESTED, ("demandée par",)),
    (Cause.REFUSED, ("refusée", "refused")),
    (Cause.FIN, ("(fin)", "connexion fermée par", "connexion déjà fermée", "broken pipe")),
    (Cause.RESET, ("(rst)", "réinitialisée", "reset by peer", "econnreset")),
    (Cause.STALLED, ("n'achève pas", "n'accepte plus", "autre configuration")),
    (Cause.PORT_LOST, ("port série",)),
    (
        Cause.UNREACHABLE,
        (
            *("injoignable", "pas de réponse", "introuvable", "timed out", "timeout"),
            *("unreachable", "no route to host", "host is down", "name or service not known"),
            "name resolution",
        ),
    ),
)
"""Words that tell the causes in other bots' journals, and in our own older ones."""


def cause_text(cause: Cause, detail: str = "") -> str:
    """Return a cause as a French phrase."""
    return _TEXTS[cause].format(detail=detail)


def causes_text(counts: Mapping[Cause, int]) -> str:
    """Return how often which cause was, of those that losses are judged by."""
    return ", ".join(f"{count} × {_SHORT_TEXTS[cause]}" for cause, count in counts.items())


def cause_in(text: str) -> tuple[Cause, str]:
    """Return the cause that a phrase of a journal tells, with its detail.

    A phrase of this bot's is read exactly. In anybody else's, words that give it away count;
    without any the cause is ``OTHER``, and the phrase its detail.
    """
    for whole, pattern in _WHOLE_TEXTS.items():
        match = pattern.fullmatch(text)
        if match is not None:
            return whole, match.groupdict().get("detail", "")
    lowered = text.casefold()
    for cause, words in _WORDS:
        if any(word in lowered for word in words):
            return cause, text
    return Cause.OTHER, text
