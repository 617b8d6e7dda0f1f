"""The thread ``bot-sender``: every text the bot sends goes through here, one after another.

Owns the outbound queue. Any thread may queue a text; nothing but this thread sends one.

Texts are spaced, because the firmware silently drops a text that comes within 2 s of another
(measured, 2.7 and 2.8). The pause runs from the node's own word on the previous text, so that a
slow Wi-Fi cannot push two together. A text whose fate is unknown, because the link died first, is
sent again under the same packet id: whoever had it already drops the copy.
"""

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from direct_messages import CannotOpen
from french_text import duration_text
from journal_format import printable
from known_node import BROADCAST_NUM
from link_errors import LinkError, NodeBusyError
from sealed_messages import SealedMessages
from supervised_interface import SupervisedInterface
from text_split import split_text

log = logging.getLogger(__name__)

MAX_WAITING_TEXTS = 100
QUEUE_FULL_RESULT = 32  # ERRNO_UNKNOWN: the firmware's word for a transmit queue without room
LINK_POLL_S = 0.5
MAX_UNSURE_SENDS = 4
NO_KEY_RESULTS = (34, 35, 39)  # PKI_FAILED, PKI_UNKNOWN_PUBKEY, PKI_SEND_FAIL_PUBLIC_KEY


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


class MessageSender:
    """Sends texts in the order they were queued, spaced, each once."""

    def __init__(
        self,
        link: Link,
        keys: KeyBook,
        sealer: SealedMessages,
        settings: SenderSettings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; :meth:`start` starts the thread."""
        self._link = link
        self._keys = keys
        self._sealer = sealer
        self._settings = settings
        self._clock = clock
        self._texts: queue.Queue[OutgoingText | None] = queue.Queue(MAX_WAITING_TEXTS)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bot-sender", daemon=True)
        self._next_send_s = clock()
        self._node_confirms = False
        """Whether the node ever said what became of a packet. Then it is waited for longer."""

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout_s: float) -> bool:
        """End at the next wait; return whether the thread ended in time. Waiting texts are lost."""
        self._stop.set()
        with contextlib.suppress(queue.Full):  # not asleep then, and sees the event
            self._texts.put_nowait(None)
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def is_full(self) -> bool:
        """Say whether a text queued now would be dropped."""
        return self._texts.full()

    def send(
        self, text: str, to: int, *, channel: int = 0, reply_id: int = 0, sealed: bool = False
    ) -> None:
        """Queue a text for node ``to`` (or a channel's broadcast), cut into messages that fit.

        Never blocks; when too many wait, the new one is dropped with a line.
        """
        now_s = self._clock()
        for part in split_text(text, self._settings.max_bytes, self._settings.max_parts):
            try:
                self._texts.put_nowait(OutgoingText(part, to, channel, reply_id, sealed, now_s))
            except queue.Full:
                log.warning(
                    "⚠️ Trop de réponses en attente : celle pour %s est jetée", self._name(to)
                )
                return

    def _run(self) -> None:
        while not self._stop.is_set():
            text = self._texts.get()
            if text is None:
                continue
            try:
                self._deliver(text)
            except Exception:  # top of a thread
                log.exception("❌ Erreur inattendue, réponse à %s perdue", self._name(text.to))

    def _deliver(self, text: OutgoingText) -> None:
        """Send one text, waiting for the link and its turn, until its age forbids it.

        Only sends whose fate is unknown are counted; one that did not go out costs nothing.
        """
        unsure = 0
        cause = "pas de liaison"
        while unsure < MAX_UNSURE_SENDS:
            if self._clock() - text.queued_s > self._settings.max_age_s:
                break
            interface = self._link.wait_live(LINK_POLL_S)
            if interface is None:
                if self._stop.is_set():
                    return
                continue
            if self._stop.wait(max(self._next_send_s - self._clock(), 0.0)):
                return
            try:
                if self._send_once(text, interface):
                    return
                unsure += 1
                cause = "liaison perdue pendant l'envoi"
            except LinkError as error:
                cause = str(error)
            except CannotOpen:
                cause = "clé inutilisable"
                break
            log.debug("text to %s not sent: %s", self._name(text.to), cause)
            # A dead interface stays "live" until the link thread has taken note of it.
            if self._stop.wait(LINK_POLL_S):
                return
        log.warning(
            "⚠️ Réponse à %s jetée après %s : %s",
            self._name(text.to),
            duration_text(self._clock() - text.queued_s),
            cause,
        )

    def _send_once(self, text: OutgoingText, interface: SupervisedInterface) -> bool:
        """Give the text to the node; return False when its fate is unknown.

        Raises ``LinkError`` when it was not sent.
        """
        text.packet_id = text.packet_id or interface.new_packet_id()
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
        can_seal = bool(interface.own_private_key and self._keys.public_key(text.to))
        if result in NO_KEY_RESULTS and not text.sealed and can_seal:
            log.info(
                "🔑 La radio n'a pas la clé de %s : le bot scelle lui-même", self._name(text.to)
            )
            text.sealed = True
            text.packet_id = 0
            return False
        if result == QUEUE_FULL_RESULT:
            text.packet_id = 0
            raise NodeBusyError("la file d'émission du nœud est pleine")
        log.warning("⚠️ Le nœud refuse la réponse à %s (code %d)", self._name(text.to), result)
        return True

    def _name(self, num: int) -> str:
        return "tous" if num == BROADCAST_NUM else self._keys.label(num)
