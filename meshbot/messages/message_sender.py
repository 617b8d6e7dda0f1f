"""The thread ``bot-sender``: whatever the bot sends goes through here, one after another.

Owns the outbound queue. Any thread may queue a text or a request; only this thread sends one.
A reply is queued without its text: when its turn has come the worker is asked for that, and waited
for, so that a reply which stood in the queue, or waited for the link, is no older than its sending.

Texts are spaced, because the firmware silently drops a text that comes within 2 s of another
(measured, 2.7 and 2.8). The pause runs from the node's own word on the previous text, so that a
slow Wi-Fi cannot push two together. A text whose fate is unknown, because the link died first, is
sent again under the same packet id: a node that had it already drops the copy. A request is tried
once, on the interface it was meant for.
"""

import contextlib
import logging
import queue
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.mesh.direct_messages import CannotOpen
from meshbot.mesh.sealed_messages import SealedMessages
from meshbot.messages.key_book import KeyBook, recipient_label
from meshbot.messages.outgoing_request import OutgoingRequest
from meshbot.messages.outgoing_text import OutgoingReply, OutgoingText
from meshbot.messages.reply_text import ReplyText
from meshbot.messages.routing_errors import is_queued, routing_error_text
from meshbot.messages.sender_settings import SenderSettings
from meshbot.messages.sent_texts import SentTexts
from meshbot.messages.text_delivery import DeliveryOutcome, TextDelivery
from meshbot.model.cause import Cause
from meshbot.model.link_error import LinkError
from meshbot.model.link_event import EventKind
from meshbot.model.link_notes import LinkNotes
from meshbot.text.cause_texts import cause_text
from meshbot.text.quantities import duration_text
from meshbot.text.text_split import split_text
from meshbot.threads.bot_thread import BotThread

log = logging.getLogger(__name__)

MAX_WAITING_TEXTS = 100
LINK_POLL_S = 0.5
MAX_UNSURE_SENDS = 4
ASK_AGAIN_S = 10.0  # the worker may have dropped the question, or be at something else

_Outgoing = OutgoingText | OutgoingReply | OutgoingRequest


class LiveLink(Protocol):
    """Where the live interface comes from."""

    def wait_live(self, timeout_s: float) -> SupervisedInterface | None:
        """Return the live interface, waiting for one up to ``timeout_s``."""


