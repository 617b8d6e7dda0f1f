"""What a packet heard on the mesh leads to: a node learned, a message opened, a command answered.

Everything here runs on the worker thread.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from google.protobuf.message import DecodeError
from meshtastic.protobuf import mesh_pb2, portnums_pb2

from meshbot.link.node_facts import firmware_of
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.mesh.radio_keys import RadioKeys
from meshbot.mesh.sealed_messages import is_sealed_for
from meshbot.mesh.signatures import shows_holder
from meshbot.messages.decoded_packet import DecodedPacket
from meshbot.messages.heard_packet import HeardPacket, came_by_air
from meshbot.messages.message_sender import MessageSender
from meshbot.messages.node_clock import NodeClock
from meshbot.messages.proof import Proof
from meshbot.messages.sealed_inbox import SealedInbox
from meshbot.messages.sender_proof import SenderProof
from meshbot.messages.text_message_handler import TextMessageHandler
from meshbot.model.known_node import BROADCAST_NUM
from meshbot.model.tolerant_parse import parse_tolerantly
from meshbot.model.weak_keys import is_weak_key

_NODE_INFO = portnums_pb2.PortNum.NODEINFO_APP
_ROUTING = portnums_pb2.PortNum.ROUTING_APP
_TEXT_MESSAGE = portnums_pb2.PortNum.TEXT_MESSAGE_APP


class HeardNodes(Protocol):
    """Where it is noted who was heard, and what he said of himself."""

    def knows(self, num: int) -> bool:
        """Say whether node ``num`` was ever heard, or heard of."""

    def heard(self, num: int, *, snr_db: float | None, hops: int | None) -> None:
        """Note that a packet of node ``num`` was heard now, and how."""

    def public_key(self, num: int) -> bytes:
        """Return the key known for a node, or ``b""``."""

    def learn_from_air(self, num: int, user: mesh_pb2.User, *, held: bool = False) -> None:
        """Take a NodeInfo heard over the air; ``held``: signed by the holder of its key."""

    def put_key_back(self, interface: SupervisedInterface, num: int) -> bool:
        """Make ``interface`` hold the stored key of a node it just heard."""


class PacketHandler:
    """Hands each packet to where it belongs, in the order received."""

    def __init__(
        self,
        nodes: HeardNodes,
        radio_keys: RadioKeys,
        sender: MessageSender,
        *,
        proof: SenderProof,
        inbox: SealedInbox,
        texts: TextMessageHandler,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Name the collaborators."""
        self._nodes = nodes
        self._radio_keys = radio_keys
        self._sender = sender
        self._proof = proof
        self._inbox = inbox
        self._texts = texts
        self._node_clock = NodeClock(wall_clock)

    def handle(
        self, interface: SupervisedInterface, packet: mesh_pb2.MeshPacket, received_s: float
    ) -> None:
        """Deal with a packet received on ``interface`` at monotonic time ``received_s``."""
        own_num = interface.own_num
        sender = getattr(packet, "from")
        self._radio_keys.enter_session(interface, firmware_of(interface))
        if sender == own_num and packet.to == own_num and not came_by_air(packet):
            self._note_routing_error(interface, sender, packet.decoded)
        if sender in (0, own_num, BROADCAST_NUM):
            if is_sealed_for(packet, own_num):
                self._inbox.on_unopened(packet)  # nobody else says so
            return
        heard = self._heard(interface, packet, received_s)
        self._nodes.heard(sender, snr_db=heard.snr_db, hops=heard.hops)
        if is_sealed_for(packet, own_num):
            opened = self._inbox.open(interface, heard)
            if opened is not None:
                if heard.hops is None:
                    self._nodes.heard(sender, snr_db=heard.snr_db, hops=opened.hops)
                self._dispatch(interface, opened)
            return
        proof = self._proof.of(packet, own_num)
        decoded = DecodedPacket(
            heard,
            packet.decoded,
            proof is Proof.PROVEN,
            heard.age_s,
            other_key=proof is Proof.OTHER_KEY,
            proof=proof,
        )
        self._dispatch(interface, decoded)
        if packet.pki_encrypted:
            self.open_waiting(interface)  # that may have taught the sender's key

    def open_waiting(self, interface: SupervisedInterface | None) -> None:
        """Open the messages that waited for a key that is known now."""
        if interface is not None:
            for opened in self._inbox.open_waiting(interface):
                self._dispatch(interface, opened)

    def _heard(
        self, interface: SupervisedInterface, packet: mesh_pb2.MeshPacket, received_s: float
    ) -> HeardPacket:
        age_s = self._node_clock.age_when_received_s(interface, packet, received_s)
        familiar = self._nodes.knows(getattr(packet, "from"))
        return HeardPacket(packet, received_s, age_s, familiar)

    def _dispatch(self, interface: SupervisedInterface, decoded: DecodedPacket) -> None:
        """Do what a packet is for, by its port."""
        sender, data = decoded.heard.sender, decoded.data
        port = data.portnum
        if decoded.proven and is_weak_key(interface.own_public_key):
            # Who has our node's private key seals in the name of anybody who writes to us.
            decoded = replace(decoded, proven=False)
        if port == _NODE_INFO:
            self._learn(interface, decoded.heard.packet, data)
        elif port == _ROUTING:
            self._note_routing_error(interface, sender, data)
        elif port == _TEXT_MESSAGE:
            self._texts.handle(decoded, interface.own_num)

    def _learn(
        self, interface: SupervisedInterface, packet: mesh_pb2.MeshPacket, data: mesh_pb2.Data
    ) -> None:
        sender = getattr(packet, "from")
        try:
            user = parse_tolerantly(mesh_pb2.User, data.payload)
        except DecodeError:
            return  # the interface has counted it already
        if user.public_key:
            self._radio_keys.note_heard(sender, user.public_key)
        is_news = user.public_key != self._nodes.public_key(sender)
        held = is_news and shows_holder(packet, data, user.public_key)
        self._nodes.learn_from_air(sender, user, held=held)
        self._nodes.put_key_back(interface, sender)
        self.open_waiting(interface)

    def _note_routing_error(
        self, interface: SupervisedInterface, source: int, data: mesh_pb2.Data
    ) -> None:
        """Pass on what became of a packet that may be one of ours."""
        if data.portnum != _ROUTING:
            return
        try:
            error = parse_tolerantly(mesh_pb2.Routing, data.payload).error_reason
        except DecodeError:
            return
        if data.request_id and not error:
            self._sender.acknowledged(data.request_id, source)
        elif error and data.request_id:
            lacking = self._sender.routing_error(data.request_id, source, error, interface.own_num)
            if lacking is not None:
                self._radio_keys.note_missing(lacking)
