"""Direct messages that the radio could not open: opened, kept for a key, or given up.

Owned by the worker thread, with the messages that wait and the questions asked for their keys.
"""

import logging
import time
from collections.abc import Callable, Hashable, Iterator
from typing import Protocol

from meshtastic.protobuf import mesh_pb2

from meshbot.link.node_facts import may_seal
from meshbot.link.outgoing_packets import Envelope, node_info_request
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.mesh.direct_messages import CannotOpen
from meshbot.mesh.radio_keys import RadioKeys
from meshbot.mesh.sealed_messages import SealedMessages, is_sealed_for
from meshbot.messages.decoded_packet import DecodedPacket
from meshbot.messages.direct_message_counts import DirectMessageCounts
from meshbot.messages.heard_packet import HeardPacket
from meshbot.messages.key_book import KeyBook
from meshbot.messages.key_requests import KeyRequests
from meshbot.messages.message_sender import MessageSender
from meshbot.messages.outgoing_request import OutgoingRequest
from meshbot.messages.packet_path import path_of
from meshbot.messages.waiting_messages import WaitingMessages
from meshbot.model.link_event import EventKind
from meshbot.model.link_notes import LinkNotes
from meshbot.model.unopened_reason import UnopenedReason
from meshbot.text.language import mark, tr
from meshbot.text.line_limiter import LineLimiter

log = logging.getLogger(__name__)

SEALED_LINE_S = 3_600.0
MAX_SEALED_LINES = 60
MAX_LINES_OF_STRANGERS = 40
_REASON_TEXTS = {
    UnopenedReason.NO_PRIVATE_KEY: mark("le nœud ne donne pas sa clé privée"),
    UnopenedReason.OTHER_KEY: mark("altéré, ou scellé avec une autre clé que celle connue"),
}


OpenedListener = Callable[[mesh_pb2.MeshPacket, mesh_pb2.Data, bytes], object]


class OpeningKeys(KeyBook, Protocol):
    """The keys that may open a message."""

    def claimed_key(self, num: int) -> bytes:
        """Return the key that says that ``num`` is somebody's new number, or ``b""``."""

    def learn_from_message(self, num: int, public_key: bytes) -> None:
        """Take the key with which a message of node ``num`` was opened."""


