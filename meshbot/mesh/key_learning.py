"""Has keys judged that are heard or decided about, and says what became of them. Pure.

Used under the lock of the node table, which owns it.
"""

from collections.abc import Sequence
from dataclasses import replace

from meshbot.mesh.key_news import KeyNews
from meshbot.mesh.key_outcome import KeyOutcome
from meshbot.mesh.key_trust import KeyTrust
from meshbot.mesh.node_entries import NodeEntries
from meshbot.model.key_decision import KeyDecision
from meshbot.model.key_source import KeySource
from meshbot.model.known_node import KnownNode
from meshbot.model.public_key import is_usable_key


class KeyLearning:
    """Brings keys, the entries of the nodes and the rules of the key trust together."""

    def __init__(self, nodes: NodeEntries, trust: KeyTrust) -> None:
        """Name the entries and the rules."""
        self._nodes = nodes
        self._trust = trust

    def holder(self, key: bytes) -> KnownNode | None:
        """Return the entry of the node that a key is pinned for."""
        return self._nodes.get(self._trust.holder(key) or 0)

    def offer(self, node: KnownNode, key: bytes, source: KeySource, now: int) -> KeyNews | None:
        """Offer a key as that of a node; return what became of it, None if that is nothing new."""
        if not key:
            return None
        known_key, holder = node.public_key, self.holder(key)
        outcome = self._trust.offer(node, key, source, now)
        if outcome in (KeyOutcome.KNOWN, KeyOutcome.REPEATED):
            return None
        return KeyNews(replace(node), key, outcome, known_key, _other_than(node, holder))

    def offer_database(self, offers: Sequence[tuple[KnownNode, bytes]], now: int) -> list[KeyNews]:
        """Offer the keys of the radio's database, which may have changed hands among its nodes.

        First those that nobody else holds, again and again: each that is taken may free another.
        """
        news: list[KeyNews | None] = []
        left = len(offers) + 1
        while len(offers) < left:
            left, held = len(offers), []
            for node, key in offers:
                if self._trust.holder(key) in (None, node.num):
                    news.append(self.offer(node, key, KeySource.RADIO, now))
                else:
                    held.append((node, key))
            offers = held
        news.extend(self.offer(node, key, KeySource.RADIO, now) for node, key in offers)
        return [one for one in news if one is not None]

    def contest(self, node: KnownNode, key: bytes, now: int) -> bool:
        """Note that the radio opened a message with ``key``; return whether that is news."""
        return self._trust.contest(node, key, now)

    def carry_out(self, decision: KeyDecision, now: int) -> KeyNews | None:
        """Do what the operator decided; return what became of the key, None if it is nobody's."""
        node, key = self._nodes.entry(decision.num, now), decision.public_key
        if node is None or not is_usable_key(key):
            return None
        known_key = node.public_key
        if not decision.accept:
            self._trust.refuse(node, key, now)
            return KeyNews(replace(node), key, KeyOutcome.REFUSED, known_key)
        holder = self.holder(key)
        self._trust.accept(node, key, holder, now)
        if key != known_key:
            node.pushed_at = 0  # what the radio was given was another key
        return KeyNews(
            replace(node), key, KeyOutcome.ACCEPTED, known_key, _other_than(node, holder)
        )


def _other_than(node: KnownNode, holder: KnownNode | None) -> KnownNode | None:
    """Return a copy of a key's holder if that is another node."""
    return replace(holder) if holder is not None and holder is not node else None
