"""Causes in words, as the journal says them, and back again. Pure."""

import re
from collections.abc import Mapping
from functools import cache

from meshbot.model.cause import Cause
from meshbot.text.language import LANGUAGES, mark, speaking, tr

_TEXTS = {
    Cause.SILENCE: mark("silence, le nœud ne répond plus"),
    Cause.FIN: mark("connexion fermée par le nœud (FIN)"),
    Cause.ALREADY_CLOSED: mark("connexion déjà fermée par le nœud"),
    Cause.RESET: mark("connexion réinitialisée par le nœud (RST)"),
    Cause.REBOOTED: mark("le nœud annonce qu'il a redémarré"),
    Cause.STALLED: mark("le nœud n'achève pas l'envoi de sa configuration"),
    Cause.INCOMPLETE: mark("le nœud envoie une autre configuration que celle demandée"),
    Cause.ENDLESS: mark("le nœud envoie une configuration sans fin"),
    Cause.NUMBER_CHANGED: mark("le nœud se dit {detail} en pleine liaison"),
    Cause.NOT_READING: mark("le nœud n'accepte plus de données"),
    Cause.UNSTABLE: mark("liaison perdue pendant la stabilisation"),
    Cause.REQUESTED: mark("demandée par {detail}"),
    Cause.CLOSED: mark("liaison fermée"),
    Cause.SCHEDULED: mark("liaison fermée par le bot lui-même, à heure fixe"),
    Cause.REFUSED: mark("connexion refusée, le nœud redémarre ou TCP_PORT est faux"),
    Cause.UNREACHABLE: mark("hôte injoignable, nœud éteint ou hors du Wi-Fi"),
    Cause.NETWORK_UNREACHABLE: mark("réseau injoignable, vérifier le Wi-Fi de cette machine"),
    Cause.NO_ANSWER: mark("pas de réponse du nœud"),
    Cause.UNKNOWN_NAME: mark("nom {detail} introuvable"),
    Cause.NO_ADDRESS: mark("aucune adresse"),
    Cause.ADDRESS_FAMILY: mark("adresse d'une sorte que cette machine ne connaît pas"),
    Cause.INTERRUPTED: mark("ouverture interrompue"),
    Cause.NO_THREAD: mark(
        "cette machine n'accorde plus de fil d'exécution au bot (limite nproc ou "
        "TasksMax, ou mémoire)"
    ),
    Cause.NO_MEMORY: mark("mémoire insuffisante sur cette machine"),
    Cause.NO_DESCRIPTOR: mark("trop de fichiers ouverts sur cette machine (limite nofile)"),
    Cause.PORT_CLOSED: mark("port série fermé"),
    Cause.PORT_LOST: mark("port série perdu ({detail})"),
    Cause.PORT_ABSENT: mark("port série {detail} absent, nœud débranché ou SERIAL_PORT à corriger"),
    Cause.PORT_FORBIDDEN: (
        mark("port série {detail} interdit, ajouter l'utilisateur au groupe dialout")
    ),
    Cause.PORT_BUSY: mark("port série {detail} déjà pris par un autre programme"),
    Cause.PORT_OF_ANOTHER: mark(
        "port série {detail} d'un autre appareil, nœud débranché ; redémarrer "
        "le bot si c'est le nouveau nœud"
    ),
    Cause.PORT_MUTE: mark(
        "port série {detail} muet, corriger SERIAL_PORT si ce n'est pas le nœud, "
        "sinon le redémarrer et activer son API série (security.serial_enabled)"
    ),
    Cause.PORT_FAILED: mark("port série {detail}"),
    Cause.NO_PORT: mark("aucun port série trouvé, brancher le nœud ou régler SERIAL_PORT"),
    Cause.SEVERAL_PORTS: mark("plusieurs ports série ({detail}), régler SERIAL_PORT"),
    Cause.NO_LINK: mark("pas de liaison"),
    Cause.LINK_DOWN: mark("liaison perdue"),
    Cause.LOST_WHILE_SENDING: mark("liaison perdue pendant l'envoi"),
    Cause.NOT_CONFIGURED: mark("le nœud n'a pas fini d'envoyer sa configuration"),
    Cause.QUEUE_STAYS_FULL: mark("la file d'émission du nœud reste pleine"),
    Cause.QUEUE_FULL: mark("la file d'émission du nœud est pleine"),
    Cause.SEND_BUSY: mark("un autre envoi occupe la liaison"),
    Cause.USED_INTERFACE: mark("une interface ne s'ouvre qu'une fois"),
    Cause.OWN_USER_UNKNOWN: mark("le nœud n'a pas dit qui il est"),
    Cause.LICENSED: mark("station radioamateur, rien n'est scellé"),
    Cause.KEY_UNUSABLE: mark("clé inutilisable"),
    Cause.NO_KEY: mark("pas de clé à donner"),
    Cause.FIRST: mark("première connexion"),
    Cause.OTHER: "{detail}",
}
_SHORT_TEXTS = {
    Cause.SILENCE: "silence",
    Cause.FIN: mark("fermée par le nœud (FIN)"),
    Cause.RESET: mark("réinitialisée (RST)"),
    Cause.REFUSED: mark("refusée"),
    Cause.UNREACHABLE: mark("nœud injoignable"),
    Cause.STALLED: mark("nœud bloqué"),
    Cause.ENDLESS: mark("configuration sans fin"),
    Cause.NO_MEMORY: mark("machine à court de moyens"),
    Cause.REBOOTED: mark("redémarrage annoncé"),
    Cause.REQUESTED: mark("demandée"),
    Cause.SCHEDULED: mark("programmée par le bot"),
    Cause.PORT_LOST: mark("port série perdu"),
    Cause.PORT_BUSY: mark("port série pris"),
    Cause.PORT_FORBIDDEN: mark("port série interdit"),
    Cause.OTHER: mark("autre cause"),
}
"""Of the causes that losses are judged by."""
_ANY_TEXT = (Cause.OTHER, Cause.PORT_FAILED)
"""Whose text may be anything, or the rest of which may be that of another one."""
_WORDS = (
    (Cause.SILENCE, ("silence",)),
    (Cause.REBOOTED, ("redémarré",)),
    (Cause.REQUESTED, ("demandée par",)),
    (Cause.REFUSED, ("refusée", "refused")),
    (
        Cause.FIN,
        ("(fin)", "connexion fermée par", "connexion déjà fermée", "broken pipe"),
    ),
    (Cause.RESET, ("(rst)", "réinitialisée", "reset by peer", "econnreset")),
    (Cause.STALLED, ("n'achève pas", "n'accepte plus", "autre configuration")),
    (Cause.PORT_LOST, ("port série",)),
    (
        Cause.UNREACHABLE,
        (
            *(
                "injoignable",
                "pas de réponse",
                "introuvable",
                "timed out",
                "timeout",
            ),
            *("unreachable", "no route to host", "host is down", "name or service not known"),
            "name resolution",
        ),
    ),
)
"""Words that tell the causes in other bots' journals, and in our own older ones."""


