"""What speaks for or against the key sync, in words. Pure.

Plain words first; the probability in brackets, always beside the figures it was computed from.
"""

from meshbot.diagnosis.case import Case
from meshbot.diagnosis.loss import Loss
from meshbot.diagnosis.skip_comparison import SkipComparison
from meshbot.diagnosis.sync_evidence import JUST_BEFORE_S, MIN_ACCUSING, SyncEvidence
from meshbot.text.language import tr
from meshbot.text.quantities import counted, decimal_text
from meshbot.text.typography import percentage


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
        return tr(
            "1 silence de {lasted} avait commencé {before} avant la synchronisation",
            lasted=lasted,
            before=before,
        )
    return tr(
        "{count} silences avaient commencé avant la synchronisation, l'un d'eux, de {lasted}, "
        "{before} avant",
        count=count,
        lasted=lasted,
        before=before,
    )


def accusation(sync: SyncEvidence) -> str:
    """Say what accuses the sync."""
    if sync.none_outlives:
        early = tr("aucune n'a été perdue")
        if sync.before.losses:
            early = counted(sync.before.losses, "seule a été perdue", "ont été perdues")
        return tr(
            "{killed} sessions sur {killed2} n'ont pas survécu à leur "
            "synchronisation ; {early} avant elle",
            killed=sync.killed,
            killed2=sync.killed + sync.outlived,
            early=early,
        )
    return tr(
        "{losses} coupures ont commencé dans les {reach:.0f} s après une "
        "synchronisation, pour {syncs} ; {near}",
        losses=sync.after.losses,
        reach=sync.reach_s,
        syncs=syncs_text(sync.syncs),
        near=_near_text(sync),
    )


def _near_text(sync: SyncEvidence) -> str:
    """Return the other side of the comparison, with the probability."""
    return tr(
        "autant de temps voisin, sans elle, en a {number} (p {p})",
        number=_number(sync.background),
        p=_p_text(sync.p_value),
    )


def _result_text(sync: SyncEvidence) -> str:
    """Return the result of the comparison; empty where there was no sync."""
    if sync.suspect:
        return accusation(sync)
    if sync.doubtful and not sync.cleared:
        return tr(
            "dans {just_before} silences sur {silences} une synchronisation a suivi le "
            "dernier signe de vie de moins de {just_before2:.0f} s, plus que par hasard : elle "
            "n'est pas innocentée",
            just_before=sync.just_before,
            silences=sync.silences,
            just_before2=JUST_BEFORE_S,
        )
    if not sync.syncs:
        return ""
    after = sync.after.losses
    what = tr("synchronisation différée") if sync.deferred_only else tr("synchronisation")
    figures = tr(
        "{after} dans les {reach:.0f} s après {syncs}",
        after=counted(after, "coupure", "coupures"),
        reach=sync.reach_s,
        syncs=syncs_text(sync.syncs),
    )
    if sync.cleared:
        return tr(
            "{what} hors de cause : {figures} ; {near} ; à 95 %, au plus "
            "{percent} des synchronisations en causeraient une",
            what=what,
            figures=figures,
            near=_near_text(sync),
            percent=_percent_text(sync.bound),
        )
    if after < MIN_ACCUSING:
        return tr(
            "trop peu de données pour juger la {what} : {figures}", what=what, figures=figures
        )
    return tr(
        "{what} ni accusée ni innocentée : {figures} ; {near}{why_not}",
        what=what,
        figures=figures,
        near=_near_text(sync),
        why_not=_why_not(sync),
    )


def _why_not(sync: SyncEvidence) -> str:
    """Say what makes more losses after the sync than near it prove nothing."""
    if sync.after.losses <= sync.background:
        return ""
    near_is_frail = sync.near is not None and sync.near.frail
    causes = (
        (sync.is_of_the_network, tr("mais le nœud était hors de portée")),
        (sync.spared, tr("mais presque aucune après les différées, qui font la même chose")),
        (sync.of_own_kind, tr("mais elles viennent surtout à la suite de leurs semblables")),
        (sync.may_be_a_client, tr("mais un autre client en ferait autant")),
        (
            sync.frail or near_is_frail,
            tr("mais les sessions sont fragiles près d'elle, même sans elle"),
        ),
        (sync.is_late_only, tr("mais il se peut que la liaison soit morte juste avant elle")),
    )
    return ", " + next((text for holds, text in causes if holds), tr("ce qui ne suffit pas"))


def comparison_reason(comparison: SkipComparison) -> str:
    """Say what was lost under both settings of the skip flag, and what that is worth."""
    with_rate = 24 * comparison.losses_with / comparison.hours_with
    without_rate = 24 * comparison.losses_without / comparison.hours_without
    means = tr(" : cette différence ne veut rien dire")
    if comparison.acquits:
        means = tr(" : le réglage n'y change rien")
    elif comparison.p_value < 0.05:
        means = tr(
            ", mais à des moments différents, où autre chose a pu changer : cela ne prouve rien"
        )
    return tr(
        "{with_rate} coupures par jour avec la synchronisation, "
        "{without_rate} sans (p {p} ; "
        "TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT){means}",
        with_rate=decimal_text(with_rate),
        without_rate=decimal_text(without_rate),
        p=_p_text(comparison.p_value),
        means=means,
    )


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else decimal_text(value).removesuffix(decimal_text(0)[1:])


def _p_text(p_value: float) -> str:
    return f"< {decimal_text(0.001, 3)}" if p_value < 0.001 else f"= {decimal_text(p_value, 3)}"


def _percent_text(share: float) -> str:
    """Return a share that is an upper bound: never zero."""
    return percentage(f"{max(100 * share, 1):.0f}")
