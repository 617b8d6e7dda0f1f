"""The log lines that operators count and time with ``grep``: their texts, to the letter.

They are an interface, the same in every language but for what stands in for ``%s``. Each is a
format for ``logging``, with its arguments beside it. No other line may hold one of their words:
what strangers chose is broken up by ``foreign_text``.
"""

# What grep -c "Reconnexion TCP" counts. The kind of link.
RECONNECTED = "✅ Reconnexion %s réussie (background)"
# What grep -E "reconnexion|SILENCE TCP" finds: each attempt with its cause. The kind of link, the
# attempt's number in this outage, the cause.
RECONNECTION_ATTEMPT = "🔄 Tentative de reconnexion %s n°%d, après : %s"
# The kind of link, the silence in seconds, the longest one allowed.
SILENCE = "⚠️ SILENCE %s: %.0fs sans paquet (max: %gs)"

# The delay of the deferred sync in seconds.
SYNC_SCHEDULED = "🔑 Synchronisation clés publiques programmée dans %gs..."
DEFERRED_SYNC_STARTS = "🔑 Démarrage synchronisation clés publiques différée..."
SYNC_STARTS = "🔄 Starting public key synchronization to interface.nodes..."
# What grep "SYNC COMPLETE" counts. Keys held, of these injected now, of these there already.
SYNC_COMPLETE = "✅ SYNC COMPLETE: %d public keys synchronized (%d injectées, %d déjà présentes)"

# Why there is no deferred sync. The second line follows the first; the interval as text.
SYNC_SKIPPED_BY_FLAG = (
    "ℹ️ Synchronisation clés publiques skippée (TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT=True)"
)
NEXT_PERIODIC_SYNC = "   Prochaine sync au prochain cycle périodique (%s)"
SYNC_SKIPPED_INTERFACE_CHANGED = "ℹ️ Interface changée pendant le délai, skip sync"
SYNC_SKIPPED_RECONNECTING = "ℹ️ Reconnexion en cours, skip sync différé"

SEARCHED = (
    *("reconnexion", "SILENCE TCP", "SILENCE série", "SYNC COMPLETE", "skippée", "skip sync"),
    *("Connexion TCP établie", "Connexion série établie", "Liaison TCP", "Liaison série"),
    *("Liaison perdue", "MeshBot", "Bot arrêté", "Le nœud a coupé", "État : liaison"),
    *("Synchronisation clés", "key synchronization", "keys synchronized"),
    *("Ordre de", "exécuté", "Ordres acceptés", "Erreur inattendue", "du journal perdues"),
    *("TCP connection established", "serial connection established", "TCP link", "serial link"),
    *("Link lost", "Bot stopped", "The node cut", "State: link", "Order from", "carried out"),
    *("Orders are accepted", "Unexpected error", "journal lines lost"),
    *("[CRITICAL]", "[ERROR]", "[WARNING]", "[INFO]", "[DEBUG]", "Traceback"),
)
"""What operators search for in the journal: broken in what strangers chose, in any case, with or
without accents."""
