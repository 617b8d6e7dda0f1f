"""What speaks for or against the key sync, in words. Pure."""

from meshbot.diagnosis.skip_comparison import SkipComparison
from meshbot.diagnosis.sync_evidence import JUST_BEFORE_S, SyncEvidence
from meshbot.text.quantities import counted, decimal_text


def syncs_text(number: int) -> str:
    """Return a number of syncs in words."""
    return counted(number, "synchronisation", "synchronisations")


def sync_reasons(sync: SyncEvidence) -> list[str]:
    """Say what speaks for or against the sync, and when the data are too few."""
    reasons = [_result_text(sync)] if _result_text(sync) else []
    if sync.began_before and not sync.doubtful and sync.example is not None:
        loss, sync_s = sync.example
        reasons.append(
            f"{counted(sync.began_before, 'silence avait', 'silences avaient')} commencé avant la "
            f"synchronisation : l'un de {loss.declared_s - loss.began_s:.0f} s, "
            f"{sync_s - loss.began_s:.0f} s plus tôt"
        )
    return reasons


def _result_text(sync: SyncEvidence) -> str:
    """Return the result of the comparison; empty where there was no sync."""
    after = sync.after.losses
    if sync.suspect:
        return (
            f"{after} coupures ont commencé dans les 90 s après une synchronisation, pour "
            f"{syncs_text(sync.syncs)} ; le hasard en donnerait {decimal_text(sync.expected)} "
            f"(p {_p_text(sync.p_value)})"
        )
    if sync.cleared:
        return (
            f"synchronisation hors de cause : {counted(after, 'coupure', 'coupures')} dans "
            f"les 90 s après {syncs_text(sync.syncs)}, {decimal_text(sync.expected)} attendues par "
            f"hasard (p {_p_text(sync.p_value)}) ; elle en causerait au plus pour "
            f"{_percent_text(sync.bound)} d'entre elles, à 95 %"
        )
    if sync.doubtful:
        return (
            f"dans {sync.just_before} silences sur {sync.silences} une synchronisation a suivi le "
            f"dernier signe de vie de moins de {JUST_BEFORE_S:.0f} s, plus que par hasard : elle "
            "n'est pas innocentée"
        )
    if not sync.syncs:
        return ""
    what = " différée" if sync.deferred_only else ""
    return (
        f"trop peu de données pour juger la synchronisation{what} : {syncs_text(sync.syncs)}, "
        f"{counted(after, 'coupure', 'coupures')} dans les 90 s qui suivent"
    )


def comparison_reason(comparison: SkipComparison) -> str:
    """Say what was lost under both settings of the skip flag."""
    with_rate = 24 * comparison.losses_with / comparison.hours_with
    without_rate = 24 * comparison.losses_without / comparison.hours_without
    means = (
        "la différence n'est pas due au hasard"
        if comparison.p_value < 0.05
        else "cette différence ne veut rien dire"
    )
    return (
        f"{decimal_text(with_rate)} coupures par jour avec la synchronisation, "
        f"{decimal_text(without_rate)} sans "
        f"(TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT) : {means} (p {_p_text(comparison.p_value)})"
    )


def _p_text(p_value: float) -> str:
    return "< 0,001" if p_value < 0.001 else f"= {decimal_text(p_value, 3)}"


def _percent_text(share: float) -> str:
    """Return a share that is an upper bound: never zero."""
    return f"{100 * share:.0f} %" if share >= 0.01 else "1 %"
