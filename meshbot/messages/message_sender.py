"""The thread ``bot-sender``: whatever the bot sends goes through here, one after another.

Owns the outbound queue and what became of the texts sent last, guarded by ``_sent_lock``, a leaf.
Any thread may queue a text or a request; nothing but this thread sends one.

Texts are spaced, because the firmware silently drops a text that comes within 2 s of another
(measured, 2.7 and 2.8). The pause runs from the node's own word on the previous text, so that a
slow Wi-Fi cannot push two together. A text whose fate is unknown, because the link died first, is
sent again under the same packet id: whoever had it already drops the copy. A request is tried once,
on the interface it was meant for.
"""

import contextlib
import logging
import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from meshtastic.protobuf import mesh_pb2

from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.mesh.direct_messages import CannotOpen
from meshbot.mesh.sealed_messages import SealedMessages
from meshbot.messages.routing_errors import NO_KEY_ERRORS, routing_error_text
from meshbot.model.cause import Cause
from meshbot.model.known_node import BROADCAST_NUM
from meshbot.model.link_error import LinkError, NodeBusyError
from meshbot.model.link_event import EventKind
from meshbot.model.link_notes import LinkNotes
from meshbot.text.cause_texts import cause_text
from meshbot.text.log_format import printable
from meshbot.text.quantities import duration_text
from meshbot.text.text_split import split_text
from meshbot.threads.progress_mark import ProgressMark

log = logging.getLogger(__name__)

MAX_WAITING_TEXTS = 100
QUEUE_FULL_RESULT = 32  # ERRNO_UNKNOWN: the firmware's word for a transmit queue without room
LINK_POLL_S = 0.5
MAX_UNSURE_SENDS = 4
REMEMBERED_TEXTS = 100
PKI_SEND_FAIL_PUBLIC_KEY = mesh_pb2.Routing.Error.PKI_SEND_FAIL_PUBLIC_KEY


class Link(Protocol):
    """Where the live interface comes from."""

    def wait_live(self, timeout_s: float) -> SupervisedInterface | None:
        """Return the live interface, waiting for one up to ``timeout_s``."""


class KeyBook(Protocol):
    """Where public keys and names come from."""

    def public_key(self, num: int) -> bytes:
        """Return the key known for a node, or ``b""``."""

    def label(self, num: int) -> str:
        """Return how a log line names a node."""


@dataclass(frozen=True)
class SenderSettings:
    """Spacing and limits of what is sent; times in seconds."""

    spacing_s: float = 2.5
    confirm_timeout_s: float = 5.0
    late_confirm_timeout_s: float = 60.0
    max_age_s: float = 600.0
    max_bytes: int = 200
    max_parts: int = 5


@dataclass
class OutgoingText:
    """A text on its way. ``sealed``: we seal it, as the radio is known to lack the key."""

    text: str
    to: int
    channel: int = 0
    reply_id: int = 0
    sealed: bool = False
    queued_s: float = 0.0
    packet_id: int = field(default=0, compare=False)


@dataclass(frozen=True)
class OutgoingRequest:
    """A packet for the node to send or to obey, tried once.

    ``send`` gives it to the interface under the packet id; ``done`` hears, on the sender's thread,
    the node's result code (0: taken), or None when it gave none.
    """

    interface: SupervisedInterface
    send: Callable[[SupervisedInterface, int], None]
    done: Callable[[int | None], None]


@dataclass
class _SentText:
    """A text that the node has, or may have. ``taken``: it said that it does."""

    text: OutgoingText
    taken: bool = False
    key_missing: bool = False
    settled: bool = False
    """Whether the sender has seen to its failure already."""


