"""What speaks for or against the key sync, in words. Pure.

Plain words first; the probability in brackets, always beside the figures it was computed from.
"""

from meshbot.diagnosis.case import Case
from meshbot.diagnosis.loss import Loss
from meshbot.diagnosis.skip_comparison import SkipComparison
from meshbot.diagnosis.sync_evidence import JUST_BEFORE_S, MIN_ACCUSING, SyncEvidence
from meshbot.text.quantities import counted, decimal_text


def syncs_text(number: int) -> str:
    """Return a number of syncs in words."""
    return counted(number, "synchronisation", "synchronisations")


def sync_reasons(case: Case) -> list[str]:
    """Say what speaks for or against the sync, and when the data are too few."""
    sync = case.sync
    reasons = [text] if (text := _result_text(sync)) else []
    if sync.began_before and not sync.doubtful and not sync.suspect and sync.example:
        reasons.append(_order_text(sync.began_before, *sync.example))
    if case.comparison is not None:
        reasons.append(comparison_reason(case.comparison))
    return reasons


def _order_text(count: int, loss: Loss, sync_s: float) -> str:
    lasted, before = f"{loss.declared_s - loss.began_s:.0f} s", f"{sync_s - loss.began_s:.0f} s"
    if count == 1:
        return f"1 silence de {lasted} avait commencé {before} avant la synchronisation"
    return (
        f"{count} silences avaient commencé avant la synchronisation, l'un d'eux, de {lasted}, "
        f"{before} avant"
    )


def accusation(sync: SyncEvidence) -> str:
    """Say what accuses the sync."""
    if sync.none_outlives:
        early = "aucune n'a été perdue"
        if sync.before.losses:
            early = f"{counted(sync.before.losses, 'seule a été perdue', 'ont été perdues')}"
        return (
            f"{sync.killed} sessions sur {sync.killed + sync.outlived} n'ont pas survécu à leur "
            f"synchronisation ; {early} avant elle"
        )
    return (
        f"{sync.after.losses} coupures ont commencé dans les {sync.reach_s:.0f} s après une "
        f"synchronisation, pour {syncs_text(sync.syncs)} ; {_near_text(sync)}"
    )


def _near_text(sync: SyncEvidence) -> str:
    """Return the other side of the comparison, with the probability."""
    return (
        f"autant de temps voisin, sans elle, en a {_number(sync.background)} "
        f"(p {_p_text(sync.p_value)})"
    )


def _result_text(sync: SyncEvidence) -> str:
    """Return the result of the comparison; empty where there was no sync."""
    if sync.suspect:
        return accusation(sync)
    if sync.doubtful and not sync.cleared:
        return (
            f"dans {sync.just_before} silences sur {sync.silences} une synchronisation a suivi le "
            f"dernier signe de vie de moins de {JUST_BEFORE_S:.0f} s, plus que par hasard : elle "
            "n'est pas innocentée"
        )
    if not sync.syncs:
        return ""
    after = sync.after.losses
    what = f"synchronisation{' différée' if sync.deferred_only else ''}"
    figures = (
        f"{counted(after, 'coupure', 'coupures')} dans les {sync.reach_s:.0f} s après "
        f"{syncs_text(sync.syncs)}"
    )
    if sync.cleared:
        return (
            f"{what} hors de cause : {figures} ; {_near_text(sync)} ; à 95 %, au plus "
            f"{_percent_text(sync.bound)} des synchronisations en causeraient une"
        )
    if after < MIN_ACCUSING:
        return f"trop peu de données pour juger la {what} : {figures}"
    return f"{what} ni accusée ni innocentée : {figures} ; {_near_text(sync)}{_why_not(sync)}"


def _why_not(sync: SyncEvidence) -> str:
    """Say what makes more losses after the sync than near it prove nothing."""
    if sync.after.losses <= sync.background:
        return ""
    near_is_frail = sync.near is not None and sync.near.frail
    causes = (
        (sync.is_of_the_network, "mais le nœud était hors de portée"),
        (sync.spared, "mais presque aucune après les différées, qui font la même chose"),
        (sync.of_own_kind, "mais elles viennent surtout à la suite de leurs semblables"),
        (sync.may_be_a_client, "mais un autre client en ferait autant"),
        (
            sync.frail or near_is_frail,
            "mais les sessions sont fragiles près d'elle, même sans elle",
        ),
        (sync.is_late_only, "mais il se peut que la liaison soit morte juste avant elle"),
    )
    return ", " + next((text for holds, text in causes if holds), "ce qui ne suffit pas")


def comparison_reason(comparison: SkipComparison) -> str:
    """Say what was lost under both settings of the skip flag, and what that is worth."""
    with_rate = 24 * comparison.losses_with / comparison.hours_with
    without_rate = 24 * comparison.losses_without / comparison.hours_without
    means = " : cette différence ne veut rien dire"
    if comparison.acquits:
        means = " : le réglage n'y change rien"
    elif comparison.p_value < 0.05:
        means = ", mais à des moments différents, où autre chose a pu changer : cela ne prouve rien"
    return (
        f"{decimal_text(with_rate)} coupures par jour avec la synchronisation, "
        f"{decimal_text(without_rate)} sans (p {_p_text(comparison.p_value)} ; "
        f"TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT){means}"
    )


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else decimal_text(value).removesuffix(",0")


def _p_text(p_value: float) -> str:
    return "< 0,001" if p_value < 0.001 else f"= {decimal_text(p_value, 3)}"


def _percent_text(share: float) -> str:
    """Return a share that is an upper bound: never zero."""
    return f"{100 * share:.0f} %" if share >= 0.01 else "1 %"
