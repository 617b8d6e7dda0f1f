"""Lines of the bot that this one follows (Tigro14/meshbot), where they differ from ours.

It announces the key sync of a session before it says that the reconnection succeeded, and takes
packets alone for signs of life, so its silences say less than ours.
"""

from meshbot.diagnosis.journal_line import because, count, line, text
from meshbot.model.cause import Cause
from meshbot.model.link_event import EventKind

ORIGINAL_LINES = (
    line("MESHBOT STARTUP", EventKind.STARTED),
    line(r"Bot arrêté (?:proprement|\(timeout\))\s*$", EventKind.STOPPED),
    line(r"Arrêt\.\.\.\s*$", EventKind.STOPPED),
    line("Interface (?:TCP|série) créée", EventKind.CONNECTED),
    line(r"Meshtastic (?:TCP|Serial): \S", EventKind.CONNECTED),
    # Its library empties the socket when the node has closed the connection.
    line("Socket TCP mort", EventKind.LOST, because(Cause.FIN)),
    line(
        r"(Socket TCP (?:manquant|fermé|invalide|déconnecté).*), tentative de reconnexion",
        EventKind.ATTEMPT,
        text,
    ),
    line(r"(Interface manquante), tentative de reconnexion", EventKind.ATTEMPT, text),
    line("Connexion série perdue", EventKind.LOST, because(Cause.PORT_LOST)),
    line("Déconnexion série détectée", EventKind.LOST, because(Cause.PORT_LOST)),
    line("Reconnexion TCP programmée", EventKind.ATTEMPT, because(Cause.SCHEDULED)),
    line(r"Reconnexion TCP #(\d{1,7}) à ", EventKind.ATTEMPT, count),
    line(r"Tentative de reconnexion #(\d{1,7})", EventKind.ATTEMPT, count),
    line(r"Reconnexion réussie après \d", EventKind.RECONNECTED),
    line(r"Erreur reconnexion tentative \d+: (.*)", EventKind.NOT_OPENED, text),
    line(r"Échec reconnexion TCP(?: après \d+ tentatives)?: (.*)", EventKind.NOT_OPENED, text),
    line(r"Erreur connexion TCP \([^)]*\): (.*)", EventKind.NOT_OPENED, text),
    line(r"Erreur inattendue lors de la connexion TCP: (.*)", EventKind.NOT_OPENED, text),
    line(r"Échec connexion série \([^)]*\): (.*)", EventKind.NOT_OPENED, text),
    line("Connexion échouée, nouvelle tentative", EventKind.NOT_OPENED, because(Cause.UNSTABLE)),
    line("Reconnexion abandonnée", EventKind.NOT_OPENED, because(Cause.UNSTABLE)),
    line(r"(\d{1,9}) clés publiques re-synchronisées", EventKind.SYNC_COMPLETE, count),
    line("Aucune clé à re-synchroniser", EventKind.SYNC_COMPLETE),
    line("SYNC COMPLETE: No new keys", EventKind.SYNC_COMPLETE),
)
NO_ATTEMPT = (
    r".*(?:reconnexion en cours|reconnexion dans \d|à reconnexion|après reconnexion|callback"
    r"|SQLite|Échec reconnexion|Erreur)"
)
"""What a line also says that has the word, but announces nothing: other services reconnect, too."""