def cause_text(cause: Cause, detail: str = "") -> str:
    """Return a cause as a phrase, in the language that is spoken."""
    return tr(_TEXTS[cause], detail=detail)


def causes_text(counts: Mapping[Cause, int]) -> str:
    """Return how often which cause was, of those that losses are judged by."""
    return ", ".join(f"{count} × {tr(_SHORT_TEXTS[cause])}" for cause, count in counts.items())


def cause_in(text: str) -> tuple[Cause, str]:
    """Return the cause that a phrase of a journal tells, with its detail.

    A phrase of this bot's is read exactly. In anybody else's, words that give it away count;
    without any the cause is ``OTHER``, and the phrase its detail.
    """
    for language in LANGUAGES:
        for whole, pattern in _whole_texts(language).items():
            match = pattern.fullmatch(text)
            if match is not None:
                return whole, match.groupdict().get("detail", "")
    lowered = text.casefold()
    for cause, words in _WORDS:
        if any(word in lowered for word in words):
            return cause, text
    return Cause.OTHER, text


@cache
def _whole_texts(language: str) -> dict[Cause, re.Pattern[str]]:
    """Return what each cause looks like in a language."""
    with speaking(language):
        said = {cause: tr(text) for cause, text in _TEXTS.items() if cause not in _ANY_TEXT}
    return {
        cause: re.compile(re.escape(text).replace(re.escape("{detail}"), "(?P<detail>.+)"))
        for cause, text in said.items()
    }
