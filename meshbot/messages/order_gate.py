"""Whether an order is obeyed: by whom it must come, proven how, and that it never came before.

Owned by the worker thread. An order that may be obeyed is written to the store first: then a crash
costs its effect, never a second one.
"""

import logging
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from meshbot.messages.decoded_packet import DecodedPacket
from meshbot.messages.key_book import KeyBook
from meshbot.messages.order_refusal import OrderRefusal
from meshbot.messages.proof import Proof
from meshbot.model.known_node import node_id
from meshbot.model.public_key import base64_text, fingerprint
from meshbot.store.storage_error import StorageError, StorageVanished
from meshbot.text.language import mark, tr
from meshbot.text.line_limiter import LineLimiter

log = logging.getLogger(__name__)

LINE_S = 3_600.0
MAX_LINES = 60
_REFUSALS = {
    Proof.NO_KEY_SHOWN: OrderRefusal.NO_KEY_SHOWN,
    Proof.BY_MQTT: OrderRefusal.BY_MQTT,
    Proof.BY_UDP: OrderRefusal.BY_UDP,
    Proof.BY_UNKNOWN_WAY: OrderRefusal.BY_UNKNOWN_WAY,
    Proof.NO_KEY_KNOWN: OrderRefusal.NO_KEY_KNOWN,
}
_TEXTS = {
    OrderRefusal.UNSEALED: mark("message non authentifié"),
    OrderRefusal.NO_KEY_SHOWN: mark(
        "message non authentifié : la clé qui l'a ouvert n'est pas montrée"
    ),
    OrderRefusal.BY_MQTT: mark("message non authentifié : venu par MQTT"),
    OrderRefusal.BY_UDP: mark("message non authentifié : venu par UDP"),
    OrderRefusal.BY_UNKNOWN_WAY: mark("message non authentifié : entendu on ne sait comment"),
    OrderRefusal.NO_KEY_KNOWN: mark("message non authentifié : sa clé ne peut pas être la sienne"),
    OrderRefusal.NO_ADMIN: mark("pas dans ADMIN_NODES"),
    OrderRefusal.NOT_THE_ADMINS_KEY: mark("sa clé n'est pas celle que donne ADMIN_NODES"),
    OrderRefusal.KEY_DISPUTED: mark(
        "sa clé n'est pas confirmée (voir : main_bot.py keys list {id})"
    ),
    OrderRefusal.NO_PACKET_ID: mark("paquet sans numéro"),
    OrderRefusal.REPLAYED: mark("déjà entendu, peut-être rejoué par un tiers"),
    OrderRefusal.NOT_NOTED: mark("il ne peut pas être noté dans la base"),
}


class AdminKeys(KeyBook, Protocol):
    """The keys known, and how sure they are."""

    def is_unconfirmed(self, num: int) -> bool:
        """Say whether a node's key is disputed, or came after one that was taken away."""


class HeardOrders(Protocol):
    """Where the orders heard are noted."""

    def note(self, num: int, packet_id: int) -> bool:
        """Note an order, durable on return; return whether it is new. Raises ``StorageError``."""

    def write_again(self) -> None:
        """Write all that was heard into a file that was made anew. Raises ``StorageError``."""


class OrderGate:
    """Lets an order pass once."""

    def __init__(
        self,
        keys: AdminKeys,
        orders: HeardOrders,
        admin_nodes: Mapping[int, str],
        *,
        on_vanished: Callable[[StorageVanished], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Name the collaborators; ``on_vanished`` makes a store that has vanished anew."""
        self._keys = keys
        self._orders = orders
        self.admin_nodes = admin_nodes
        """Who may give orders, and the beginning of the key each must have; replaced whole."""
        self._on_vanished = on_vanished
        self._clock = clock
        self._replay_lines = LineLimiter(LINE_S, MAX_LINES)
        self.on_obeyed: Callable[[int, str], object] = lambda num, key: None
        """Told of an order that was obeyed: by whom, and the key's fingerprint. Must not block."""

    def judge(self, message: DecodedPacket) -> OrderRefusal | None:
        """Say why the order in a message must not be obeyed, None if it may, now and never again.

        An order that may is noted, whatever becomes of it afterwards. One that came before gets a
        line here, and is to get no answer: a repetition must not use the air.
        """
        sender, packet_id = message.heard.sender, message.heard.packet.id
        refusal = self._lack_of_proof(message) or self._lack_of_right(sender)
        if refusal is not None:
            return refusal
        if not packet_id:
            return OrderRefusal.NO_PACKET_ID  # it could not be told from a repetition
        try:
            is_new = self._note(sender, packet_id)
        except StorageError as error:
            log.error("❌ %s", error)
            return OrderRefusal.NOT_NOTED
        if is_new:
            return None
        if self._replay_lines.allows(sender, self._clock()):
            self.tell_refused(sender, OrderRefusal.REPLAYED)
        return OrderRefusal.REPLAYED

    def is_admin(self, num: int) -> bool:
        """Say whether the operator lets a node give orders, as far as its key is known."""
        return self._lack_of_right(num) is None

    def tell_refused(self, sender: int, refusal: OrderRefusal) -> None:
        """Tell the operator of an order that is not obeyed."""
        reason = tr(_TEXTS[refusal], id=node_id(sender)[1:])
        log.warning(tr("⛔ Ordre de %s refusé : %s"), self._keys.label(sender), reason)

    def tell_obeyed(self, sender: int) -> None:
        """Tell the operator of an order that was obeyed."""
        key = fingerprint(self._keys.public_key(sender))
        log.warning(tr("🛠️ Ordre de %s exécuté (clé %s)"), self._keys.label(sender), key)
        self.on_obeyed(sender, key)

    def _lack_of_proof(self, message: DecodedPacket) -> OrderRefusal | None:
        if message.proven:
            return None
        if message.proof is None:
            return OrderRefusal.UNSEALED
        return _REFUSALS.get(message.proof, OrderRefusal.UNSEALED)

    def _lack_of_right(self, sender: int) -> OrderRefusal | None:
        beginning = self.admin_nodes.get(sender)
        if beginning is None:
            return OrderRefusal.NO_ADMIN
        if not beginning:
            return OrderRefusal.KEY_DISPUTED if self._keys.is_unconfirmed(sender) else None
        if base64_text(self._keys.public_key(sender)).startswith(beginning):
            return None
        return OrderRefusal.NOT_THE_ADMINS_KEY

    def _note(self, sender: int, packet_id: int) -> bool:
        try:
            return self._orders.note(sender, packet_id)
        except StorageVanished as error:
            self._on_vanished(error)
            self._orders.write_again()
            return True
