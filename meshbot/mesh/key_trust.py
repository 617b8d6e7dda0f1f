"""Which public key is believed of which node, and what became of the others. Pure.

1. What can be nobody's key (not 32 bytes, all zero, a low-order point) is never taken, nor is one
   whose private half others are known to have. One that was stored before that was known is taken
   from its node.
2. A key that is another node's is never taken either: it waits for the operator. So it does where
   the number is the one that firmware 2.8 gives the holder of that key, and he showed that he uses
   it: his old number may be in use all the same. Two exceptions, where nobody need be asked:
   a. our own node says of itself that it has a new number;
   b. the radio's database still has the old number of a node that is known under the new one.
3. The first key seen for a node is pinned.
4. Another one, heard over the air, changes nothing: it waits for the operator.
5. Another one in the radio's own database replaces the pinned key, which goes into the history.
   The radio took the first that it heard of a node it had forgotten, so there are exceptions:
   a. not one that the operator has put aside, or his word would last until the next start only;
   b. not one with which the radio opened a message against the pinned key, or seems to have: the
      operator was told, and decides. Else a forger would only have to wait for our next start;
   c. not where the node's number is the CRC-32 of the pinned key and not of the other: firmware
      2.8 gives the owner of another key another number.
   A key that b or c kept out waits for the operator, and no flood of others makes it forgotten.
6. What the operator accepts is pinned, and taken from the node that held it; what he refuses is
   not brought up again, and no flood of other keys makes that forgotten.
7. A key that came by rule 5 is disputed until the operator has accepted it: nobody who gives orders
   under it is obeyed, nor is it given to a radio that lacks it, as it may be a forger's.
8. A first key where another one was pinned before (taken away by the operator, or found to be
   weak) is pinned, but unconfirmed until he accepts it: it gives no orders. He trusts the first key
   of an administrator, and this is none: anybody may be quick to announce one under a free number.

Owned by the node table and used under its lock.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from meshbot.mesh.key_outcome import KeyOutcome
from meshbot.model.key_source import KeySource
from meshbot.model.known_node import KnownNode
from meshbot.model.other_key import ACCEPTED, CONTESTED, HELD, UNCONFIRMED, OtherKey
from meshbot.model.public_key import is_number_of, is_usable_key
from meshbot.model.weak_keys import is_weak_key

MAX_OFFERED = 4
MAX_CONTESTED = 4
MAX_REFUSED = 64
MAX_REPLACED_BY_RADIO = 4
MAX_REPLACED_BY_OPERATOR = 16
"""Other keys kept of one node, by what became of them."""
MAX_NODES_WITH_OFFERS = 1_000
AT_ONCE_SHARE = 20
"""So much of them is forgotten at once: choosing looks at all."""


def _is_offered(other: OtherKey) -> bool:
    return bool(other.offered_at) and not other.contested


def _is_contested(other: OtherKey) -> bool:
    return other.contested


def _is_refused(other: OtherKey) -> bool:
    return bool(other.refused_at)


def _is_replaced_by_radio(other: OtherKey) -> bool:
    return other.replaced_by == KeySource.RADIO.value


def _is_replaced_by_operator(other: OtherKey) -> bool:
    return other.replaced_by == KeySource.OPERATOR.value


@dataclass(frozen=True, slots=True)
class _Kind:
    """One of the reasons to keep another key of a node."""

    includes: Callable[[OtherKey], bool]
    most: int
    """Keys kept of a node for this reason."""
    without: Callable[[OtherKey], OtherKey]
    """Forgets the reason, and none of the others."""


def _without_replacement(other: OtherKey) -> OtherKey:
    return replace(other, replaced_at=0, replaced_by="")


_KINDS = (
    _Kind(_is_contested, MAX_CONTESTED, lambda other: replace(other, replaced_by="")),
    _Kind(_is_offered, MAX_OFFERED, lambda other: replace(other, offered_at=0)),
    _Kind(_is_refused, MAX_REFUSED, lambda other: replace(other, refused_at=0)),
    _Kind(_is_replaced_by_radio, MAX_REPLACED_BY_RADIO, _without_replacement),
    _Kind(_is_replaced_by_operator, MAX_REPLACED_BY_OPERATOR, _without_replacement),
)


class KeyTrust:
    """The keys of all nodes except the pinned ones, which stand in the nodes."""

    def __init__(self) -> None:
        """Know nobody."""
        self.own_num = 0
        """Our own node's number, 0 while it is unknown."""
        self._holders: dict[bytes, int] = {}
        self._others: OrderedDict[int, dict[bytes, OtherKey]] = OrderedDict()
        self._unwritten: set[int] = set()
        self._mended: set[int] = set()
        """Nodes that were stored with a key which is not theirs."""

    def load(
        self, nodes: Iterable[KnownNode], others: Iterable[OtherKey]
    ) -> list[tuple[KnownNode, bytes]]:
        """Take over what was stored; return the nodes whose key is taken from them, and that key.

        It was unusable, somebody else's, or is weak.
        """
        self._holders.clear()
        self._others.clear()
        self._mended.clear()
        for other in sorted(others, key=_latest):
            self._others.setdefault(other.num, {})[other.public_key] = other
        return self.take_stored(nodes)

    def take_stored(self, nodes: Iterable[KnownNode]) -> list[tuple[KnownNode, bytes]]:
        """Take over nodes that were stored, too; return as :meth:`load` does."""
        dropped = []
        for node in nodes:
            key = node.public_key
            if not key:
                continue
            if _is_believable(key) and self._holders.setdefault(key, node.num) == node.num:
                continue
            node.public_key = b""
            dropped.append((node, key))
            self._mended.add(node.num)
        for node, key in dropped:
            if is_weak_key(key):
                then = max(1, node.last_heard)
                self._wait(node, key, then)
                self._keep(replace(self._other(node.num, key), replaced_at=then))
        return dropped

    def offer(
        self, node: KnownNode, key: bytes, source: KeySource, now: int, *, held: bool = False
    ) -> KeyOutcome:
        """Judge ``key`` as that of ``node``, and pin it there if the rules say so.

        ``now`` is wall-clock time in seconds; ``held``: its holder showed that he uses this number.
        """
        if key == node.public_key:
            return KeyOutcome.KNOWN
        if not _is_believable(key) or self._holders.get(key, node.num) != node.num:
            return self._keep_out(node, key, source, now, held=held)
        if not node.public_key:
            return self._offer_first(node, key)
        if source is KeySource.RADIO:
            return self._offer_instead(node, key, now)
        return KeyOutcome.OFFERED if self._wait(node, key, now, held=held) else KeyOutcome.REPEATED

    def _keep_out(
        self, node: KnownNode, key: bytes, source: KeySource, now: int, *, held: bool
    ) -> KeyOutcome:
        """Judge a key that rule 1 or 2 keeps from being pinned."""
        holder = self._holders.get(key, 0)
        if not is_usable_key(key):
            return KeyOutcome.UNUSABLE
        if is_weak_key(key):
            outcome = KeyOutcome.WEAK
        elif self.previous_num(node, key) is not None:
            outcome = KeyOutcome.MOVED
        elif source is KeySource.RADIO and is_number_of(holder, key):
            return KeyOutcome.REPEATED
        else:
            outcome = KeyOutcome.TAKEN
        return outcome if self._wait(node, key, now, held=held) else KeyOutcome.REPEATED

    def previous_num(self, node: KnownNode, key: bytes) -> int | None:
        """Return under which number ``node`` was known before, if ``key`` says that it has moved.

        So it does if the number is the one that firmware 2.8 gives the key's holder, he is known
        under another, and nobody under this one: a key that was pinned here and does not give this
        number is that of somebody who was here first, to be in his way. The holder is not our own
        node, which says so itself.
        """
        holder = self._holders.get(key)
        if holder in (None, node.num, self.own_num) or not is_number_of(node.num, key):
            return None
        return None if is_number_of(node.num, node.public_key) else holder

    def _offer_first(self, node: KnownNode, key: bytes) -> KeyOutcome:
        """Pin a key for a node that has none, but not one that the operator refused."""
        if not self.knows(node.num):
            self._pin(node, key)
            return KeyOutcome.PINNED
        if _is_refused(self._other(node.num, key)):
            return KeyOutcome.REPEATED
        had_another = any(other.replaced_at for other in self.others(node.num))
        self._pin(node, key)
        if had_another:
            self._keep(OtherKey(node.num, key, replaced_by=UNCONFIRMED))
        return KeyOutcome.PINNED

    def _offer_instead(self, node: KnownNode, key: bytes, now: int) -> KeyOutcome:
        """Let the radio's key replace the pinned one, unless the operator decided against it."""
        other = self._other(node.num, key)
        if _is_refused(other) or _is_replaced_by_operator(other):
            return KeyOutcome.OVERRULED
        if other.contested or (
            is_number_of(node.num, node.public_key) and not is_number_of(node.num, key)
        ):
            self._contest(other, now)
            return KeyOutcome.CONTESTED
        self._retire(node, KeySource.RADIO, now)
        self._pin(node, key)
        return KeyOutcome.ADOPTED

    def _wait(self, node: KnownNode, key: bytes, now: int, *, held: bool = False) -> bool:
        """Keep a key for the operator; return whether that, or what speaks for it, is news."""
        other = self._other(node.num, key)
        if _is_refused(other):
            return False
        is_first_shown = held and not other.replaced_by
        by = HELD if is_first_shown else other.replaced_by
        self._keep(replace(other, offered_at=now, replaced_by=by))
        return is_first_shown or not other.offered_at

    def contest(self, node: KnownNode, key: bytes, now: int) -> bool:
        """Note that the radio opened a message with ``key`` against the pinned one.

        Return whether that is news; of a key on which the operator has decided it is none.
        """
        if not node.public_key or key == node.public_key or not _is_believable(key):
            return False
        other = self._other(node.num, key)
        if other.contested or other.replaced_at or _is_refused(other):
            return False
        self._contest(other, now)
        return True

    def _contest(self, other: OtherKey, now: int) -> None:
        """Have a key wait for the operator; of one that was pinned, say who replaced it still."""
        by = other.replaced_by if other.replaced_at else CONTESTED
        self._keep(replace(other, offered_at=now, replaced_by=by))

    def accept(self, node: KnownNode, key: bytes, holder: KnownNode | None, now: int) -> None:
        """Pin a key by the operator's word, or confirm the pinned one; never against rule 1.

        ``holder`` is the node that loses it, if one does.
        """
        if not _is_believable(key):
            return
        self._settle(node.num)
        if holder is not None and holder.num != node.num:
            self._settle(holder.num)
            self._retire(holder, KeySource.OPERATOR, now)
        if node.public_key and node.public_key != key:
            self._retire(node, KeySource.OPERATOR, now)
        self._pin(node, key)
        if not self.is_decided(node.num):
            self._keep(OtherKey(node.num, key, replaced_by=ACCEPTED))

    def refuse(self, node: KnownNode, key: bytes, now: int) -> None:
        """Remember that the operator does not want to hear of a key again.

        If it is the pinned one, he changed his mind, and the one that it replaced comes back.
        """
        if node.public_key == key:
            former = [
                other
                for other in reversed(self.others(node.num))
                if other.replaced_at and not (other.weak or _is_refused(other))
            ]
            self._retire(node, KeySource.OPERATOR, now)
            last = max(former, key=lambda other: other.replaced_at, default=None)
            if last is not None and last.public_key not in self._holders:
                self._pin(node, last.public_key)
        other = self._other(node.num, key)
        self._keep(replace(other, offered_at=0, refused_at=now))

    def is_disputed(self, num: int) -> bool:
        """Say whether a node's pinned key is the radio's word against an older one."""
        return any(_is_replaced_by_radio(other) for other in self._others.get(num, {}).values())

    def is_unconfirmed(self, num: int) -> bool:
        """Say whether a node's pinned key is disputed, or the first since another was taken away.

        Then nobody gives orders with it on the strength of his number alone.
        """
        others = self._others.get(num, {}).values()
        return self.is_disputed(num) or any(
            other.unconfirmed and self._holders.get(other.public_key) == num for other in others
        )

    def is_decided(self, num: int) -> bool:
        """Say whether the operator ever decided about a node."""
        others = self._others.get(num, {}).values()
        return any(other.put_aside or other.accepted for other in others)

    def is_contested(self, num: int) -> bool:
        """Say whether a node's key is, or was, in doubt by what the radio showed."""
        others = self._others.get(num, {}).values()
        return any(other.contested or _is_replaced_by_radio(other) for other in others)

    def forget_node(self, num: int, key: bytes) -> None:
        """Forget all of a node, whose pinned key is ``key``; the store is told by others."""
        if self._holders.get(key) == num:
            del self._holders[key]
        self._others.pop(num, None)
        self._unwritten.discard(num)
        self._mended.discard(num)

    def knows(self, num: int) -> bool:
        """Say whether anything about a node is kept here: then its entry is needed, too."""
        return num in self._others or num in self._mended

    def holder(self, key: bytes) -> int | None:
        """Return the number of the node that a key is pinned for."""
        return self._holders.get(key)

    def others(self, num: int) -> list[OtherKey]:
        """Return a node's other keys, the latest news first."""
        kept = self._others.get(num, {}).values()
        return [other for other in reversed(kept) if not other.of_pinned]

    def stored_others(self, num: int) -> list[OtherKey]:
        """Return all that the store should have of a node here, the latest news first."""
        return list(reversed(self._others.get(num, {}).values()))

    def waiting(self) -> list[OtherKey]:
        """Return every key that waits for the operator."""
        return [other for num in self._others for other in self.others(num) if other.waiting]

    def weak(self) -> list[OtherKey]:
        """Return every weak key that a node uses or used."""
        return [other for num in self._others for other in self.others(num) if other.weak]

    def pop_unwritten(self) -> dict[int, list[OtherKey]]:
        """Return all the other keys of the nodes for which they changed since the last call."""
        unwritten = {num: self.stored_others(num) for num in self._unwritten}
        self._unwritten.clear()
        return unwritten

    def mark_unwritten(self, nums: Iterable[int]) -> None:
        """Have :meth:`pop_unwritten` name these nodes again: they could not be written."""
        self._unwritten.update(nums)

    def all_others(self) -> dict[int, list[OtherKey]]:
        """Return all the other keys of every node that has any."""
        return {num: self.stored_others(num) for num in self._others}

    def _pin(self, node: KnownNode, key: bytes) -> None:
        node.public_key = key
        self._holders[key] = node.num
        self._forget(node.num, key)

    def _retire(self, node: KnownNode, source: KeySource, now: int) -> None:
        """Move a node's pinned key into its history."""
        old, node.public_key = node.public_key, b""
        self._holders.pop(old, None)
        self._keep(
            replace(self._other(node.num, old), replaced_at=now, replaced_by=source.value),
        )

    def _settle(self, num: int) -> None:
        """End a dispute: the operator has decided about a node."""
        for other in self.others(num):
            if _is_replaced_by_radio(other):
                self._keep(replace(other, replaced_by=KeySource.OPERATOR.value))

    def _other(self, num: int, key: bytes) -> OtherKey:
        return self._others.get(num, {}).get(key) or OtherKey(num, key)

    def _keep(self, other: OtherKey) -> None:
        """Keep a key as the latest news of its node; the oldest of its kind may give way."""
        kept = self._others.setdefault(other.num, {})
        kept.pop(other.public_key, None)
        kept[other.public_key] = other
        self._others.move_to_end(other.num)
        self._unwritten.add(other.num)
        for kind in _KINDS:
            of_kind = [one for one in kept.values() if kind.includes(one)]
            if len(of_kind) > kind.most:
                # The oldest, but not one whose holder showed himself, for a flood of mere claims.
                rest = kind.without(min(of_kind, key=lambda one: one.held))
                if _latest(rest):
                    kept[rest.public_key] = rest
                else:
                    del kept[rest.public_key]
        if (too_many := len(self._others) - MAX_NODES_WITH_OFFERS) > 0:
            self._forget_offers(too_many + MAX_NODES_WITH_OFFERS // AT_ONCE_SHARE)

    def _forget_offers(self, count: int) -> None:
        """Of the nodes with nothing but offers, forget those longest without news.

        Nodes without a pinned key go first: somebody else's key can be announced under any number.
        Not so one whose holder showed himself.
        """
        kept_for = set(self._holders.values())
        kept_for.update(
            num for num, kept in self._others.items() if any(other.held for other in kept.values())
        )
        only_offers = [
            num
            for num, kept in self._others.items()
            if not any(
                other.replaced_at or other.refused_at or other.contested or other.of_pinned
                for other in kept.values()
            )
        ]
        for num in sorted(only_offers, key=lambda num: num in kept_for)[:count]:
            del self._others[num]
            self._unwritten.add(num)

    def _forget(self, num: int, key: bytes) -> None:
        kept = self._others.get(num, {})
        if kept.pop(key, None) is not None:
            self._unwritten.add(num)
        if not kept:
            self._others.pop(num, None)


def _is_believable(key: bytes) -> bool:
    return is_usable_key(key) and not is_weak_key(key)


def _latest(other: OtherKey) -> int:
    return max(other.offered_at, other.refused_at, other.replaced_at)
