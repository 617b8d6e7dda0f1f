"""Why the link was lost, told from its history: figures, criteria, verdict, advice. Pure.

The question that operators ask is whether the key sync kills the link. Two things answer it:

- **Order.** What happened after the link had died cannot have killed it. When it died, only the
  last sign of life tells, and a live node may say nothing for some time after that: so a sync that
  ran within three quarters of a minute of the last sign of life is no alibi if that happens more
  often than by chance.
- **Chance.** Losses in the minute and a half after a sync are compared with those in the two
  minutes before it, in the two minutes after that minute and a half, and in the first two minutes
  of sessions that were reopened and had no sync. If the sync does nothing, each loss falls into
  the first kind of time with the probability that is its share of the time (an exact binomial
  test). Losses come in bad hours and syncs follow reconnections: so only time as near as that is
  compared, and they must also be twice as frequent as before the sync, where the hour is as bad;
  and, if the operator tried it, twice as frequent as at the same age of sessions whose sync was
  skipped, lest sessions be frail at that age for another reason.

Deferred syncs, those after a reconnection, are judged together with the periodic ones and by
themselves: many harmless syncs must not hide a few that kill. If the operator tried both settings
of the skip flag and the difference is beyond doubt, that decides.

The sync that the first connection of a run brings at once proves nothing: what follows it follows
the connection, and the sending of the node's database, as well.
"""

import enum
import math
import statistics
from dataclasses import dataclass, field

from meshbot.diagnosis.link_history import LinkHistory, Loss, Session
from meshbot.model.cause import Cause
from meshbot.text.quantities import counted, duration_text

HOUR_S = 3_600.0
DAY_S = 86_400.0
AFTER_SYNC_S = 90.0
CONTROL_S = 120.0
ALPHA = 0.03
AT_ONCE_S = 10.0
MIN_ACCUSING = 3
MIN_RATE_RATIO = 2.0
MAX_CLEARED_EXCESS = 0.2
"""The sync is cleared when it is excluded (95 %) that more than this share of syncs kills."""
JUST_BEFORE_S = 45.0
"""Longest time that a live node says nothing: heartbeats are half a minute apart."""
MIN_DOUBTFUL = 5
DOUBTFUL_P = 0.001
DOUBTFUL_SHARE = 0.3
SKIP_P = 0.001
SKIP_RATIO = 3.0
SKIP_LOSSES = 10
MIN_OBSERVED_S = 60.0
MIN_LOSSES = 3
CUT_S = 60.0
DUMP_S = 15.0
QUIET_LIFE_S = 900.0
SILENCE_BACK_S = 18.0
ROUNDING_S = 1.0
KEYS_BACK_S = 48.0
PERIODIC_S = 300.0
MAJORITY = 0.5
_CUTS = (Cause.FIN, Cause.RESET)
_AWAY = (Cause.UNREACHABLE, Cause.STALLED)


class Verdict(enum.Enum):
    """What the losses come from."""

    SYNC_SUSPECTED = "sync suspected"
    SYNC_CLEARED = "sync cleared"
    ANOTHER_CLIENT = "another client takes the connection"
    DATABASE_DUMP = "the node-database dump"
    NODE_REBOOTS = "the node reboots"
    NETWORK_OR_POWER = "network or power"
    QUIET_MESH = "quiet mesh, not a fault"
    NOT_ENOUGH_DATA = "not enough data"


