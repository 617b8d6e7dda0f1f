"""Finds French in what is to be English."""

import re

_WORDS = "|".join(
    (
        "le|la|les|un|une|des|du|au|et|ou|où|est|sont|pas|pour|par|sans|dans|sur|avec|mais|que|qui",
        "ne|se|sa|son|ses|leur|ce|cette|ces|il|elle|ils|elles|nœud|nœuds|liaison|clé|clés|depuis",
        "après|avant|vers|chez|plus|moins|aucun|aucune|rien|jamais|encore|toujours|fois|jour|jours",
        "heure|heures|coupure|coupures|perdue|perdues|refusé|illisible|inconnu|inconnue|réponse",
        "voir|régler|mettre|lancer|corriger|connue|connues|seule|perdues|refusés|différée",
        "reconnexion|reconnexions|synchronisation|synchronisations",
    )
)
_FRENCH = re.compile(rf"\b(?:{_WORDS})\b|[éèêàùçôîâœÉÈÀ«»]| [:;!?%](?:\s|$)|\d,\d", re.IGNORECASE)
_TO_THE_LETTER = (
    "Reconnexion TCP réussie",
    "Reconnexion série réussie",
    "Tentative de reconnexion série",
    "Tentative de reconnexion",
    "n°",
    ", après :",
    "sans paquet",
    "SILENCE série:",
    "Synchronisation clés publiques programmée dans",
    "Démarrage synchronisation clés publiques différée",
    "injectées",
    "déjà présentes",
    "Synchronisation clés publiques skippée",
    "Prochaine sync au prochain cycle périodique",
    "Interface changée pendant le délai, skip sync",
    "Reconnexion en cours, skip sync différé",
)
"""What scripts count is said in French in every language."""


def french_in(text: str) -> list[str]:
    """Return the words and signs of a text that give French away, but for what must stay."""
    for kept in _TO_THE_LETTER:
        text = text.replace(kept, "")
    return _FRENCH.findall(text)