class SealedInbox:
    """Opens sealed messages with the keys at hand; keeps those whose sender's key is unknown."""

    def __init__(
        self,
        keys: OpeningKeys,
        opener: SealedMessages,
        radio_keys: RadioKeys,
        sender: MessageSender,
        counts: DirectMessageCounts,
        *,
        notes: LinkNotes,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Name the collaborators."""
        self._keys = keys
        self._opener = opener
        self._radio_keys = radio_keys
        self._sender = sender
        self._counts = counts
        self._notes = notes
        self._clock = clock
        self._waiting = WaitingMessages()
        self._vain_keys: dict[int, bytes] = {}
        """By sender, the key that did not open what waits of him."""
        self._key_requests = KeyRequests()
        self._lines = LineLimiter(SEALED_LINE_S, MAX_SEALED_LINES, MAX_LINES_OF_STRANGERS)
        self.on_opened: OpenedListener = lambda packet, data, public_key: None
        """Called with each message that was opened, what it says and its sender's key; must not
        block. One that waited for a key comes after it was told to be unopened."""
        self.on_unopened: Callable[[mesh_pb2.MeshPacket], object] = lambda packet: None
        """Called, once, with each that could not be opened when it came; must not block."""

    def open(self, interface: SupervisedInterface, heard: HeardPacket) -> DecodedPacket | None:
        """Return what a message says, or None if that cannot be known, or not yet."""
        opened = self._try_to_open(interface, heard)
        if opened is None:
            self.on_unopened(heard.packet)
        return opened

    def _try_to_open(
        self, interface: SupervisedInterface, heard: HeardPacket
    ) -> DecodedPacket | None:
        private_key = interface.own_private_key
        if not private_key:
            self._give_up(heard, UnopenedReason.NO_PRIVATE_KEY)
            return None
        public_key = self._key_to_open_with(heard.sender)
        if not public_key:
            if self._waiting.keep(heard):
                self._ask_for_key(interface, heard)
            elif self._line_is_due(heard, "no room"):
                log.info(
                    tr("🔒 Message scellé de %s non gardé : trop d'autres attendent déjà une clé"),
                    self._keys.label(heard.sender),
                )
            return None
        try:
            data = self._opener.open(heard.packet, private_key, public_key)
        except CannotOpen:
            self._give_up(heard, UnopenedReason.OTHER_KEY)
            return None
        self.on_opened(heard.packet, data, public_key)
        self._radio_keys.note_unopened(heard.sender, public_key)
        self._notes.note(EventKind.MESSAGE_OPENED)
        age_s = heard.age_s + self._clock() - heard.received_s
        self._keys.learn_from_message(heard.sender, public_key)  # of a claimed one, that shows it
        proven = self._keys.public_key(heard.sender) == public_key
        # What we have no key to seal with, the radio seals: it heard the claim, too.
        return DecodedPacket(heard, data, proven=proven, age_s=age_s, opened_here=proven)

    def _key_to_open_with(self, sender: int) -> bytes:
        """Return the key known for a sender, or the one that says that this is his new number."""
        return self._keys.public_key(sender) or self._keys.claimed_key(sender)

    def open_waiting(self, interface: SupervisedInterface) -> Iterator[DecodedPacket]:
        """Open, one by one, the messages that waited for a key that is known now.

        One that does not open goes on waiting: the first key need not be the true one. It is not
        tried again with the same key, whatever is heard meanwhile.
        """
        senders = self._waiting.senders(self._clock())
        vain_keys = {num: key for num, key in self._vain_keys.items() if num in senders}
        self._vain_keys = vain_keys
        for sender in senders:
            key = self._key_to_open_with(sender)
            if not key or key == vain_keys.get(sender):
                continue
            for heard in self._waiting.take(sender):
                if not is_sealed_for(heard.packet, interface.own_num):
                    continue
                decoded = self._try_to_open(interface, heard)
                if decoded is not None:
                    yield decoded
                elif interface.own_private_key:  # without it, no key of the sender's would help
                    vain_keys[sender] = key
                    self._waiting.keep(heard)

    def _line_is_due(self, heard: HeardPacket, about: Hashable) -> bool:
        stranger = not heard.familiar
        return self._lines.allows((heard.sender, about), self._clock(), stranger=stranger)

    def _give_up(self, heard: HeardPacket, reason: UnopenedReason) -> None:
        self._counts.note_unopened()
        if self._line_is_due(heard, reason):
            self._notes.note(EventKind.MESSAGE_NOT_OPENED, text=reason.value)
            log.warning(
                tr("🔒 Message scellé de %s non ouvert : %s"),
                self._keys.label(heard.sender),
                tr(_REASON_TEXTS[reason]),
            )

    def _ask_for_key(self, interface: SupervisedInterface, heard: HeardPacket) -> None:
        """Ask a stranger who he is, now and then, so that his message can be opened after all.

        Not for a licensed station: it must not seal the answer.
        """
        sender = heard.sender
        label = self._keys.label(sender)
        asks = may_seal(interface.own_user) and self._key_requests.allows(
            sender, self._clock(), path=path_of(heard), familiar=heard.familiar
        )
        if asks:
            request = OutgoingRequest(
                interface,
                lambda session, packet_id: node_info_request(
                    Envelope(sender, packet_id, session.hop_limit), session.own_user
                ),
                lambda result: log.debug("NodeInfo of %s asked for: %s", label, result),
            )
            asks = self._sender.request(request)
        if self._line_is_due(heard, "unknown"):
            log.info(
                tr("🔒 Message scellé de %s gardé 10 min : sa clé publique est inconnue%s"),
                label,
                tr(", elle lui est demandée") if asks else "",
            )
