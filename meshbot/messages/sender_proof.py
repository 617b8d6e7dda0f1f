"""Whether a packet that our radio opened proves who sent it."""

import logging
import time
from collections.abc import Callable
from typing import Protocol

from meshtastic.protobuf import mesh_pb2

from meshbot.mesh.radio_keys import RadioKeys
from meshbot.messages.key_book import KeyBook
from meshbot.messages.proof import Proof
from meshbot.model.firmware_version import names_the_way, names_the_way_itself
from meshbot.model.known_node import node_id
from meshbot.model.public_key import fingerprint
from meshbot.text.language import tr
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

    The mark can be forged where a packet comes over a network: some firmware before 2.8 passes on
    what the publisher wrote. Such a mark teaches nothing, neither us nor the table of what the
    radio holds; it only costs its own packet the answer. But it may be true: a key that was warned
    of is not adopted from the radio's database later.
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
            return Proof.UNSEALED
        if not packet.public_key:
            return Proof.NO_KEY_SHOWN
        sender, way = getattr(packet, "from"), _doubt_of_way(packet, self._radio_keys.firmware)
        is_own_mark = way is None or self._radio_keys.marks_for_itself
        if is_own_mark:
            self._radio_keys.note_held(sender, packet.public_key)
            self._keys.learn_from_message(sender, packet.public_key)
        known = self._keys.public_key(sender)
        if known == packet.public_key:
            return way or Proof.PROVEN
        if known or is_own_mark:
            told = self._sound_alarm(sender, packet.public_key, known, is_own_mark=is_own_mark)
            if is_own_mark or told:  # a flood of others must not fill the store
                self._keys.contest_key(sender, packet.public_key)
        return Proof.OTHER_KEY if known else way or Proof.NO_KEY_KNOWN

    def _sound_alarm(self, sender: int, used: bytes, known: bytes, *, is_own_mark: bool) -> bool:
        """Warn of a key; return whether it was time to."""
        if not known and self._keys.key_was_told(sender, used):
            return False
        lines = self._alarm_lines if is_own_mark else self._doubtful_lines
        if not lines.allows(sender, self._clock()):
            return False
        label = self._keys.label(sender)
        log.warning(
            tr(
                "⚠️ La radio ouvre les messages de %s avec la clé %s, et non %s : non "
                "authentifiés, %s "
                "(voir : main_bot.py keys list)"
            ),
            label,
            fingerprint(used),
            fingerprint(known) or tr("une clé connue"),
            _consequence(known, is_own_mark=is_own_mark),
        )
        if known and self._radio_keys.marks_for_itself:
            log.warning(
                tr(
                    "⚠️ Si %s est la bonne clé, ce que %s écrit n'arrive plus tant que la "
                    "radio garde "
                    "l'autre : meshtastic --remove-node '%s', ou TCP_PUSH_KEYS_TO_RADIO ; sinon, "
                    "main_bot.py keys accept"
                ),
                fingerprint(known),
                label,
                node_id(sender),
            )
        return True


def _consequence(known: bytes, *, is_own_mark: bool) -> str:
    if not known:
        return tr("sans preuve de leur auteur")
    return (
        tr("sans réponse")
        if is_own_mark
        else tr("sans réponse ; venus par MQTT ou UDP, donc à vérifier")
    )


def _is_marked(packet: mesh_pb2.MeshPacket, own_num: int) -> bool:
    """Say whether a packet has the mark that ``perhapsDecode`` gives what it opened with a key.

    Since its first version (2.5.0) that names the key too, and only of what is for the node itself.
    """
    return (
        packet.pki_encrypted
        and packet.to == own_num
        and packet.WhichOneof("payload_variant") == "decoded"
    )


def _doubt_of_way(packet: mesh_pb2.MeshPacket, firmware: str) -> Proof | None:
    """Return why a packet's marks may be somebody else's, None if our radio heard it itself.

    Of MQTT before 2.5.19, and of UDP from 2.6.0 to the first build of 2.7.0, the marks are the
    publisher's (``MQTT.cpp``, ``UdpMulticastThread.h``, ``UdpMulticastHandler.h``); from 2.7.21 to
    2.7.26 again those of UDP, for what a channel's key opens. What tells the ways apart is
    ``transport_mechanism`` from 2.7.10 on; before, the signal, which every version takes away from
    what comes by UDP, and ``via_mqtt``. That mark also stands in what others took from MQTT and
    sent on by radio. Of an unknown version both are wanted.
    """
    way = packet.transport_mechanism
    if packet.via_mqtt or way == _Transport.TRANSPORT_MQTT:
        return Proof.BY_MQTT
    if way == _Transport.TRANSPORT_MULTICAST_UDP:
        return Proof.BY_UDP
    if way in _LORA and names_the_way_itself(firmware):
        return None
    # TRANSPORT_INTERNAL is 0: what our node made, or not said.
    is_named = way in _LORA or (
        way == _Transport.TRANSPORT_INTERNAL and not names_the_way(firmware)
    )
    if is_named and (packet.rx_rssi or packet.rx_snr):
        return None
    return Proof.BY_UNKNOWN_WAY
