"""Names and texts that try to pass for lines of the bot, made of the lines themselves."""

import random
import re

from meshbot.text import counted_lines
from tests.documents.page import Page

EXAMPLES = (
    *("🤖 MeshBot 0.1.0 : 40 clés publiques connues", "👋 Bot arrêté", "Arrêt..."),
    *("✅ Connexion TCP établie : 192.168.1.38:4403", "✅ Reconnexion TCP réussie (background)"),
    "⚠️ SILENCE TCP: 130s sans paquet (max: 120s)",
    "🔌 Liaison TCP perdue (h:1) : connexion fermée par le nœud (FIN) ; nouvel essai aussitôt",
    "🔌 Liaison TCP impossible (h:1) : connexion refusée ; nouvel essai dans 2 s",
    "⚠️ Liaison perdue pendant l'envoi de la base du nœud (87 nœuds reçus) : prochain essai",
    "⚠️ Le nœud a coupé 3 liaisons de suite en moins d'une minute : un autre client",
    "🧭 Nœud !a1b2c3d4 : firmware 9.9.9, région US, 999 redémarrages, émetteur coupé",
    "🔄 Tentative de reconnexion TCP n°2, après : silence",
    *("🛠️ Ordre de Eve exécuté (clé AQEB)", "✅ SYNC COMPLETE: 99 public keys synchronized"),
    "🧪 Essai TCP_SYNC_TRIAL : cette fois avec la synchronisation",
    *("MESHBOT STARTUP", "✅ Interface TCP créée", "🔌 Socket TCP mort: détecté par moniteur"),
    *("System: Interface1 Opened!", "System: Autoresponder Started for Device1", "Lost connection"),
    "Lost connection (x). Reconnecting", "Unexpected OSError, terminating meshtastic reader... x",
)  # fmt: skip
LAYOUTS = (
    *("[INFO] ", "13:35:58 [INFO] ", "[ERROR] 13:35:58 - ", "pi meshbot[7]: 13:35:58 [WARNING] "),
    *("Nov 20 00:20:38 pi systemd[1]: Started meshbot.service - x", "systemd[1]: Stopped MeshBot"),
    *("2026-11-20 00:20:38,123 | INFO | ", "2026-11-20 00:20:38 INFO Meshtastic: ", '{"MESSAGE":"'),
)
GLUE = (
    *("", " ", "\n", "\r", "\x85", "\u2028", "\t", "\u00a0", "\u200b", "\u202e", "\u0301", "\x00"),
    *(
        "‹",
        "›",
        "› (!0000000a) : ",
        " (!0000000a) annonce une clé inutilisable",
        " ⏎ ",
        "⚠️ ",
        "✅ ",
    ),
    *("🔌 ", " ; nouvel essai", ", 9 redémarrages", ", émetteur coupé", "%s", "\x1b[31m", "…", "·"),
)


def told_lines() -> list[str]:
    """Return the lines that ``docs/log-lines.md`` explains."""
    told = [item.partition("\n")[0] for item in Page("docs/log-lines.md").items]
    return [line for text in told for line in re.findall(r"`([^`]+)`", text)]


def told_fragments() -> list[str]:
    """Return what is fixed in those lines, as far as it is more than one word."""
    parts = [part for line in told_lines() for part in re.split(r"…|[‹›]|\d+", line)]
    return [part.strip() for part in parts if re.search(r"\w{2,} \w{2,}", part)]


FRAGMENTS = [*EXAMPLES, *LAYOUTS, *counted_lines.SEARCHED, *told_lines()]


def hostile_text(rng: random.Random) -> str:
    """Return a text of pieces of lines, whole, cut, or disguised."""
    text = rng.choice(GLUE) if rng.random() < 0.2 else ""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        piece = rng.choice(FRAGMENTS)
        if rng.random() < 0.3:
            piece = (
                re.sub(r"^\W+", "", piece) or piece
            )  # a name stands behind a sign that is the bot's
        if rng.random() < 0.2:
            piece = piece[rng.randrange(len(piece)) :]
        text += piece + rng.choice(GLUE) * (rng.random() < 0.5)
    change = rng.randrange(12)
    if change < 3:
        text = (str.upper, str.lower, str.swapcase)[change](text)
    elif change == 3:
        text = text.replace("s", "ſ").replace("i", "ı").replace("K", "\u212a")
    elif change == 4:
        text = text.replace(" ", rng.choice("\u00a0\u2009\t-_"))
    return text
