"""The counted lines, as the scripts of operators know them."""

import pytest

from meshbot.text import counted_lines


@pytest.mark.parametrize(
    ("line", "arguments", "text"),
    [
        (counted_lines.RECONNECTED, ("TCP",), "✅ Reconnexion TCP réussie (background)"),
        (
            counted_lines.RECONNECTION_ATTEMPT,
            ("TCP", 2, "silence"),
            "🔄 Tentative de reconnexion TCP n°2, après : silence",
        ),
        (
            counted_lines.SILENCE,
            ("TCP", 130.2, 120.0),
            "⚠️ SILENCE TCP: 130s sans paquet (max: 120s)",
        ),
        (
            counted_lines.SYNC_SCHEDULED,
            (30.0,),
            "🔑 Synchronisation clés publiques programmée dans 30s...",
        ),
        (
            counted_lines.DEFERRED_SYNC_STARTS,
            (),
            "🔑 Démarrage synchronisation clés publiques différée...",
        ),
        (
            counted_lines.SYNC_STARTS,
            (),
            "🔄 Starting public key synchronization to interface.nodes...",
        ),
        (
            counted_lines.SYNC_COMPLETE,
            (42, 40, 2),
            "✅ SYNC COMPLETE: 42 public keys synchronized (40 injectées, 2 déjà présentes)",
        ),
        (
            counted_lines.SYNC_SKIPPED_BY_FLAG,
            (),
            "ℹ️ Synchronisation clés publiques skippée (TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT=True)",
        ),
        (
            counted_lines.NEXT_PERIODIC_SYNC,
            ("5min",),
            "   Prochaine sync au prochain cycle périodique (5min)",
        ),
        (
            counted_lines.SYNC_SKIPPED_INTERFACE_CHANGED,
            (),
            "ℹ️ Interface changée pendant le délai, skip sync",
        ),
        (
            counted_lines.SYNC_SKIPPED_RECONNECTING,
            (),
            "ℹ️ Reconnexion en cours, skip sync différé",
        ),
    ],
)
def test_a_counted_line_reads_to_the_letter_as_promised(
    line: str, arguments: tuple[object, ...], text: str
) -> None:
    assert line % arguments == text
