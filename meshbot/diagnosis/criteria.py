"""The bot's promises about the link, and whether it kept them. Pure."""

import math
import statistics
from dataclasses import dataclass

from meshbot.diagnosis.case import Case
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.loss import Loss
from meshbot.diagnosis.session import Session
from meshbot.diagnosis.sync_reasons import sync_reasons
from meshbot.model.cause import Cause
from meshbot.text.language import tr
from meshbot.text.quantities import counted
from meshbot.text.typography import phrases

SILENCE_BACK_S = 18.0
RETRY_BACK_S = 73.0
"""After a failed attempt: the longest pause (60 s), what it takes to see that an attempt meets
nobody (10 s), since text journals date attempts by their beginning, and the stabilization (3 s)."""
KEYS_BACK_S = 48.0
PERIODIC_S = 300.0
ROUNDING_S = 1.0
CLEAR_P = 0.2


@dataclass(frozen=True)
class Criterion:
    """One of the bot's promises. ``passed`` is None where the data cannot tell."""

    name: str
    passed: bool | None
    evidence: str


def criteria_of(case: Case) -> list[Criterion]:
    """Return the promises, in the order of the report."""
    return [
        _silence_criterion(case.history),
        _keys_criterion(case.history),
        _messages_criterion(case.history),
        _no_harm_criterion(case),
    ]


def _silence_criterion(history: LinkHistory) -> Criterion:
    """Judge what the bot itself took, from when the node would have served it.

    Not before the last attempt that failed; and how long the attempt that succeeded waited for the
    node's configuration is the node's time as well: a process that is stopped accepts connections.
    """
    name = tr("liaison silencieuse rétablie en {silence_back:.0f} s", silence_back=SILENCE_BACK_S)
    silences = [loss for loss in history.losses if loss.cause is Cause.SILENCE]
    prompt_s = [
        _own_s(loss, loss.declared_s, loss.recovered_s)
        for loss in silences
        if not loss.failures and loss.recovered_s is not None
    ]
    retried_s = [
        _own_s(loss, loss.failed_s, loss.recovered_s)
        for loss in silences
        if loss.failed_s is not None and loss.recovered_s is not None
    ]
    said = []
    late = sum(time_s > SILENCE_BACK_S + ROUNDING_S for time_s in prompt_s)
    if prompt_s:
        said.append(
            tr(
                "{prompt} fois sur {prompt2}, "
                "{median:.0f} s (médiane), {prompt3:.0f} s au plus, "
                "le temps de réponse du nœud non compté",
                prompt=len(prompt_s) - late,
                prompt2=len(prompt_s),
                median=statistics.median(prompt_s),
                prompt3=max(prompt_s),
            )
        )
    if retried_s:
        times = counted(len(retried_s), "fois", "fois")
        said.append(
            tr(
                "{times} le nœud n'était pas encore là : repris {retried:.0f} s au plus après "
                "le dernier essai manqué",
                times=times,
                retried=max(retried_s),
            )
        )
    if late or any(time_s > RETRY_BACK_S + ROUNDING_S for time_s in retried_s):
        return Criterion(name, passed=False, evidence=phrases(said))
    if not said:
        return Criterion(name, None, tr("aucun silence dont le nœud soit revenu aussitôt"))
    return Criterion(name, True if prompt_s else None, phrases(said))


def _own_s(loss: Loss, since_s: float, recovered_s: float) -> float:
    """Return how much of the time from then to the success the node was not waited for."""
    return max(recovered_s - since_s - (loss.handshake_s or 0.0), 0.0)


def _keys_criterion(history: LinkHistory) -> Criterion:
    name = tr("clés de retour : T+48 s, ou au prochain cycle périodique")
    in_time = [
        kept
        for before, session in zip(history.sessions, history.sessions[1:], strict=False)
        if before.loss is not None
        and (kept := _keys_are_back_in_time(session, history.end_of(session))) is not None
    ]
    if not in_time:
        return Criterion(name, None, tr("aucune reconnexion assez longue"))
    return Criterion(
        name,
        all(in_time),
        tr(
            "{sum} fois sur {in_time} après une reconnexion", sum=sum(in_time), in_time=len(in_time)
        ),
    )


def _keys_are_back_in_time(session: Session, end_s: float) -> bool | None:
    """Say whether the keys came back in time; None if that cannot be told.

    The time counts from the declared silence, or for a loss of another kind from the reconnection.
    """
    if session.reconnected_at_s is None or session.skips_sync is None:
        return None
    limit_s = PERIODIC_S if session.skips_sync else KEYS_BACK_S - SILENCE_BACK_S
    back_s = session.keys_back_s
    if back_s is None and end_s - session.reconnected_at_s < limit_s + ROUNDING_S:
        return None  # lost again, or not yet over
    time_s = (back_s if back_s is not None else math.inf) - session.reconnected_at_s
    return time_s <= limit_s + 2 * ROUNDING_S


def _messages_criterion(history: LinkHistory) -> Criterion:
    name = tr("messages scellés ouverts par le bot")
    if not history.messages_opened + history.messages_not_opened:
        return Criterion(name, None, tr("aucun message scellé, ou un journal en texte"))
    return Criterion(
        name,
        history.messages_opened > 0,
        tr(
            "{messages_opened}, {messages_not_opened} non",
            messages_opened=counted(history.messages_opened, "ouvert", "ouverts"),
            messages_not_opened=history.messages_not_opened,
        ),
    )


def _no_harm_criterion(case: Case) -> Criterion:
    passed = None if case.sync_accused is None else not case.sync_accused
    if passed and case.sync.p_value < CLEAR_P and case.sync.after.losses > case.sync.expected:
        passed = None
    reasons = sync_reasons(case) or [tr("aucune synchronisation après une reconnexion")]
    return Criterion(tr("aucune coupure causée par le bot"), passed, reasons[0])