VERDICT_TEXTS = {
    Verdict.SYNC_SUSPECTED: "la synchronisation des clés est suspecte",
    Verdict.SYNC_CLEARED: "la synchronisation des clés est hors de cause",
    Verdict.ANOTHER_CLIENT: "un autre client prend la connexion",
    Verdict.DATABASE_DUMP: "l'envoi de la base du nœud coupe la liaison",
    Verdict.NODE_REBOOTS: "le nœud redémarre",
    Verdict.NETWORK_OR_POWER: "réseau ou alimentation",
    Verdict.QUIET_MESH: "maillage calme, pas une panne",
    Verdict.NOT_ENOUGH_DATA: "pas assez de données",
}
CAUSE_TEXTS = {
    Cause.SILENCE: "silence",
    Cause.FIN: "fermée par le nœud (FIN)",
    Cause.RESET: "réinitialisée (RST)",
    Cause.REFUSED: "refusée",
    Cause.UNREACHABLE: "nœud injoignable",
    Cause.STALLED: "nœud bloqué",
    Cause.REBOOTED: "redémarrage annoncé",
    Cause.REQUESTED: "demandée",
    Cause.PORT_LOST: "port série perdu",
    Cause.PORT_BUSY: "port série pris",
    Cause.PORT_FORBIDDEN: "port série interdit",
    Cause.OTHER: "autre cause",
}
_ADVICE = {
    Verdict.SYNC_SUSPECTED: (
        "Mettre TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT à True pendant deux jours, puis refaire ce "
        "rapport : il comparera les deux réglages. TCP_PUBKEY_SYNC_DELAY à 60 peut suffire.",
    ),
    Verdict.SYNC_CLEARED: (
        "Laisser TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT à False : sauter la synchronisation ne "
        "changerait rien aux coupures et retarderait les clés.",
    ),
    Verdict.ANOTHER_CLIENT: (
        "Fermer l'autre client : téléphone en Wi-Fi, second bot, domotique. Un nœud n'en sert "
        "qu'un. Aucune constante n'y change rien.",
    ),
    Verdict.DATABASE_DUMP: (
        "Laisser TCP_LIGHT_RECONNECT à True ; vider la base du nœud dans l'application si la "
        "première connexion échoue aussi.",
    ),
    Verdict.NODE_REBOOTS: (
        "Vérifier l'alimentation du nœud (5 V, 1 A, câble court) et son firmware ; regarder "
        "« reboot_count » et la tension dans l'application. Aucune constante n'y change rien.",
    ),
    Verdict.NETWORK_OR_POWER: (
        "Vérifier le Wi-Fi là où est le nœud (signal, canal, économie d'énergie du point d'accès) "
        "et son alimentation.",
    ),
    Verdict.QUIET_MESH: (
        "Ce bot-là n'interroge pas le nœud avant de déclarer le silence. Passer à celui-ci, qui le "
        "fait, ou y augmenter le délai de silence (TCP_SILENT_TIMEOUT à 600 au moins).",
    ),
    Verdict.NOT_ENOUGH_DATA: ("Laisser tourner le bot, refaire ce rapport dans un jour ou deux.",),
}


@dataclass(frozen=True)
class SyncEvidence:
    """Losses after syncs against losses in comparable time without one. Times in seconds."""

    syncs: int
    """Syncs during a live link."""
    after: int
    """Losses that began within a minute and a half after one."""
    after_s: float
    control: int
    control_s: float
    before: int
    """Of ``control``, those between the beginning of the session and its first sync."""
    before_s: float
    began_before: int
    """Silences that had begun when the sync in them ran: it cannot have caused them."""
    same_age: int = 0
    """Losses of sessions without a sync, at the age at which others are after theirs."""
    same_age_s: float = 0.0
    example: Loss | None = None
    """One of the silences begun before."""
    example_sync_s: float = 0.0
    losses: int = 0
    """All losses, in all the time that the link was up."""
    up_s: float = 0.0
    silences: int = 0
    just_before: int = 0
    """Silences whose last sign of life came shortly before a sync."""
    deferred_only: bool = False

    @property
    def doubtful(self) -> bool:
        """Whether last signs of life stand before syncs more often than by chance."""
        if self.just_before < max(MIN_DOUBTFUL, DOUBTFUL_SHARE * self.silences) or not self.up_s:
            return False
        syncs = self.syncs + self.began_before
        chance = min(1.0, syncs * JUST_BEFORE_S / self.up_s)
        return binomial_tail(self.just_before, self.silences, chance) < DOUBTFUL_P

    @property
    def bound(self) -> float:
        """The largest share of syncs that may kill the link and not be noticed (95 %)."""
        if not self.syncs:
            return 1.0
        most = upper_bound(self.after, self.syncs) * self.syncs
        return max(0.0, (most - self.background) / self.syncs)

    @property
    def expected(self) -> float:
        """How many losses would follow syncs by chance, at the rate of all the other time."""
        other_s = self.up_s - self.after_s
        return (self.losses - self.after) * self.after_s / other_s if other_s > 0 else 0.0

    @property
    def background(self) -> float:
        """How many losses there would be after syncs at the rate of the comparable time."""
        return self.control * self.after_s / self.control_s if self.control_s else 0.0

    @property
    def p_value(self) -> float:
        """The probability of so many, or more, if the sync does nothing."""
        share_s = self.after_s + self.control_s
        if not share_s:
            return 1.0
        return binomial_tail(self.after, self.after + self.control, self.after_s / share_s)

    @property
    def suspect(self) -> bool:
        """Whether losses follow syncs more often than chance allows."""
        if self.after < MIN_ACCUSING or not self.after_s:
            return False
        rate = self.after / self.after_s
        control = self.control / self.control_s if self.control_s else 0.0
        before = self.before / self.before_s if self.before_s else 0.0
        same_age = self.same_age / self.same_age_s if self.same_age_s else 0.0
        # The second look must see more.
        alpha, ratio = (ALPHA / 3, 1.5) if self.deferred_only else (ALPHA, 1.0)
        ratio *= MIN_RATE_RATIO
        return self.p_value < alpha and rate >= ratio * max(control, before, same_age)

    @property
    def cleared(self) -> bool:
        """Whether it is excluded, at 95 %, that every fifth sync kills the link."""
        if self.suspect or self.doubtful or not self.syncs or self.p_value < 0.05:
            return False
        return self.bound < MAX_CLEARED_EXCESS


