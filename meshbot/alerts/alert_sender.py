"""One thread for each service: gives it the alerts that wait, and tries again when it is away.

Owns the alerts that wait, guarded by ``_changed``, a leaf. Any thread may post.
"""

import logging
import threading
import time
from collections.abc import Callable

from meshbot.alerts.alert import Alert
from meshbot.alerts.alert_outbox import AlertOutbox, Batch
from meshbot.alerts.alert_texts import notification_of
from meshbot.alerts.apprise_runner import AppriseRunner
from meshbot.text.language import mark, tr
from meshbot.text.quantities import counted, duration_text
from meshbot.threads.bot_thread import BotThread

log = logging.getLogger(__name__)


class AlertSender(BotThread):
    """The way to one service; what it cannot take waits and harms nobody else."""

    error_line = mark("❌ Erreur inattendue dans l'envoi d'une alerte")
    wants_reserve = False

    def __init__(
        self,
        url: str,
        name: str,
        machine: str,
        runner: AppriseRunner,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Prepare; ``name`` is what the log calls the service, ``machine`` what it calls us."""
        super().__init__("alert-sender", clock)
        self._url = url
        self._name = name
        self._machine = machine
        self._runner = runner
        self._wall_clock = wall_clock
        self._changed = threading.Condition()
        self._outbox = AlertOutbox()

    def post(self, alert: Alert) -> None:
        """Have an alert sent as soon as the service takes it."""
        with self._changed:
            self._outbox.put(alert)
            self._changed.notify()

    def ask_to_stop(self) -> None:
        """Have the thread end, without waiting for it."""
        self._stopping.set()
        self._wake()

    def _wake(self) -> None:
        self._runner.cancel()
        with self._changed:
            self._changed.notify()

    def _do_next(self) -> None:
        batch = self._next_batch()
        if batch is None:
            return
        now = notification_of(batch, self._machine, self._clock(), self._wall_clock)
        if self._runner.send(self._url, now.title, now.body, now.type):
            self._sent(batch)
        elif not self._stopping.is_set():
            self._not_sent()

    def _next_batch(self) -> Batch | None:
        """Return what is due; None after a wait that something ended."""
        with self._changed:
            wait_s = self._outbox.wait_s(self._clock())
            if wait_s == 0:
                return self._outbox.batch()
            if not self._stopping.is_set():
                self._changed.wait(wait_s)
            return None

    def _recover(self) -> None:
        with self._changed:
            self._outbox.not_sent(self._clock())

    def _sent(self, batch: Batch) -> None:
        with self._changed:
            was_failing = self._outbox.failing
            self._outbox.sent(batch)
        if was_failing:
            log.info(tr("✅ Les alertes partent de nouveau par %s"), self._name)
        log.debug("%d alerts sent by %s", len(batch.alerts), self._name)

    def _not_sent(self) -> None:
        with self._changed:
            was_failing = self._outbox.failing
            pause_s = self._outbox.not_sent(self._clock())
            waiting = self._outbox.waiting
        if was_failing:
            log.debug("%d alerts wait for %s", waiting, self._name)
            return
        log.warning(
            tr("⚠️ Alerte non prise par %s : %s, gardée ; nouvel essai dans %s"),
            self._name,
            counted(waiting, "alerte", "alertes"),
            duration_text(pause_s),
        )