class MessageSender(BotThread):
    """Sends texts in the order they were queued, spaced, each once."""

    error_line = "❌ Erreur inattendue, un envoi est perdu"

    def __init__(
        self,
        link: LiveLink,
        keys: KeyBook,
        sealer: SealedMessages,
        settings: SenderSettings,
        *,
        post: Callable[[Callable[[], object]], object] = lambda call: call(),
        notes: LinkNotes | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; :meth:`start` starts the thread.

        ``post`` brings a call to the thread that makes the replies.
        """
        super().__init__("bot-sender", clock)
        self._link = link
        self._keys = keys
        self._settings = settings
        self._notes = notes or LinkNotes()
        self._post = post
        self._queue: queue.Queue[_Outgoing | None] = queue.Queue(MAX_WAITING_TEXTS)
        self._sent = SentTexts()
        self._delivery = TextDelivery(keys, sealer, self._sent, settings, clock)

    def is_full(self) -> bool:
        """Say whether a text queued now would be dropped."""
        return self._queue.full()

    def send(
        self,
        text: str | Callable[[], str],
        to: int,
        *,
        channel: int = 0,
        reply_id: int = 0,
        sealed: bool = False,
    ) -> None:
        """Queue a text for node ``to`` (or a channel's broadcast), cut into messages that fit.

        A function instead of the text makes it, on the worker's thread, when its turn has come.
        Never blocks; when too many wait, the new one is dropped with a line.
        """
        blank = OutgoingText("", to, channel, reply_id, sealed, self._clock())
        waiting: list[OutgoingText | OutgoingReply]
        waiting = (
            [*self._parts(text, blank)] if isinstance(text, str) else [OutgoingReply(text, blank)]
        )
        if not all(self._queued(outgoing) for outgoing in waiting):
            log.warning(
                "⚠️ Trop de réponses en attente : celle pour %s est jetée",
                self._label(to),
            )

    def _parts(self, text: str, blank: OutgoingText) -> list[OutgoingText]:
        parts = split_text(text, self._settings.max_bytes, self._settings.max_parts)
        return [replace(blank, text=part) for part in parts]

    def request(self, request: OutgoingRequest) -> bool:
        """Queue a request; return whether there was room. Never blocks."""
        return self._queued(request)

    def routing_error(self, packet_id: int, source: int, error: int, own_num: int) -> int | None:
        """Take a routing error about a packet that may be one of ours; say what it means.

        If our own node lacks the key, the text goes out again under our own seal. Returns the
        number of the node whose key our own node is then known to lack.
        """
        news = self._sent.routing_error(packet_id, source, error, own_num)
        text = news.failed
        if text is None:
            return news.lacking
        if news.key_missing and self._delivery.can_seal(self._link.wait_live(0.0), text.to):
            self._delivery.say_we_seal(text.to)
            if self._queued(replace(text, sealed=True, packet_id=0)):
                return news.lacking
        log.warning(
            "⚠️ Réponse à %s non remise : %s",
            self._label(text.to),
            routing_error_text(error),
        )
        return news.lacking

    def _queued(self, outgoing: _Outgoing) -> bool:
        try:
            self._queue.put_nowait(outgoing)
        except queue.Full:
            return False
        return True

    # -- The thread ----------------------------------------------------------------------------

    def _wake(self) -> None:
        with contextlib.suppress(queue.Full):  # not asleep then, and sees that it is to stop
            self._queue.put_nowait(None)

    def _do_next(self) -> None:
        """Send what comes next. At the end, texts that wait are lost."""
        self.progress.idle()
        outgoing = self._queue.get()
        self.progress.step()
        if isinstance(outgoing, OutgoingText):
            self._send_or_drop(outgoing)
        elif isinstance(outgoing, OutgoingReply):
            self._send_reply(outgoing)
        elif outgoing is not None:
            self._send_request(outgoing)

    def _send_request(self, request: OutgoingRequest) -> None:
        """Send a request, if its interface still is the live one."""
        interface, result = request.interface, None
        try:
            if interface is self._link.wait_live(0.0):
                packet_id = interface.new_packet_id()
                interface.send_packet(request.packet(interface, packet_id))
                patience_s = self._settings.confirm_timeout_s
                status = interface.wait_for_queue_status(packet_id, patience_s, patience_s)
                if status is not None:
                    result = 0 if is_queued(status.res) else status.res
        except LinkError as error:
            log.debug("request not sent: %s", error)
        finally:
            request.done(result)

    def _send_or_drop(self, text: OutgoingText, made_on: SupervisedInterface | None = None) -> None:
        problem = self._send_text(text, made_on)
        if problem is not None:
            self._say_dropped(text, problem)

    def _send_reply(self, reply: OutgoingReply) -> None:
        """Have a reply made when the node has room for it, and send it.

        As long as nothing of it went out it is made again for each try.
        """
        blank, problem = reply.blank, LinkError(Cause.NO_LINK)
        while not self._is_over(blank):
            interface = self._wait_for_turn()
            if interface is None:
                continue
            try:
                interface.wait_for_room()
                text = self._made(reply)
                if text is not None:
                    for index, part in enumerate(self._parts(text, blank)):
                        self._send_or_drop(part, interface if index == 0 else None)
                    return
            except LinkError as error:
                problem = error
                self._stopping.wait(LINK_POLL_S)
        self._say_dropped(blank, problem)

    def _made(self, reply: OutgoingReply) -> str | None:
        """Return a reply's text, or None if the worker does not come to it in time."""
        text = ReplyText(reply.make)
        self._post(text.make)
        self.progress.idle()  # the worker's own mark says whether that gets on
        made = text.wait(ASK_AGAIN_S, self._stopping)
        self.progress.step()
        return made

    def _send_text(
        self, text: OutgoingText, made_on: SupervisedInterface | None
    ) -> LinkError | None:
        """Send one text, waiting for the link and its turn; return why it must be dropped.

        Raises ``LinkError`` where it was made for the interface ``made_on`` and did not go out at
        the first try: what it tells may be so no more.

        Only sends whose fate is unknown are counted; one that did not go out costs nothing, until
        the text is too old.
        """
        unsure = 0
        problem = LinkError(Cause.NO_LINK)
        while unsure < MAX_UNSURE_SENDS and not self._is_over(text):
            interface = self._wait_for_turn()
            if interface is None:
                continue
            if made_on not in (None, interface) and not unsure:
                raise LinkError(Cause.NO_LINK)
            try:
                outcome = self._delivery.deliver(text, interface)
                if outcome is DeliveryOutcome.OVER:
                    return None
                if outcome is DeliveryOutcome.UNKNOWN:
                    unsure += 1
                    problem = LinkError(Cause.LOST_WHILE_SENDING)
            except LinkError as error:
                if made_on is not None and not unsure:
                    raise
                problem = error
            except CannotOpen:
                return LinkError(Cause.KEY_UNUSABLE)
            log.debug("text to %s goes out again: %s", self._label(text.to), problem)
            # A dead interface stays "live" until the link thread has taken note of it.
            self._stopping.wait(LINK_POLL_S)
        return problem

    def _is_over(self, text: OutgoingText) -> bool:
        """Say whether it is too late for a text: it is too old, or the bot stops."""
        too_old = self._clock() - text.queued_s > self._settings.max_age_s
        return too_old or self._stopping.is_set()

    def _wait_for_turn(self) -> SupervisedInterface | None:
        """Return the live interface when it may be given another text, or None for now."""
        self.progress.step()
        interface = self._link.wait_live(LINK_POLL_S)
        if interface is not None:
            self.progress.idle()  # to wait for its turn is no lack of progress
            self._stopping.wait(max(self._delivery.next_s - self._clock(), 0.0))
            self.progress.step()
        return interface if not self._stopping.is_set() else None

    def _label(self, num: int) -> str:
        return recipient_label(self._keys, num)

    def _say_dropped(self, text: OutgoingText, problem: LinkError) -> None:
        """Tell the operator; not of what is lost because the bot stops."""
        if self._stopping.is_set():
            return
        self._notes.note(EventKind.SEND_FAILED, cause=problem.cause, text=problem.detail)
        log.warning(
            "⚠️ Réponse à %s jetée après %s : %s",
            self._label(text.to),
            duration_text(self._clock() - text.queued_s),
            cause_text(problem.cause, problem.detail),
        )