@dataclass(frozen=True)
class SkipComparison:
    """Loss rates on days with the sync after a reconnection, and without."""

    losses_with: int
    hours_with: float
    losses_without: int
    hours_without: float

    @property
    def p_value(self) -> float:
        """The probability of so unequal rates if the setting makes no difference."""
        total = self.losses_with + self.losses_without
        share = self.hours_with / (self.hours_with + self.hours_without)
        more = binomial_tail(self.losses_with, total, share)
        less = binomial_tail(self.losses_without, total, 1 - share)
        return min(1.0, 2 * min(more, less))

    @property
    def accuses(self) -> bool:
        """Whether the sync costs losses beyond doubt."""
        rate_with = self.losses_with / self.hours_with
        rate_without = self.losses_without / self.hours_without
        return (
            self.p_value < SKIP_P
            and self.losses_with >= SKIP_LOSSES
            and rate_with >= SKIP_RATIO * rate_without
        )


@dataclass(frozen=True)
class Figures:
    """What operators watch. Times in seconds; None where there is nothing to measure."""

    observed_s: float
    up_s: float
    losses: int
    reconnections: int
    syncs: int
    uptime_percent: float | None
    reconnections_per_hour: float | None
    busiest_hour: int
    longest_run_s: float
    median_outage_s: float | None
    longest_outage_s: float | None
    median_to_silence_s: float | None
    median_handshake_s: float | None
    replies_lost: int


@dataclass(frozen=True)
class Criterion:
    """One of the bot's promises. ``passed`` is None where the data cannot tell."""

    name: str
    passed: bool | None
    evidence: str


@dataclass
class Diagnosis:
    """The whole judgement."""

    verdict: Verdict
    figures: Figures
    sync: SyncEvidence
    comparison: SkipComparison | None
    criteria: list[Criterion]
    causes: dict[Cause, int]
    reasons: list[str] = field(default_factory=list)
    advice: list[str] = field(default_factory=list)

    @property
    def headline(self) -> str:
        """The verdict as one French phrase."""
        return VERDICT_TEXTS[self.verdict]


def diagnose(history: LinkHistory) -> Diagnosis:
    """Return the judgement on a history."""
    comparison = skip_comparison(history)
    sync = _telling(sync_evidence(history), sync_evidence(history, deferred_only=True))
    verdict, reasons = _judge(history, sync, comparison)
    diagnosis = Diagnosis(
        verdict=verdict,
        figures=figures_of(history),
        sync=sync,
        comparison=comparison,
        criteria=[],
        causes=_causes(history.losses),
        reasons=reasons,
        advice=_advice(verdict, history, sync, comparison),
    )
    if verdict not in (Verdict.SYNC_SUSPECTED, Verdict.SYNC_CLEARED):
        diagnosis.reasons += _sync_reasons(sync)
    if comparison is not None and not comparison.accuses:
        diagnosis.reasons.append(_comparison_text(comparison))
    diagnosis.criteria = _criteria(history, sync, comparison)
    return diagnosis


def _telling(every: SyncEvidence, deferred: SyncEvidence) -> SyncEvidence:
    """Return the evidence that accuses, else the one that does not clear."""
    both = [every, deferred] if deferred.syncs else [every]
    return next(
        (one for one in both if one.suspect), next((one for one in both if not one.cleared), every)
    )