class MessageSender:
    """Sends texts in the order they were queued, spaced, each once."""

    def __init__(
        self,
        link: Link,
        keys: KeyBook,
        sealer: SealedMessages,
        settings: SenderSettings,
        clock: Callable[[], float] = time.monotonic,
        notes: LinkNotes | None = None,
    ) -> None:
        """Prepare; :meth:`start` starts the thread."""
        self._link = link
        self._keys = keys
        self._sealer = sealer
        self._settings = settings
        self._clock = clock
        self._notes = notes or LinkNotes()
        self._queue: queue.Queue[OutgoingText | OutgoingRequest | None] = queue.Queue(
            MAX_WAITING_TEXTS
        )
        self._sent_lock = threading.Lock()
        self._sent: OrderedDict[int, _SentText] = OrderedDict()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bot-sender", daemon=True)
        self._next_send_s = clock()
        self.progress = ProgressMark(clock)
        self._node_confirms = False
        """Whether the node ever said what became of a packet. Then it is waited for longer."""

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout_s: float) -> bool:
        """End at the next wait; return whether the thread ended in time. Waiting texts are lost."""
        self._stop.set()
        with contextlib.suppress(queue.Full):  # not asleep then, and sees the event
            self._queue.put_nowait(None)
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def is_full(self) -> bool:
        """Say whether a text queued now would be dropped."""
        return self._queue.full()

    def send(
        self, text: str, to: int, *, channel: int = 0, reply_id: int = 0, sealed: bool = False
    ) -> None:
        """Queue a text for node ``to`` (or a channel's broadcast), cut into messages that fit.

        Never blocks; when too many wait, the new one is dropped with a line.
        """
        now_s = self._clock()
        for part in split_text(text, self._settings.max_bytes, self._settings.max_parts):
            try:
                self._queue.put_nowait(OutgoingText(part, to, channel, reply_id, sealed, now_s))
            except queue.Full:
                log.warning(
                    "⚠️ Trop de réponses en attente : celle pour %s est jetée", self._name(to)
                )
                return

    def request(self, request: OutgoingRequest) -> bool:
        """Queue a request; return whether there was room. Never blocks."""
        try:
            self._queue.put_nowait(request)
        except queue.Full:
            return False
        return True

    def routing_error(self, packet_id: int, source: int, error: int, own_num: int) -> int | None:
        """Take a routing error about a packet that may be one of ours; say what it means.

        Anybody can send one about any packet: it counts only from whom the text was for, and from
        our own node. For want of a key there, the text goes out again under our own seal. Returns
        the number of the node whose key our own node is then known to lack.
        """
        with self._sent_lock:
            sent = self._sent.get(packet_id)
            if sent is None or source not in (own_num, sent.text.to):
                return None
            text = sent.text
            own_error = source == own_num and error in NO_KEY_ERRORS
            lacking = text.to if own_error and error == PKI_SEND_FAIL_PUBLIC_KEY else None
            if sent.settled:
                return lacking
            if own_error and not text.sealed:
                sent.key_missing = True
                if not sent.taken:
                    return lacking  # the sender's thread, waiting for the node's word, sees to it
            sent.settled = True
        if sent.key_missing and self._can_seal(self._link.wait_live(0.0), text.to):
            self._say_we_seal(text.to)
            with contextlib.suppress(queue.Full):
                self._queue.put_nowait(replace(text, sealed=True, packet_id=0))
                return lacking
        log.warning(
            "⚠️ Réponse à %s non remise : %s", self._name(text.to), routing_error_text(error)
        )
        return lacking

    def _run(self) -> None:
        while not self._stop.is_set():
            self.progress.idle()
            outgoing = self._queue.get()
            self.progress.step()
            try:
                if isinstance(outgoing, OutgoingText):
                    self._deliver(outgoing)
                elif outgoing is not None:
                    self._try(outgoing)
            except Exception:  # top of a thread
                log.exception("❌ Erreur inattendue, un envoi est perdu")

    def _try(self, request: OutgoingRequest) -> None:
        """Send a request, if its interface still is the live one."""
        interface, result = request.interface, None
        try:
            if interface is self._link.wait_live(0.0):
                packet_id = interface.new_packet_id()
                request.send(interface, packet_id)
                patience_s = self._settings.confirm_timeout_s
                status = interface.wait_for_queue_status(packet_id, patience_s, patience_s)
                result = status.res if status is not None else None
        except LinkError as error:
            log.debug("request not sent: %s", error)
        finally:
            request.done(result)

    def _deliver(self, text: OutgoingText) -> None:
        """Send one text, waiting for the link and its turn, until its age forbids it.

        Only sends whose fate is unknown are counted; one that did not go out costs nothing.
        """
        unsure = 0
        problem = LinkError(Cause.NO_LINK)
        while unsure < MAX_UNSURE_SENDS:
            self.progress.step()
            if self._clock() - text.queued_s > self._settings.max_age_s:
                break
            interface = self._link.wait_live(LINK_POLL_S)
            if interface is None:
                if self._stop.is_set():
                    return
                continue
            self.progress.idle()  # to wait for its turn is no lack of progress
            if self._stop.wait(max(self._next_send_s - self._clock(), 0.0)):
                return
            self.progress.step()
            try:
                if self._send_once(text, interface):
                    return
                unsure += 1
                problem = LinkError(Cause.LOST_WHILE_SENDING)
            except LinkError as error:
                problem = error
            except CannotOpen:
                problem = LinkError(Cause.KEY_UNUSABLE)
                break
            log.debug("text to %s not sent: %s", self._name(text.to), problem)
            # A dead interface stays "live" until the link thread has taken note of it.
            if self._stop.wait(LINK_POLL_S):
                return
        self._notes.note(EventKind.SEND_FAILED, cause=problem.cause, text=problem.detail)
        log.warning(
            "⚠️ Réponse à %s jetée après %s : %s",
            self._name(text.to),
            duration_text(self._clock() - text.queued_s),
            cause_text(problem.cause, problem.detail),
        )

    def _send_once(self, text: OutgoingText, interface: SupervisedInterface) -> bool:
        """Give the text to the node; return False when its fate is unknown.

        Raises ``LinkError`` when it was not sent.
        """
        text.packet_id = text.packet_id or interface.new_packet_id()
        self._remember(text)
        want_ack = text.to != BROADCAST_NUM
        if text.sealed:
            private_key, public_key = interface.own_private_key, self._keys.public_key(text.to)
            interface.send_sealed_text(
                text.text,
                text.to,
                text.packet_id,
                self._sealer.message_key(private_key, public_key),
                want_ack=want_ack,
                reply_id=text.reply_id,
            )
        else:
            interface.send_text(
                text.text,
                text.to,
                text.packet_id,
                channel=text.channel,
                want_ack=want_ack,
                reply_id=text.reply_id,
            )
        patience_s = (
            self._settings.late_confirm_timeout_s
            if self._node_confirms
            else self._settings.confirm_timeout_s
        )
        left_s = text.queued_s + self._settings.max_age_s - self._clock()
        status = interface.wait_for_queue_status(
            text.packet_id, patience_s, max(left_s, patience_s)
        )
        # From the node's word on, or from when it gave none; a text that did not go out needs none.
        self._next_send_s = self._clock() + self._settings.spacing_s
        if status is None and not interface.alive:
            return False
        if self._is_key_missing(text.packet_id) and (status is None or status.res == 0):
            return self._refused(text, PKI_SEND_FAIL_PUBLIC_KEY, interface)
        if status is None:
            log.info("💬 Remis pour %s, sans confirmation du nœud", self._name(text.to))
            return True
        self._node_confirms = True
        if status.res == 0:
            shown = printable(text.text.replace("\n", " ⏎ "))
            log.info("💬 Envoyé à %s : %s", self._name(text.to), shown)
            return True
        return self._refused(text, status.res, interface)

    def _refused(self, text: OutgoingText, result: int, interface: SupervisedInterface) -> bool:
        """Deal with a text the node would not send; return whether that is the end of it.

        A new try takes a new packet id: the node ignores one that it has seen.
        """
        with self._sent_lock:
            if text.packet_id in self._sent:
                self._sent[text.packet_id].settled = True
        if result in NO_KEY_ERRORS and not text.sealed and self._can_seal(interface, text.to):
            self._say_we_seal(text.to)
            text.sealed = True
            text.packet_id = 0
            return False
        if result == QUEUE_FULL_RESULT:
            text.packet_id = 0
            raise NodeBusyError(Cause.QUEUE_FULL)
        log.warning(
            "⚠️ Le nœud refuse la réponse à %s : %s",
            self._name(text.to),
            routing_error_text(result),
        )
        return True

    def _remember(self, text: OutgoingText) -> None:
        with self._sent_lock:
            self._sent[text.packet_id] = _SentText(replace(text))
            if len(self._sent) > REMEMBERED_TEXTS:
                self._sent.popitem(last=False)

    def _is_key_missing(self, packet_id: int) -> bool:
        """Note that a text is no longer waited for; say if the node meanwhile told of no key."""
        with self._sent_lock:
            sent = self._sent.get(packet_id)
            if sent is None:
                return False
            sent.taken = True
            return sent.key_missing

    def _can_seal(self, interface: SupervisedInterface | None, to: int) -> bool:
        return bool(
            interface is not None and interface.own_private_key and self._keys.public_key(to)
        )

    def _say_we_seal(self, to: int) -> None:
        log.info("🔑 La radio n'a pas la clé de %s : le bot scelle lui-même", self._name(to))

    def _name(self, num: int) -> str:
        return "tous" if num == BROADCAST_NUM else self._keys.label(num)
