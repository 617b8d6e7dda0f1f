"""Gives a text to the node and finds out what it says to that.

Owned by the sender's thread. When the node may be given the next one says the :class:`TextTurn`.
"""

import enum
import logging
import secrets
import time
from collections.abc import Callable

from meshtastic.protobuf import mesh_pb2

from meshbot.link.node_facts import may_seal
from meshbot.link.outgoing_packets import Envelope, sealed_packet, text_data, text_packet
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.mesh import direct_messages
from meshbot.mesh.sealed_messages import SealedMessages
from meshbot.messages.key_book import KeyBook, recipient_label
from meshbot.messages.outgoing_text import OutgoingText
from meshbot.messages.routing_errors import (
    QUEUE_FULL_RESULT,
    is_queued,
    lacks_key,
    queue_result_text,
)
from meshbot.messages.sender_settings import SenderSettings
from meshbot.messages.sent_texts import PKI_SEND_FAIL_PUBLIC_KEY, SentTexts
from meshbot.messages.text_turn import TextTurn, TurnSide, pause_s
from meshbot.model.cause import Cause
from meshbot.model.known_node import BROADCAST_NUM
from meshbot.model.link_error import NodeBusyError
from meshbot.model.message_notes import MessageNotes
from meshbot.text.foreign_text import solid
from meshbot.text.language import tr

log = logging.getLogger(__name__)


class DeliveryOutcome(enum.Enum):
    """What became of a try to deliver a text, once the node was given it."""

    TAKEN = "taken"
    """The node has it: there is no more to do."""
    REFUSED = "refused"
    """The node will not send it: there is no more to do either."""
    UNKNOWN = "unknown"
    """The link died before the node's word on it: it goes out again under the same packet id."""
    TO_SEAL = "to_seal"
    """The radio lacks the key: it goes out again under our own seal."""