def _advice(
    verdict: Verdict,
    history: LinkHistory,
    sync: SyncEvidence,
    comparison: SkipComparison | None,
) -> list[str]:
    """Return what to change next."""
    advice = list(_ADVICE[verdict])
    if verdict is Verdict.SYNC_SUSPECTED and comparison is not None:
        advice = [
            "Laisser TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT à True : l'essai des deux réglages est fait."
            if comparison.accuses
            else "L'essai des deux réglages ne tranche pas : le prolonger de quelques jours."
        ]
    elif verdict is not Verdict.SYNC_SUSPECTED and sync.doubtful:
        advice.append(
            "La synchronisation n'est pas innocentée : TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT à True "
            "pendant deux jours le dirait."
        )
    if verdict is Verdict.NETWORK_OR_POWER and any(loss.asked for loss in history.losses):
        advice.append("TCP_SILENT_TIMEOUT peut rester à 120 : le nœud est interrogé avant.")
    return advice


# -- Figures -----------------------------------------------------------------------------------


def figures_of(history: LinkHistory) -> Figures:
    """Return the figures of a history."""
    observed_s = history.up_s + history.down_s
    reconnections = history.reconnections
    outages = [loss.outage_s for loss in history.losses if loss.outage_s is not None]
    to_silence = [
        session.loss.declared_s - session.reconnected_at_s
        for session in history.sessions
        if session.reconnected_at_s is not None
        and session.loss is not None
        and session.loss.cause is Cause.SILENCE
    ]
    handshakes = [
        session.handshake_s for session in history.sessions if session.handshake_s is not None
    ]
    return Figures(
        observed_s=observed_s,
        up_s=history.up_s,
        losses=len(history.losses),
        reconnections=len(reconnections),
        syncs=len(history.syncs),
        uptime_percent=(
            100 * history.up_s / observed_s
            if observed_s >= MIN_OBSERVED_S and history.tells_of_link
            else None
        ),
        reconnections_per_hour=(
            len(reconnections) * HOUR_S / observed_s if observed_s >= HOUR_S else None
        ),
        busiest_hour=_busiest_hour(reconnections),
        longest_run_s=max(
            ((session.end_s or history.last_s) - session.start_s for session in history.sessions),
            default=0.0,
        ),
        median_outage_s=statistics.median(outages) if outages else None,
        longest_outage_s=max(outages, default=None),
        median_to_silence_s=statistics.median(to_silence) if to_silence else None,
        median_handshake_s=statistics.median(handshakes) if handshakes else None,
        replies_lost=history.send_failures,
    )


def _busiest_hour(times_s: list[float]) -> int:
    """Return how many reconnections there were in the worst sixty minutes."""
    most = start = 0
    ordered = sorted(times_s)
    for end, time_s in enumerate(ordered):
        while time_s - ordered[start] >= HOUR_S:
            start += 1
        most = max(most, end - start + 1)
    return most


def _causes(losses: list[Loss]) -> dict[Cause, int]:
    found: dict[Cause, int] = {}
    for loss in losses:
        found[loss.cause] = found.get(loss.cause, 0) + 1
    return dict(sorted(found.items(), key=lambda item: -item[1]))


# -- The sync ----------------------------------------------------------------------------------


def sync_evidence(history: LinkHistory, *, deferred_only: bool = False) -> SyncEvidence:
    """Return what speaks for and against the key sync, or the deferred ones of them."""
    syncs = after = control = before = began_before = just_before = 0
    after_s = control_s = before_s = 0.0
    example: tuple[Loss, float] | None = None
    for session in history.sessions:
        end_s = session.end_s if session.end_s is not None else history.last_s
        first_s = session.start_s
        counting = [sync for sync in session.syncs if sync.deferred or not deferred_only]
        live = sorted(sync.at_s for sync in counting if sync.at_s < end_s)
        if session.reconnected_at_s is None and live and live[0] < first_s + AT_ONCE_S:
            first_s = live.pop(0) + AFTER_SYNC_S
            live = [at_s for at_s in live if at_s >= first_s]
        late = [sync.at_s for sync in counting if sync.at_s >= end_s]
        loss = session.loss
        if loss is not None and loss.cause is Cause.SILENCE and late:
            began_before += 1
            just_before += late[0] - loss.began_s <= JUST_BEFORE_S
            example = example or (loss, late[0])
        if live:
            waited_s = min(live[0] - first_s, CONTROL_S)
            before_s += waited_s
        elif session.reconnected_at_s is not None:
            # Lost before its sync, or without one: left out, it would seem that nothing is ever
            # lost then.
            waited_s = min(end_s - first_s, CONTROL_S)
            early = loss is not None and loss.began_s - first_s <= CONTROL_S
            before_s, control_s = before_s + waited_s, control_s + waited_s
            before, control = before + early, control + early
        if not live:
            continue
        syncs += len(live)
        for start_s, stop_s, counts_after in _spans(live[0] - waited_s, end_s, live):
            lost_here = loss is not None and start_s < loss.began_s <= stop_s
            if counts_after:
                after_s += stop_s - start_s
                after += lost_here
            else:
                control_s += stop_s - start_s
                control += lost_here
    return SyncEvidence(
        syncs,
        after,
        after_s,
        control,
        control_s,
        before,
        before_s,
        began_before,
        *_at_the_same_age(history),
        example[0] if example else None,
        example[1] if example else 0.0,
        len(history.losses),
        history.up_s,
        sum(loss.cause is Cause.SILENCE for loss in history.losses),
        just_before,
        deferred_only,
    )


