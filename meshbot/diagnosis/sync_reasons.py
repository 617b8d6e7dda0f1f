"""What speaks for or against the key sync, in words. Pure.

Plain words first; the probability in brackets, always beside the figures it was computed from.
"""

from meshbot.diagnosis.case import Case
from meshbot.diagnosis.skip_comparison import SkipComparison
from meshbot.diagnosis.sync_evidence import JUST_BEFORE_S, SyncEvidence
from meshbot.text.quantities import counted, decimal_text


def syncs_text(number: int) -> str:
    """Return a number of syncs in words."""
    return counted(number, "synchronisation", "synchronisations")


def sync_reasons(case: Case) -> list[str]:
    """Say what speaks for or against the sync, and when the data are too few."""
    sync = case.sync
    reasons = [text] if (text := _result_text(sync)) else []
    if sync.began_before and not sync.doubtful and not sync.none_outlives and sync.example:
        loss, sync_s = sync.example
        reasons.append(
            f"{counted(sync.began_before, 'silence avait', 'silences avaient')} commencé avant la "
            f"synchronisation : l'un de {loss.declared_s - loss.began_s:.0f} s, "
            f"{sync_s - loss.began_s:.0f} s plus tôt"
        )
    if case.comparison is not None:
        reasons.append(comparison_reason(case.comparison))
    return reasons


def accusation(sync: SyncEvidence) -> str:
    """Say what accuses the sync."""
    if sync.none_outlives:
        reached = sync.killed + sync.outlived
        return (
            f"{sync.killed} sessions sur {reached} n'ont pas survécu à leur synchronisation ; "
            f"{counted(sync.before.losses, 'seule', 'seules')} perdue avant elle"
            if sync.before.losses
            else f"{sync.killed} sessions sur {reached} n'ont pas survécu à leur synchronisation ; "
            "aucune n'a été perdue avant elle"
        )
    return (
        f"{sync.after.losses} coupures ont commencé dans les 90 s après une synchronisation, pour "
        f"{syncs_text(sync.syncs)} ; autant de temps voisin, sans elle, en a "
        f"{_number(sync.background)} (p {_p_text(sync.p_value)})"
    )


def _result_text(sync: SyncEvidence) -> str:
    """Return the result of the comparison; empty where there was no sync."""
    after = sync.after.losses
    if sync.suspect:
        return accusation(sync)
    if sync.cleared:
        return (
            f"synchronisation hors de cause : {counted(after, 'coupure', 'coupures')} dans "
            f"les 90 s après {syncs_text(sync.syncs)}, et {_number(sync.background)} dans autant "
            f"de temps voisin sans elle (p {_p_text(sync.p_value)}) ; elle en causerait au plus "
            f"pour {_percent_text(sync.bound)} d'entre elles, à 95 %"
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
    """Say what was lost under both settings of the skip flag, and what that is worth."""
    with_rate = 24 * comparison.losses_with / comparison.hours_with
    without_rate = 24 * comparison.losses_without / comparison.hours_without
    means = "cette différence ne veut rien dire"
    if comparison.acquits:
        means = "le réglage n'y change rien"
    elif comparison.p_value < 0.05:
        means = "mais à des moments différents, où autre chose a pu changer : cela ne prouve rien"
    return (
        f"{decimal_text(with_rate)} coupures par jour avec la synchronisation, "
        f"{decimal_text(without_rate)} sans "
        f"(TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT) : {means} (p {_p_text(comparison.p_value)})"
    )


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 10 or value == round(value) else decimal_text(value)


def _p_text(p_value: float) -> str:
    return "< 0,001" if p_value < 0.001 else f"= {decimal_text(p_value, 3)}"


def _percent_text(share: float) -> str:
    """Return a share that is an upper bound: never zero."""
    return f"{100 * share:.0f} %" if share >= 0.01 else "1 %"