class TextDelivery:
    """One text at a time; the pause to the next runs from the node's own word on this one."""

    def __init__(
        self,
        keys: KeyBook,
        sealer: SealedMessages,
        settings: SenderSettings,
        clock: Callable[[], float] = time.monotonic,
        *,
        turn: TextTurn | None = None,
    ) -> None:
        """Prepare; the first text may go out at once. ``turn``: shared with others who send."""
        self.keys = keys
        self.sent = SentTexts()
        """What became of the texts given to the node; for any thread."""
        self._sealer = sealer
        self._settings = settings
        self._clock = clock
        self.turn = turn or TextTurn(clock)
        """Whose turn it is, and when the node may be given the next text."""
        self._node_confirms = False
        """Whether the node said what became of the last text. Then it is waited for longer."""
        self.on_text_sent: Callable[[mesh_pb2.MeshPacket], object] = lambda packet: None
        """Called, once for each text, with what it says when the node has it; must not block."""
        self.notes = MessageNotes()
        """Told what becomes of texts."""

    @property
    def next_s(self) -> float:
        """When the node may be given the next text, on the clock given."""
        return self.turn.next_s

    def deliver(self, text: OutgoingText, interface: SupervisedInterface) -> DeliveryOutcome:
        """Give the text to the node, and wait for its word.

        Raises ``LinkError`` when it was not sent, ``CannotOpen`` when a key cannot be used.
        """
        text.packet_id = text.packet_id or interface.new_packet_id()
        self.sent.remember(text)
        interface.send_packet(self._packet(text, interface))
        status = self._wait_for_word(text, interface)
        # From the node's word or the end of the wait for it; an unsent text needs no pause.
        self.turn.given(TurnSide.BOT, self._pause_s(text))
        if status is None and not interface.alive:
            return DeliveryOutcome.UNKNOWN
        if self.sent.taken(text.packet_id) and (status is None or is_queued(status.res)):
            return self._refused(text, PKI_SEND_FAIL_PUBLIC_KEY, interface)
        if status is None:
            self._node_confirms = False  # or everybody would wait a minute for each text
            log.info(
                tr("💬 Remis pour %s, sans confirmation du nœud"),
                recipient_label(self.keys, text.to),
            )
            self._tell(text, interface)
            return DeliveryOutcome.TAKEN
        self._node_confirms = True
        if not is_queued(status.res):
            return self._refused(text, status.res, interface)
        shown = solid(text.text.replace("\n", " ⏎ "))
        log.info(tr("💬 Envoyé à %s : %s"), recipient_label(self.keys, text.to), shown)
        self._tell(text, interface)
        return DeliveryOutcome.TAKEN

    def _tell(self, text: OutgoingText, interface: SupervisedInterface) -> None:
        """Tell of a text that the node has, unless it went already, before it had to be sealed."""
        if text.told:
            return
        text.told = True
        self.notes.sent(text.packet_id, text.to, text.text)
        envelope, data = _contents(text, interface)
        packet = text_packet(envelope, data, text.channel)
        setattr(packet, "from", interface.own_num)
        if _is_sealed_here(text, interface):
            packet.channel, packet.pki_encrypted = 0, True
            packet.public_key = self.keys.public_key(text.to)
        self.on_text_sent(packet)

    def _pause_s(self, text: OutgoingText) -> float:
        """Return the pause after a text."""
        return pause_s(self._settings.spacing_s, text.air_s)

    def can_seal(self, interface: SupervisedInterface | None, to: int) -> bool:
        """Say whether we can seal a text for a node ourselves."""
        return bool(
            interface is not None
            and may_seal(interface.own_user)
            and interface.own_private_key
            and self.keys.public_key(to)
        )

    def say_we_seal(self, to: int) -> None:
        """Tell the operator."""
        log.info(
            tr("🔑 La radio n'a pas la clé de %s : le bot scelle lui-même"), self.keys.label(to)
        )

    def _packet(self, text: OutgoingText, interface: SupervisedInterface) -> mesh_pb2.MeshPacket:
        """Return the text as a packet for the node to encrypt, or sealed already."""
        envelope, data = _contents(text, interface)
        if not _is_sealed_here(text, interface):
            return text_packet(envelope, data, text.channel)
        sealed = direct_messages.seal(
            self._sealer.message_key(interface.own_private_key, self.keys.public_key(text.to)),
            text.packet_id,
            interface.own_num,
            data.SerializeToString(),
            secrets.token_bytes(direct_messages.EXTRA_NONCE_BYTES),
        )
        return sealed_packet(envelope, sealed)

    def _wait_for_word(
        self, text: OutgoingText, interface: SupervisedInterface
    ) -> mesh_pb2.QueueStatus | None:
        patience_s = (
            self._settings.late_confirm_timeout_s
            if self._node_confirms
            else self._settings.confirm_timeout_s
        )
        left_s = text.queued_s + self._settings.max_age_s - self._clock()
        return interface.wait_for_queue_status(text.packet_id, patience_s, max(left_s, patience_s))

    def _refused(
        self, text: OutgoingText, result: int, interface: SupervisedInterface
    ) -> DeliveryOutcome:
        """Deal with a text the node would not send.

        A new try takes a new packet id: the node ignores one that it has seen.
        """
        self.sent.settle(text.packet_id)
        if lacks_key(result) and not text.sealed and self.can_seal(interface, text.to):
            self.say_we_seal(text.to)
            text.sealed = True
            text.packet_id = 0
            return DeliveryOutcome.TO_SEAL
        if result == QUEUE_FULL_RESULT:
            text.packet_id = 0
            raise NodeBusyError(Cause.QUEUE_FULL)
        why = queue_result_text(
            result,
            mute_s=interface.mute_until_s - self._clock(),
            by_udp=interface.sends_by_udp,
        )
        self.notes.refused(text.to, text.text, why)
        log.warning(
            tr("⚠️ Le nœud refuse la réponse à %s : %s"), recipient_label(self.keys, text.to), why
        )
        return DeliveryOutcome.REFUSED


def _contents(text: OutgoingText, interface: SupervisedInterface) -> tuple[Envelope, mesh_pb2.Data]:
    want_ack = text.to != BROADCAST_NUM
    envelope = Envelope(text.to, text.packet_id, interface.hop_limit, want_ack)
    return envelope, text_data(text.text, text.reply_id, ok_to_mqtt=interface.ok_to_mqtt)


def _is_sealed_here(text: OutgoingText, interface: SupervisedInterface) -> bool:
    """Say whether we seal a text; a station that became licensed meanwhile sends it in clear."""
    return text.sealed and may_seal(interface.own_user)
