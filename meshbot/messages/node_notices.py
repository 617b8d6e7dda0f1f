"""Tells the operator what the node says to its client beside its packets, in words.

That is a ``ClientNotification``, of which the firmware makes a sentence in English (``Router.cpp``,
``NodeDB.cpp``, ``main.cpp``; 2.6 also marks the kind by a variant), or how locked it is (2.8).
Each kind is said once a day, and again when it says something else. What others can have the node
say, in ever new words, does not use up the lines of the rest. On the worker thread.
"""

import logging
import re
import time
from collections.abc import Callable, Hashable

from meshtastic.protobuf import mesh_pb2

from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.text.foreign_text import quoted
from meshbot.text.language import mark, tr
from meshbot.text.line_limiter import LineLimiter
from meshbot.text.quantities import counted

log = logging.getLogger(__name__)

DAY_S = 86_400.0
MAX_LINES_A_DAY = 60
MINUTE_S = 60.0
MAX_SILENT_MINUTES = 60  # airtime.cpp, getSilentMinutes: more is nonsense
_DUTY_CYCLE = re.compile(r"duty cycle limit exceeded(?:\D*(\d{1,4}) min)?", re.IGNORECASE)
_DUPLICATED = "has advertised your public key"
_COMPROMISED, _REGENERATED = "compromised keys", "regenerated"
_KEY_VERIFICATIONS = (
    "key_verification_number_inform",
    "key_verification_number_request",
    "key_verification_final",
)
_Lock = mesh_pb2.LockdownStatus
_LOCK_TEXTS = {
    _Lock.State.NEEDS_PROVISION: mark("sa phrase secrète n'est pas encore choisie"),
    _Lock.State.LOCKED: mark("il est verrouillé"),
    _Lock.State.UNLOCK_FAILED: mark("une phrase secrète fausse lui a été donnée"),
}


class NodeNotices:
    """What was said lately."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing was said."""
        self._clock = clock
        self._lines = LineLimiter(DAY_S, MAX_LINES_A_DAY)
        self._other_lines = LineLimiter(DAY_S, MAX_LINES_A_DAY)
        self.on_warning: Callable[[Hashable, str], object] = lambda what, line: None
        """Told of each warning about our own node that is said. Must not block."""

    def hear(self, interface: SupervisedInterface, message: mesh_pb2.FromRadio) -> None:
        """Say what a message means that is a notification or about a lock."""
        if message.HasField("clientNotification"):
            self._notified(interface, message.clientNotification)
        elif message.HasField("lockdown_status"):
            self._locked(message.lockdown_status)

    def duty_cycle_reached(
        self, interface: SupervisedInterface, silent_minutes: int | None = None
    ) -> None:
        """Say that the node may not send for now; ``silent_minutes``: for how long, if it said."""
        silent_minutes = min(silent_minutes or 0, MAX_SILENT_MINUTES)
        until_s = self._clock() + MINUTE_S * silent_minutes
        interface.mute_until_s = max(interface.mute_until_s, until_s)
        rest = counted(silent_minutes, "minute", "minutes") if silent_minutes else tr("un moment")
        self._warn(
            "duty cycle",
            tr(
                "⚠️ Le nœud a épuisé son temps d'émission légal : sa radio se tait encore "
                "{rest}, et "
                "les réponses attendent d'ici là, ou sont perdues. Si cela revient : espacer sa "
                "télémétrie et ses positions, ou choisir un préréglage plus rapide",
                rest=rest,
            ),
        )

    def _notified(
        self, interface: SupervisedInterface, notification: mesh_pb2.ClientNotification
    ) -> None:
        text, kind = notification.message, notification.WhichOneof("payload_variant")
        duty_cycle = _DUTY_CYCLE.search(text)
        if duty_cycle is not None:
            self.duty_cycle_reached(interface, int(duty_cycle.group(1) or 0) or None)
        elif kind == "duplicated_public_key" or _DUPLICATED in text:
            self._warn(
                "duplicated key",
                tr(
                    "⚠️ Un autre appareil annonce la clé publique de notre nœud : sauvegarde remise "
                    "sur deux nœuds, ou clé volée. Refaire les clés du nœud (application : "
                    "Sécurité, "
                    "Régénérer la clé privée). Le nœud dit : {said}",
                    said=quoted(text),
                ),
            )
        elif kind == "low_entropy_key" or _COMPROMISED in text.lower():
            self._compromised(regenerated=_REGENERATED in text.lower())
        elif kind in _KEY_VERIFICATIONS:
            name = quoted(getattr(notification, kind).remote_longname)
            self._warn_of_others(
                ("verification", name),
                tr(
                    "🔑 Vérification de clé avec {name} en cours : la conclure dans "
                    "l'application ou sur l'écran du nœud, si elle est voulue",
                    name=name or tr("un nœud"),
                ),
            )
        elif text:
            self._warn_of_others(
                ("other", text), tr("📟 Le nœud signale : {what}", what=quoted(text))
            )

    def _compromised(self, *, regenerated: bool) -> None:
        if regenerated:
            rest = tr(
                "et le nœud les a refaites : ses correspondants doivent le supprimer de leur "
                "liste, puis attendre son prochain NodeInfo"
            )
        else:
            rest = tr("les refaire (application : Sécurité, Régénérer la clé privée)")
        self._warn(
            ("compromised", regenerated),
            tr(
                "⚠️ Les clés de notre nœud étaient connues d'avance (hasard trop faible) : {rest}",
                rest=rest,
            ),
        )

    def _locked(self, status: mesh_pb2.LockdownStatus) -> None:
        text = _LOCK_TEXTS.get(status.state)
        if text is None:
            return
        reason = quoted(status.lock_reason)
        self._warn(
            ("lock", status.state, reason),
            tr(
                "🔒 Le nœud ne donne au bot ni messages ni clés : {what}. Le déverrouiller dans "
                "l'application, avec sa phrase secrète",
                what=tr(text) + (f" ({reason})" if reason else ""),
            ),
        )

    def _warn(self, key: Hashable, line: str) -> None:
        if self._lines.allows(key, self._clock()):
            log.warning("%s", line)
            self.on_warning(key, line)

    def _warn_of_others(self, key: Hashable, line: str) -> None:
        if self._other_lines.allows(key, self._clock()):
            log.warning("%s", line)
