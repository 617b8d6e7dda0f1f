"""The thread ``alerts``: where the parts of the bot leave what the operator may want to know.

Owns the policy, which it alone uses, and the senders. Any thread may tell; telling never waits.
"""

import contextlib
import logging
import math
import queue
import time
from collections.abc import Callable, Hashable, Sequence
from functools import partial

from meshbot.alerts.alert_policy import EVENT_KINDS, AlertPolicy
from meshbot.alerts.alert_sender import AlertSender
from meshbot.model.link_event import EventKind, LinkEvent
from meshbot.text.language import mark, tr
from meshbot.threads.bot_thread import BotThread
from meshbot.threads.shortage import NoThreadError

log = logging.getLogger(__name__)

MOST_FACTS = 1_000
FIRST_VERDICT_S = 120.0
"""After the start, which has enough to do."""
VERDICT_INTERVAL_S, VERDICT_AGES_S = 900.0, 86_400.0
_Fact = Callable[[], object]


class AlertDesk(BotThread):
    """Takes facts, has the policy judge them, and gives what it lets pass to every sender."""

    error_line = mark("❌ Erreur inattendue dans les alertes")
    wants_reserve = False

    def __init__(
        self,
        policy: AlertPolicy,
        senders: Sequence[AlertSender],
        judge_link: Callable[[], tuple[str, str] | None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; ``judge_link`` returns the verdict on the link, and may take a while."""
        super().__init__("alerts", clock)
        self._policy = policy
        self._senders = senders
        self._judge_link = judge_link
        self._facts: queue.Queue[_Fact | None] = queue.Queue(MOST_FACTS)
        self._judge_s = clock() + FIRST_VERDICT_S
        self._judged_s = -math.inf
        self._was_lost = False
        """Since it was judged last; the thread's own."""

    def start(self) -> None:
        """Start the threads; where the system refuses them there are no alerts, and a line."""
        try:
            for sender in self._senders:
                sender.start()
            super().start()
        except NoThreadError:
            log.warning(tr("⚠️ Pas d'alertes : cette machine n'accorde plus de fil d'exécution"))

    def stop(self, timeout_s: float) -> bool:
        """End all the threads; return whether they ended in time."""
        until_s = time.monotonic() + timeout_s
        for sender in self._senders:
            sender.ask_to_stop()
        ended = [super().stop(timeout_s)]
        ended += [sender.stop(max(until_s - time.monotonic(), 0.0)) for sender in self._senders]
        return all(ended)

    # -- What the bot's parts tell, on any thread ------------------------------------------------

    def link_event(self, event: LinkEvent) -> None:
        """Take an event of the link's journal."""
        if event.kind in EVENT_KINDS:
            self._tell(partial(self._link_event, event))

    def key_waits(self, num: int, key: bytes, text: str) -> None:
        """Take a key that waits for the operator's decision, with what is said of it."""
        self._tell(partial(self._policy.key_waits, num, key, text))

    def node_warned(self, what: Hashable, text: str) -> None:
        """Take what the node warns of."""
        self._tell(partial(self._policy.node_warned, what, text))

    def store_remade(self, text: str) -> None:
        """Take that the database was set aside, or made anew."""
        self._tell(partial(self._policy.store_remade, text))

    def order_obeyed(self, num: int, text: str) -> None:
        """Take that an order of a node was obeyed."""
        self._tell(partial(self._policy.order_obeyed, num, text))

    def _tell(self, fact: _Fact) -> None:
        try:
            self._facts.put_nowait(fact)
        except queue.Full:
            log.debug("too many facts for the alerts")

    # -- On the thread -------------------------------------------------------------------------

    def _wake(self) -> None:
        with contextlib.suppress(queue.Full):  # not asleep then
            self._facts.put_nowait(None)

    def _do_next(self) -> None:
        fact = self._next_fact()
        if fact is not None:
            fact()
        elif not self._stopping.is_set():
            self._look_at_verdict()
        for alert in self._policy.due():
            for sender in self._senders:
                sender.post(alert)

    def _next_fact(self) -> _Fact | None:
        """Return the next fact; None when something is due, or the thread is to end."""
        next_s = self._policy.next_s()
        due_s = self._judge_s if next_s is None else min(next_s, self._judge_s)
        try:
            return self._facts.get(timeout=max(due_s - self._clock(), 0.0))
        except queue.Empty:
            return None

    def _link_event(self, event: LinkEvent) -> None:
        self._was_lost = self._was_lost or event.kind is EventKind.LOST
        self._policy.link_event(event)

    def _look_at_verdict(self) -> None:
        if self._clock() < self._judge_s:
            return
        now_s = self._clock()
        self._judge_s = now_s + VERDICT_INTERVAL_S
        if not self._was_lost and now_s - self._judged_s < VERDICT_AGES_S:
            return  # it can hardly be another
        self._was_lost, self._judged_s = False, now_s
        verdict = self._judge_link()
        if verdict is not None:
            self._policy.verdict(*verdict)