def _at_the_same_age(history: LinkHistory) -> tuple[int, float]:
    """Return the losses, and the time, of sessions not synced at the age at which others are."""
    delays_s = [
        session.syncs[0].at_s - session.start_s
        for session in history.sessions
        if session.skips_sync is False and session.syncs
    ]
    if not delays_s:
        return 0, 0.0
    delay_s = statistics.median(delays_s)
    losses, time_s = 0, 0.0
    for session in history.sessions:
        if not session.skips_sync:
            continue
        end_s = session.end_s if session.end_s is not None else history.last_s
        end_s = min([end_s, *(sync.at_s for sync in session.syncs)])
        from_s = session.start_s + delay_s
        to_s = min(end_s, from_s + AFTER_SYNC_S)
        time_s += max(to_s - from_s, 0.0)
        losses += session.loss is not None and from_s < session.loss.began_s <= to_s
    return losses, time_s


def _spans(start_s: float, end_s: float, syncs_s: list[float]) -> list[tuple[float, float, bool]]:
    """Cut a session with syncs into time after one (True) and time to compare with (False)."""
    spans = [(start_s, syncs_s[0], False)]
    for at_s, next_s in zip(syncs_s, [*syncs_s[1:], math.inf], strict=True):
        stop_s = min(at_s + AFTER_SYNC_S, next_s, end_s)
        spans.append((at_s, stop_s, True))
        spans.append((stop_s, min(stop_s + CONTROL_S, next_s, end_s), False))
    return [span for span in spans if span[1] > span[0]]


def skip_comparison(history: LinkHistory) -> SkipComparison | None:
    """Return the loss rates under both settings, if there was time under both."""
    losses = {True: 0, False: 0}
    seconds = {True: 0.0, False: 0.0}
    for session in history.sessions:
        if session.skips_sync is None:
            continue
        end_s = session.end_s if session.end_s is not None else history.last_s
        seconds[session.skips_sync] += end_s - session.start_s
        losses[session.skips_sync] += session.loss is not None
    if min(seconds.values()) < HOUR_S:
        return None
    return SkipComparison(
        losses[False], seconds[False] / HOUR_S, losses[True], seconds[True] / HOUR_S
    )


def binomial_tail(successes: int, trials: int, chance: float) -> float:
    """Return the probability of ``successes`` or more in ``trials`` of probability ``chance``."""
    if successes <= 0:
        return 1.0
    if chance <= 0.0:
        return 0.0
    if chance >= 1.0:
        return 1.0
    if successes > trials * chance:
        return min(1.0, _binomial_sum(range(successes, trials + 1), trials, chance))
    return max(0.0, 1.0 - _binomial_sum(range(successes - 1, -1, -1), trials, chance))


def _binomial_sum(numbers: range, trials: int, chance: float) -> float:
    """Add up the probabilities of numbers that lead away from the likeliest."""
    total = 0.0
    for number in numbers:
        term = math.exp(
            math.lgamma(trials + 1)
            - math.lgamma(number + 1)
            - math.lgamma(trials - number + 1)
            + number * math.log(chance)
            + (trials - number) * math.log1p(-chance)
        )
        total += term
        if term < total * 1e-15:
            break
    return total


def upper_bound(successes: int, trials: int, confidence: float = 0.95) -> float:
    """Return the largest chance not excluded by ``successes`` in ``trials`` (Clopper-Pearson)."""
    if successes >= trials:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        # P(so few or fewer) falls as the chance grows.
        if 1.0 - binomial_tail(successes + 1, trials, middle) > 1.0 - confidence:
            low = middle
        else:
            high = middle
    return high


# -- The verdict -------------------------------------------------------------------------------


