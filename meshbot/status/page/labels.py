"""The page's texts, by the names that the templates call them."""

from meshbot.status.page.live_view import Fate, KeyState, PieceState
from meshbot.text.language import mark, tr

_LABELS = {
    "title": mark("MeshBot en direct"),
    "connecting": mark("Connexion au bot…"),
    "fresh": mark("En direct"),
    "lost": mark("Plus de nouvelles du bot depuis {since}"),
    "no_script": mark("Sans JavaScript, cette page montre l'état à son chargement."),
    "link": mark("Liaison"),
    "up": mark("Liaison établie"),
    "down": mark("Liaison coupée"),
    "where": mark("Nœud"),
    "since": mark("Depuis"),
    "why": mark("Cause"),
    "attempts": mark("Essais manqués"),
    "reconnections": mark("Reconnexions"),
    "how_often": mark("{hour} en 1 h, {day} en 24 h"),
    "day": mark("Dernières 24 heures"),
    "day_about": mark("Liaison pendant les dernières 24 heures ; les coupures sont listées après"),
    "touch": mark("Toucher la barre pour le détail"),
    "up_share": mark("En liaison {share} du temps"),
    "outages": mark("Coupures"),
    "begin": mark("Début"),
    "length": mark("Durée"),
    "verdict": mark("Verdict du rapport"),
    "to_do": mark("À faire :"),
    "shares": mark("Causes des coupures des 7 derniers jours"),
    "judging": mark("Le journal de la liaison est en cours de lecture…"),
    "nodes": mark("Nœuds entendus"),
    "search": mark("Chercher un nœud"),
    "shown": mark("{shown} affichés sur {known} connus"),
    "node": mark("Nom"),
    "id": mark("Identifiant"),
    "heard": mark("Entendu"),
    "hops": mark("Sauts"),
    "snr": mark("SNR (dB)"),
    "key": mark("Clé"),
    "no_nodes": mark("Aucun nœud entendu pour l'instant."),
    "keys": mark("Clés à trancher"),
    "no_keys": mark("Aucune clé n'attend de décision."),
    "known_key": mark("Clé connue"),
    "offered_key": mark("Clé annoncée"),
    "no_known": mark("aucune"),
    "proven": mark("Son détenteur a prouvé que ce numéro est le sien."),
    "decide": mark("Pour croire la clé annoncée, ou ne plus en entendre parler :"),
    "messages": mark("Derniers messages"),
    "no_messages": mark("Aucun message pour l'instant."),
    "everybody": mark("tout le monde"),
    "log": mark("Journal"),
    "clients": mark("Clients du nœud partagé"),
    "no_clients": mark("Aucun client pour l'instant."),
    "address": mark("Adresse"),
    "packets": mark("Paquets"),
    "refused": mark("Refusés"),
    "own": mark("Notre nœud"),
    "nothing_said": mark("Le nœud n'a encore rien dit de lui."),
    "firmware": mark("Firmware"),
    "battery": mark("Batterie"),
    "powered": mark("sur secteur"),
    "voltage": mark("Tension"),
    "channel": mark("Canal occupé"),
    "air": mark("Émission"),
}
_PIECES = {
    PieceState.UP: mark("liaison établie"),
    PieceState.DOWN: mark("liaison coupée"),
    PieceState.OFF: mark("bot arrêté ou journal vide"),
}
_KEYS = {
    KeyState.WAITING: mark("à trancher"),
    KeyState.WEAK: mark("trop faible"),
    KeyState.NONE: mark("inconnue"),
    KeyState.ABSENT: mark("pas en place"),
    KeyState.IN_PLACE: mark("en place"),
}
_FATES = {
    Fate.HEARD: mark("reçu"),
    Fate.SENT: mark("remis au nœud"),
    Fate.DELIVERED: mark("arrivé"),
    Fate.FAILED: mark("non remis"),
    Fate.DROPPED: mark("jeté"),
}


def labels() -> dict[str, str]:
    """Return them in the language that is spoken."""
    return {name: tr(text) for name, text in _LABELS.items()}


def piece_label(state: PieceState) -> str:
    """Return what a piece of the day was."""
    return tr(_PIECES[state])


def key_label(state: KeyState) -> str:
    """Return how it stands with a key."""
    return tr(_KEYS[state])


def fate_label(fate: Fate) -> str:
    """Return what became of a message."""
    return tr(_FATES[fate])
