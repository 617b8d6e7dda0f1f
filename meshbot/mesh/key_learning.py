"""Has keys judged that are heard or decided about, and says what became of them. Pure.

Used under the lock of the node table, which owns it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from meshbot.mesh.key_news import KeyNews
from meshbot.mesh.key_outcome import KeyOutcome
from meshbot.mesh.key_trust import KeyTrust
from meshbot.mesh.node_entries import NodeEntries
from meshbot.model.key_decision import KeyDecision
from meshbot.model.key_source import KeySource
from meshbot.model.known_node import KnownNode
from meshbot.model.public_key import is_number_of, is_usable_key
from meshbot.model.weak_keys import is_weak_key


@dataclass(frozen=True, slots=True)
class RadioOffer:
    """An entry of the radio's own database that has a key."""

    node: KnownNode
    """The entry of the node table."""
    key: bytes
    is_own: bool = False
    """Whether it is the radio itself."""
    held: bool = False
    """Whether the radio saw that the key's holder uses this number."""


class KeyLearning:
    """Brings keys, the entries of the nodes and the rules of the key trust together."""

    def __init__(self, nodes: NodeEntries, trust: KeyTrust) -> None:
        """Name the entries and the rules."""
        self._nodes = nodes
        self._trust = trust

    def holder(self, key: bytes) -> KnownNode | None:
        """Return the entry of the node that a key is pinned for."""
        return self._nodes.get(self._trust.holder(key) or 0)

    def previous(self, num: int, key: bytes) -> KnownNode | None:
        """Return the node that ``key`` says is known under another number now, None if it is none.

        See :meth:`KeyTrust.previous_num`.
        """
        node = self._nodes.get(num) or KnownNode(num)
        return self._nodes.get(self._trust.previous_num(node, key) or 0)

    def offer(
        self, node: KnownNode, key: bytes, source: KeySource, now: int, *, held: bool = False
    ) -> KeyNews | None:
        """Offer a key as that of a node; return what became of it, None if that is nothing new."""
        if not key:
            return None
        known_key, holder = node.public_key, self.holder(key)
        outcome = self._trust.offer(node, key, source, now, held=held)
        if outcome in (KeyOutcome.KNOWN, KeyOutcome.REPEATED):
            return None
        return KeyNews(node.copy(), key, outcome, known_key, _other_than(node, holder), held)

    def offer_database(self, offers: Sequence[RadioOffer], now: int) -> list[KeyNews]:
        """Offer the keys of the radio's database, which may have changed hands among its nodes.

        First those that nobody else holds, again and again: each that is taken may free another.
        Of two numbers with one key, the one goes first that firmware 2.8 gives its holder: the
        other is the one he had before.
        """
        own = [one.node.num for one in offers if one.is_own]
        self._trust.own_num = own[0] if own else self._trust.own_num
        offers = sorted(offers, key=lambda one: not is_number_of(one.node.num, one.key))
        news: list[KeyNews | None] = []
        left = len(offers) + 1
        while len(offers) < left:
            left, others_have = len(offers), []
            for one in offers:
                if self._trust.holder(one.key) in (None, one.node.num):
                    news.append(self._offer_radios(one, now))
                else:
                    others_have.append(one)
            offers = others_have
        news.extend(self._offer_radios(one, now) for one in offers)
        return [one for one in news if one is not None]

    def _offer_radios(self, one: RadioOffer, now: int) -> KeyNews | None:
        previous = self.previous(one.node.num, one.key) if one.is_own else None
        if previous is None:
            return self.offer(one.node, one.key, KeySource.RADIO, now, held=one.held)
        self._trust.accept(one.node, one.key, previous, now)
        _follow(one.node, previous, now)
        return KeyNews(one.node.copy(), one.key, KeyOutcome.OWN_MOVED, b"", previous.copy())

    def contest(self, node: KnownNode, key: bytes, now: int) -> bool:
        """Note that the radio opened a message with ``key``; return whether that is news."""
        return self._trust.contest(node, key, now)

    def carry_out(self, decision: KeyDecision, now: int) -> KeyNews | None:
        """Do what the operator decided; return what became of the key, None if it is nobody's."""
        node, key = self._nodes.entry(decision.num, now), decision.public_key
        if node is None or not is_usable_key(key) or (decision.accept and is_weak_key(key)):
            return None
        known_key = node.public_key
        if not decision.accept:
            self._trust.refuse(node, key, now)
            return KeyNews(node.copy(), key, KeyOutcome.REFUSED, known_key)
        holder, previous = self.holder(key), self.previous(node.num, key)
        self._trust.accept(node, key, holder, now)
        outcome = KeyOutcome.ACCEPTED
        if previous is not None:
            _follow(node, previous, now)
            outcome = KeyOutcome.FOLLOWED
        elif key != known_key:
            node.pushed_at = 0  # what the radio was given was another key
        return KeyNews(node.copy(), key, outcome, known_key, _other_than(node, holder))


def _follow(node: KnownNode, previous: KnownNode, now: int) -> None:
    """Give a node under its new number what it had under the old one.

    What was known under the new one was somebody else's, or is nothing yet. Whoever uses the old
    one from now on is somebody met today.
    """
    node.last_dm, node.pushed_at = previous.last_dm, previous.pushed_at
    node.known_since, node.language = previous.known_since, previous.language
    previous.last_dm = previous.pushed_at = 0
    previous.known_since = now


def _other_than(node: KnownNode, holder: KnownNode | None) -> KnownNode | None:
    """Return a copy of a key's holder if that is another node."""
    return holder.copy() if holder is not None and holder is not node else None