def _judge(
    history: LinkHistory, sync: SyncEvidence, comparison: SkipComparison | None
) -> tuple[Verdict, list[str]]:
    losses = history.losses
    number = len(losses) + len(history.dump_losses)
    observed = duration_text(history.up_s + history.down_s)
    if not history.tells_of_link:
        return Verdict.NOT_ENOUGH_DATA, [
            "aucune ligne sur la liaison elle-même : le journal a-t-il été filtré ?"
        ]
    if not number:
        if sync.cleared:
            return Verdict.SYNC_CLEARED, [
                f"aucune coupure en {observed}, pour {_syncs_text(sync.syncs)}"
            ]
        return Verdict.NOT_ENOUGH_DATA, [f"aucune coupure en {observed} : rien à expliquer"]
    if comparison is not None and comparison.accuses:
        return Verdict.SYNC_SUSPECTED, [_comparison_text(comparison), *_sync_reasons(sync)]
    if sync.suspect:
        return Verdict.SYNC_SUSPECTED, _sync_reasons(sync)
    if number < MIN_LOSSES and not history.contests:
        return Verdict.NOT_ENOUGH_DATA, [
            f"{counted(number, 'coupure', 'coupures')} seulement en {observed}"
        ]
    for judge in (_contested, _dumps, _quiet, _reboots, _network):
        found = judge(history)
        if found is not None:
            return found
    if sync.cleared:
        return Verdict.SYNC_CLEARED, [
            *_sync_reasons(sync),
            "les coupures n'ont pas de cause commune reconnue : "
            + ", ".join(
                f"{count} × {CAUSE_TEXTS[cause]}" for cause, count in _causes(losses).items()
            ),
        ]
    return Verdict.NOT_ENOUGH_DATA, [
        f"{counted(number, 'coupure', 'coupures')} en {observed}, sans cause commune"
    ]


def _share(history: LinkHistory, matching: int) -> float:
    return matching / max(1, len(history.losses) + len(history.dump_losses))


def _contested(history: LinkHistory) -> tuple[Verdict, list[str]] | None:
    """Sessions that the node closes in good order soon after they began, several in a row."""
    cut = [
        loss
        for loss in history.losses
        if (loss.cause in _CUTS and loss.life_s < CUT_S)
        or sum(cause in _CUTS for cause in loss.failures) >= 2
    ]
    # A node that another client uses goes on listening; one that boots does not.
    cut = [loss for loss in cut if Cause.REFUSED not in loss.failures]
    by_fin = sum(loss.cause is Cause.FIN for loss in cut)
    if history.contests or (
        len(cut) >= MIN_LOSSES and _share(history, len(cut)) >= MAJORITY and 2 * by_fin >= len(cut)
    ):
        reasons = [
            f"{counted(len(cut), 'session coupée', 'sessions coupées')} par le nœud en moins d'une "
            "minute"
        ]
        if history.contests:
            times = counted(len(history.contests), "fois", "fois")
            reasons.append(f"le bot a cédé la place {times}, trois coupures de suite chaque fois")
        if _share(history, len(cut)) >= MAJORITY or not history.losses:
            return Verdict.ANOTHER_CLIENT, reasons
    return None


def _dumps(history: LinkHistory) -> tuple[Verdict, list[str]] | None:
    """Links lost while, or right after, the node sent its database."""
    early = [
        loss
        for loss in history.losses
        if loss.cause in _CUTS
        and loss.life_s < DUMP_S
        # A text does not tell how many came; but a node that refuses the next is booting.
        and (Cause.REFUSED not in loss.failures if loss.nodes is None else loss.nodes > 1)
    ]
    number = len(early) + len(history.dump_losses)
    if _share(history, number) < MAJORITY or number < 2:
        return None
    reasons = []
    if history.dump_losses:
        nodes = max(count for _, count in history.dump_losses)
        reasons.append(
            f"{counted(len(history.dump_losses), 'liaison perdue', 'liaisons perdues')} pendant "
            f"l'envoi de la base ({nodes} nœuds reçus au plus)"
        )
    if early:
        reasons.append(
            f"{counted(len(early), 'liaison réinitialisée', 'liaisons réinitialisées')} moins de "
            f"{DUMP_S:.0f} s après une connexion complète"
        )
    return Verdict.DATABASE_DUMP, reasons


