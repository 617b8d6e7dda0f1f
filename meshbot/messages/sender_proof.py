"""Whether a packet that our radio opened proves who sent it."""

import enum
import logging
import time
from collections.abc import Callable
from typing import Protocol

from meshtastic.protobuf import mesh_pb2

from meshbot.mesh.radio_keys import RadioKeys
from meshbot.messages.key_book import KeyBook
from meshbot.model.known_node import node_id
from meshbot.model.public_key import fingerprint
from meshbot.text.line_limiter import LineLimiter

log = logging.getLogger(__name__)

ALARM_LINE_S = 3_600.0
MAX_ALARM_LINES = 60
_Transport = mesh_pb2.MeshPacket.TransportMechanism
_LORA = (
    _Transport.TRANSPORT_LORA,
    _Transport.TRANSPORT_LORA_ALT1,
    _Transport.TRANSPORT_LORA_ALT2,
    _Transport.TRANSPORT_LORA_ALT3,
)


class Proof(enum.Enum):
    """What a packet's mark of proof is worth."""

    PROVEN = "proven"
    UNPROVEN = "unproven"
    OTHER_KEY = "other key"
    """It was opened with another key than the one known: its sender is somebody else."""


class ShownKeys(KeyBook, Protocol):
    """The keys known, and where one is learned from a message."""

    def learn_from_message(self, num: int, public_key: bytes) -> None:
        """Take the key with which the radio opened a message of node ``num``."""

    def contest_key(self, num: int, public_key: bytes) -> None:
        """Note that the radio opened a message with another key than the known one."""

    def key_was_told(self, num: int, public_key: bytes) -> bool:
        """Say whether a line of its own said why this key is not believed of node ``num``."""


class SenderProof:
    """Compares the key that the radio used with the one known. Owned by the worker thread.

    The mark can be forged where a packet comes over a network: firmware before 2.8 passes on what
    the publisher wrote. Such a mark teaches nothing, neither us nor the table of what the radio
    holds; it only costs its own packet the answer. But it may be true: a key that was warned of is
    not adopted from the radio's database later.
    """

    def __init__(
        self, keys: ShownKeys, radio_keys: RadioKeys, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Name the collaborators."""
        self._keys = keys
        self._radio_keys = radio_keys
        self._clock = clock
        self._alarm_lines = LineLimiter(ALARM_LINE_S, MAX_ALARM_LINES)
        self._doubtful_lines = LineLimiter(ALARM_LINE_S, MAX_ALARM_LINES)
        """Of marks that may be forged, apart: they must not use up the lines of the others."""

    def of(self, packet: mesh_pb2.MeshPacket, own_num: int) -> Proof:
        """Say whether the radio opened a packet with the key that we, too, know as its sender's."""
        if not _is_marked(packet, own_num):
            return Proof.UNPROVEN
        sender, by_lora = getattr(packet, "from"), _came_by_lora(packet)
        is_own_mark = by_lora or self._radio_keys.marks_for_itself
        if is_own_mark:
            self._radio_keys.note_held(sender, packet.public_key)
            self._keys.learn_from_message(sender, packet.public_key)
        known = self._keys.public_key(sender)
        if known == packet.public_key:
            return Proof.PROVEN if by_lora else Proof.UNPROVEN
        if not known and not is_own_mark:
            return Proof.UNPROVEN
        is_told = self._sound_alarm(sender, packet.public_key, known, is_own_mark=is_own_mark)
        if is_own_mark or is_told:  # a flood of others must not fill the store
            self._keys.contest_key(sender, packet.public_key)
        return Proof.OTHER_KEY if known else Proof.UNPROVEN

    def _sound_alarm(self, sender: int, used: bytes, known: bytes, *, is_own_mark: bool) -> bool:
        """Warn of a key; return whether it was time to."""
        if not known and self._keys.key_was_told(sender, used):
            return False
        lines = self._alarm_lines if is_own_mark else self._doubtful_lines
        if not lines.allows(sender, self._clock()):
            return False
        label = self._keys.label(sender)
        log.warning(
            "⚠️ La radio ouvre les messages de %s avec la clé %s, et non %s : non authentifiés, %s "
            "(voir : main_bot.py keys list)",
            label,
            fingerprint(used),
            fingerprint(known) or "une clé connue",
            _consequence(known, is_own_mark=is_own_mark),
        )
        if known and self._radio_keys.marks_for_itself:
            log.warning(
                "⚠️ Si %s est la bonne clé, ce que %s écrit n'arrive plus tant que la radio garde "
                "l'autre : meshtastic --remove-node '%s', ou TCP_PUSH_KEYS_TO_RADIO ; sinon, "
                "main_bot.py keys accept",
                fingerprint(known),
                label,
                node_id(sender),
            )
        return True


def _consequence(known: bytes, *, is_own_mark: bool) -> str:
    if not known:
        return "sans preuve de leur auteur"
    return (
        "sans réponse" if is_own_mark else "sans réponse ; venus par MQTT ou UDP, donc à vérifier"
    )


def _is_marked(packet: mesh_pb2.MeshPacket, own_num: int) -> bool:
    """Say whether a packet has the marks that ``perhapsDecode`` gives what it opened with a key.

    Since its first version that names the key too, and only of what is for the node itself.
    """
    return (
        packet.pki_encrypted
        and bool(packet.public_key)
        and packet.to == own_num
        and packet.WhichOneof("payload_variant") == "decoded"
    )


def _came_by_lora(packet: mesh_pb2.MeshPacket) -> bool:
    """Say whether our radio heard a packet itself, so that its marks can be nobody else's.

    ``transport_mechanism`` says so since 2.7.6; before, a packet from UDP has neither signal
    strength nor ratio (``UdpMulticastHandler.h``), and one from MQTT is marked as such. The mark
    ``via_mqtt`` also stands in what others took from MQTT and sent on.
    """
    if packet.via_mqtt:
        return False
    if packet.transport_mechanism == _Transport.TRANSPORT_INTERNAL:  # or not said
        return bool(packet.rx_rssi or packet.rx_snr)
    return packet.transport_mechanism in _LORA