def _quiet(history: LinkHistory) -> tuple[Verdict, list[str]] | None:
    """Silences of a bot that does not ask, one after another, on a node that is always there."""
    silences = [loss for loss in history.losses if loss.cause is Cause.SILENCE and not loss.asked]
    there = [
        loss
        for loss in silences
        if not loss.failures
        and loss.attempts <= 1
        and loss.recovered_s is not None
        and loss.recovered_s - loss.declared_s <= 2 * SILENCE_BACK_S
    ]
    in_chains = [loss for loss in there if loss.life_s < QUIET_LIFE_S]
    if (
        _share(history, len(silences)) < MAJORITY
        or len(silences) < MIN_LOSSES
        or len(there) < 0.9 * len(silences)
        or len(in_chains) < MAJORITY * len(silences)
    ):
        return None
    return Verdict.QUIET_MESH, [
        f"{len(silences)} silences, et le nœud était là chaque fois : il a repris au premier essai",
        f"{len(in_chains)} d'entre eux moins d'un quart d'heure après le précédent : le "
        "maillage se taisait, pas la liaison",
    ]


def _reboots(history: LinkHistory) -> tuple[Verdict, list[str]] | None:
    """Connections refused for the time of a boot, or a node that says it restarted."""
    rebooted = [
        loss
        for loss in history.losses
        if loss.cause is Cause.REBOOTED
        or (
            Cause.REFUSED in loss.failures
            and loss.outage_s is not None
            and loss.outage_s - (loss.silence_s or 0.0) < 2 * CUT_S
        )
    ]
    if _share(history, len(rebooted)) < MAJORITY:
        return None
    outages = [loss.recovered_s - loss.declared_s for loss in rebooted if loss.recovered_s]
    reasons = [
        f"{len(rebooted)} coupures sur {len(history.losses)} où le port du nœud était fermé "
        "quelques instants, comme pendant un démarrage"
    ]
    if outages:
        reasons.append(f"de retour après {duration_text(statistics.median(outages))} (médiane)")
    return Verdict.NODE_REBOOTS, reasons


def _network(history: LinkHistory) -> tuple[Verdict, list[str]] | None:
    """Silences with unanswered questions, nodes out of reach, long absences."""
    lost = [
        loss
        for loss in history.losses
        if loss.cause in (Cause.SILENCE, *_AWAY) or any(cause in _AWAY for cause in loss.failures)
    ]
    if _share(history, len(lost)) < MAJORITY:
        return None
    silences = sum(loss.cause is Cause.SILENCE for loss in lost)
    away = len(lost) - silences
    reasons = []
    if silences:
        asked = any(loss.asked for loss in lost)
        how = "sans réponse du nœud, pourtant interrogé" if asked else "sans autre signe"
        reasons.append(f"{counted(silences, 'silence', 'silences')} {how}")
    if away:
        reasons.append(f"{counted(away, 'coupure', 'coupures')} où le nœud était injoignable")
    return Verdict.NETWORK_OR_POWER, reasons


def _syncs_text(number: int) -> str:
    return counted(number, "synchronisation", "synchronisations")


def _sync_reasons(sync: SyncEvidence) -> list[str]:
    """Say what speaks for or against the sync, and when the data are too few."""
    reasons = []
    if sync.suspect:
        reasons.append(
            f"{sync.after} coupures ont commencé dans les 90 s après une synchronisation, pour "
            f"{_syncs_text(sync.syncs)} ; le hasard en donnerait {_decimal(sync.expected)} "
            f"(p {_p_text(sync.p_value)})"
        )
    elif sync.cleared:
        reasons.append(
            f"synchronisation hors de cause : {counted(sync.after, 'coupure', 'coupures')} dans "
            f"les 90 s après {_syncs_text(sync.syncs)}, {_decimal(sync.expected)} attendues par "
            f"hasard (p {_p_text(sync.p_value)}) ; elle en causerait au plus pour "
            f"{_percent(sync.bound)} d'entre elles, à 95 %"
        )
    elif sync.doubtful:
        reasons.append(
            f"dans {sync.just_before} silences sur {sync.silences} une synchronisation a suivi le "
            f"dernier signe de vie de moins de {JUST_BEFORE_S:.0f} s, plus que par hasard : elle "
            "n'est pas innocentée"
        )
    elif sync.syncs:
        what = " différée" if sync.deferred_only else ""
        reasons.append(
            f"trop peu de données pour juger la synchronisation{what} : {_syncs_text(sync.syncs)}, "
            f"{counted(sync.after, 'coupure', 'coupures')} dans les 90 s qui suivent"
        )
    if (
        sync.began_before
        and not sync.doubtful
        and sync.example is not None
        and sync.example.silence_s is not None
    ):
        before_s = sync.example_sync_s - sync.example.began_s
        reasons.append(
            f"{counted(sync.began_before, 'silence avait', 'silences avaient')} commencé avant la "
            f"synchronisation : l'un de {sync.example.silence_s:.0f} s, {before_s:.0f} s plus tôt"
        )
    return reasons


def _comparison_text(comparison: SkipComparison) -> str:
    with_rate = 24 * comparison.losses_with / comparison.hours_with
    without_rate = 24 * comparison.losses_without / comparison.hours_without
    means = (
        "la différence n'est pas due au hasard"
        if comparison.p_value < 0.05
        else "cette différence ne veut rien dire"
    )
    return (
        f"{_decimal(with_rate)} coupures par jour avec la synchronisation, "
        f"{_decimal(without_rate)} sans "
        f"(TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT) : {means} (p {_p_text(comparison.p_value)})"
    )


def _p_text(p_value: float) -> str:
    return "< 0,001" if p_value < 0.001 else f"= {p_value:.3f}".replace(".", ",")


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.01 else "1 %"


def _decimal(value: float) -> str:
    return f"{value:.1f}".replace(".", ",")


# -- The promises ------------------------------------------------------------------------------


def _criteria(
    history: LinkHistory, sync: SyncEvidence, comparison: SkipComparison | None
) -> list[Criterion]:
    silences = [
        loss
        for loss in history.losses
        if loss.cause is Cause.SILENCE and not loss.failures and loss.recovered_s is not None
    ]
    return [
        _silence_criterion(silences),
        _keys_criterion(history),
        _messages_criterion(history),
        Criterion(
            "aucune coupure causée par le bot",
            _no_harm(sync, comparison),
            (_sync_reasons(sync) or ["aucune synchronisation après une reconnexion"])[0],
        ),
    ]


def _no_harm(sync: SyncEvidence, comparison: SkipComparison | None) -> bool | None:
    if sync.suspect or (comparison is not None and comparison.accuses):
        return False
    return True if sync.cleared and sync.p_value >= 0.2 else None


def _silence_criterion(silences: list[Loss]) -> Criterion:
    name = f"liaison silencieuse rétablie en {SILENCE_BACK_S:.0f} s"
    if not silences:
        return Criterion(name, None, "aucun silence dont le nœud soit revenu aussitôt")
    times_s = [loss.recovered_s - loss.declared_s for loss in silences if loss.recovered_s]
    late = sum(time_s > SILENCE_BACK_S + ROUNDING_S for time_s in times_s)
    return Criterion(
        name,
        not late,
        f"{len(times_s) - late} fois sur {len(times_s)}, {statistics.median(times_s):.0f} s "
        f"(médiane), {max(times_s):.0f} s au plus",
    )


def _keys_criterion(history: LinkHistory) -> Criterion:
    """From the declared silence, or for a loss of another kind from the reconnection."""
    name = "clés de retour : T+48 s, ou au prochain cycle périodique"
    times_s, late = [], 0
    for before, session in zip(history.sessions, history.sessions[1:], strict=False):
        loss = before.loss
        if loss is None or session.reconnected_at_s is None or session.skips_sync is None:
            continue
        limit_s = PERIODIC_S if session.skips_sync else KEYS_BACK_S - SILENCE_BACK_S
        end_s = session.end_s if session.end_s is not None else history.last_s
        back_s = _first_complete_s(session)
        if back_s is None and end_s - session.reconnected_at_s < limit_s + ROUNDING_S:
            continue  # lost again, or not yet over
        time_s = (back_s if back_s is not None else math.inf) - session.reconnected_at_s
        times_s.append(time_s)
        late += time_s > limit_s + 2 * ROUNDING_S
    if not times_s:
        return Criterion(name, None, "aucune reconnexion assez longue")
    return Criterion(
        name, not late, f"{len(times_s) - late} fois sur {len(times_s)} après une reconnexion"
    )


def _first_complete_s(session: Session) -> float | None:
    return min((sync.ended_s for sync in session.syncs if sync.ended_s is not None), default=None)


def _messages_criterion(history: LinkHistory) -> Criterion:
    name = "messages scellés ouverts par le bot"
    if not history.messages_opened + history.messages_not_opened:
        return Criterion(name, None, "aucun message scellé, ou un journal en texte")
    return Criterion(
        name,
        history.messages_opened > 0,
        f"{history.messages_opened} ouverts, {history.messages_not_opened} non",
    )
