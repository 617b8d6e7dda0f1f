"""How much of everybody's air the bot may take, and whether a text may go now.

Any thread; ``_lock`` guards all of it and is a leaf. Three limits hold at once:

1. Strangers: their texts together take no more than their share of any hour; those of senders who
   prove nothing go no further than half of it, so that made-up numbers leave a newcomer something.
2. In all: the bot's texts take no more than its share of any hour, and no more than half of what
   the region allows the node, which has others' packets to relay. The strangers' share shrinks
   with it.
3. The node: what it says it transmitted in the last hour, in all, and what was charged since, stay
   below nine tenths of what the region allows. From the limit on ``Router::send`` refuses and even
   stops relaying. What the node said already holds our texts of before, so those are not added. A
   figure that is older than half an hour, or none, or nonsense says nothing: 1 and 2 go on. A node
   that has refused says for how long; so long nothing goes.

A direct text that nobody confirms is transmitted three times (``NUM_RELIABLE_RETX``). Whether it
is, is known only when the node gives up (``MAX_RETRANSMIT``), so each text is charged once when it
is handed over and its repetitions then (:meth:`AirBudget.charge_retries`): charged thrice in
advance, two thirds of a share would stand idle on a mesh that works. What those under way may
go over a share in the meantime is charged all the same and holds up those that come. Limit 3 needs
none of it: the node counts each transmission.
"""

import math
import threading
from collections.abc import Callable
from typing import NamedTuple, TypeGuard

from meshbot.messages.air_hour import HOUR_S, AirHour
from meshbot.messages.air_limit import AirLimit
from meshbot.model.lora_airtime import (
    LONG_FAST,
    LoraSettings,
    text_packet_bytes,
    time_on_air_s,
)

RETRIES = 2  # NextHopRouter.h: three transmissions in all
BOTS_SHARE = 0.5  # of what the region allows; half is what the firmware takes for its own telemetry
NODES_SHARE = 0.9
UNPROVEN_SHARE = 0.5  # of the strangers'
STALE_S = 1_800.0
CHANNEL_STALE_S = 300.0
ASK_AGAIN_S = 60.0  # DeviceTelemetry.cpp: how often a node tells its client how it is
BUSY_CHANNEL_PERCENT = 25.0  # airtime.h, polite_channel_util_percent
_US = 1_000_000
_PERCENT_US = int(HOUR_S * _US / 100)


class AirBudgetSettings(NamedTuple):
    """Percent of an hour: for the bot in all, and of that for strangers."""

    total_percent: float
    strangers_percent: float


class AirBudget:
    """The hour that is over, and what the node and its region say."""

    def __init__(self, settings: AirBudgetSettings, clock: Callable[[], float]) -> None:
        """Nothing was sent and nothing is known of the node; ``clock`` is monotonic."""
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._total = AirHour()
        self._strangers = AirHour()
        self._allowed_percent: float | None = None
        self._air: tuple[float, float] | None = None
        """What the node transmitted in percent of an hour, and when it said so."""
        self._channel: tuple[float, float] | None = None
        self._mute_until_s = -math.inf
        self._since_us = 0
        """What was charged after the node said what it transmitted, that of others in it."""

    @staticmethod
    def cost_s(
        lora: LoraSettings | None, payload_bytes: int, *, sealed: bool, signed: bool = False
    ) -> float:
        """Return the seconds on air of one text, header, ``Data``, seal and signature included.

        ``lora`` None: not known, it is taken for LONG_FAST.
        """
        size = text_packet_bytes(payload_bytes, sealed=sealed, signed=signed)
        return time_on_air_s(lora or LONG_FAST, size)

    def wait_s(self, cost_s: float, *, stranger: bool, unproven: bool = False) -> float:
        """Return 0.0 if a text may go now, else the seconds until it may or it is worth asking.

        ``unproven``: for a stranger who proves nothing. ``math.inf``: it never fits, however long
        the bot is silent.
        """
        return self._longest(cost_s, stranger=stranger, unproven=unproven)[0]

    def limit_on(self, cost_s: float, *, stranger: bool, unproven: bool = False) -> AirLimit | None:
        """Return what keeps a text waiting for longest; None if it may go."""
        wait_s, limit = self._longest(cost_s, stranger=stranger, unproven=unproven)
        return limit if wait_s > 0 else None

    def charge(self, cost_s: float, *, stranger: bool) -> None:
        """Note that a text is handed to the node now."""
        cost_us = _microseconds(cost_s)
        with self._lock:
            now_s = self._clock()
            self._total.add(cost_us, now_s)
            self._since_us += cost_us
            if stranger:
                self._strangers.add(cost_us, now_s)

    def charge_retries(self, cost_s: float, *, stranger: bool) -> None:
        """Note that the node gave up a text: it was transmitted two more times."""
        self.charge(RETRIES * cost_s, stranger=stranger)

    def note_others(self, cost_s: float) -> None:
        """Note that the node is given a packet that is not the bot's: its hour holds it too."""
        with self._lock:
            self._since_us += _microseconds(cost_s)

    def node_wait_s(self, cost_s: float) -> float:
        """Return 0.0 if the node's own limit lets a packet go now, else when to ask again."""
        with self._lock:
            return self._node_wait_s(_microseconds(cost_s), self._clock())

    @property
    def allowed_percent(self) -> float | None:
        """How much of an hour the node may transmit, in percent; None: as much as it likes."""
        with self._lock:
            return self._allowed_percent

    def note_node(
        self,
        air_percent: float | None,
        channel_percent: float | None,
        allowed_percent: float | None,
    ) -> None:
        """Take what the node says, in percent, and what its region allows.

        ``air_percent``: of the last hour, how much it transmitted in all. ``channel_percent``: of
        the last minute, how busy its channel was. Of both None or nonsense changes nothing.
        ``allowed_percent``: how much of an hour it may transmit; None or 100: as much as it likes.
        """
        with self._lock:
            now_s = self._clock()
            if _is_percentage(air_percent):
                self._air = (air_percent, now_s)
                self._since_us = 0
            if _is_percentage(channel_percent):
                self._channel = (channel_percent, now_s)
            has_limit = _is_percentage(allowed_percent) and 0 < allowed_percent < 100
            self._allowed_percent = allowed_percent if has_limit else None

    def note_mute(self, until_s: float) -> None:
        """Take until when the node says that it sends nothing, on the clock given; past: it does.

        It has replaced what was noted before: a node that restarted counts from nothing.
        """
        with self._lock:
            self._mute_until_s = until_s

    def is_busy(self, *, stranger: bool) -> bool:
        """Say whether a reply had better be short: a busy channel, or much of a share is used.

        The strangers' share is theirs alone.
        """
        with self._lock:
            now_s = self._clock()
            limits = [AirLimit.TOTAL, AirLimit.NODE]
            if stranger:
                limits.append(AirLimit.STRANGERS)
            is_used = any(self._share(limit, now_s) > 0.5 for limit in limits)
            return is_used or self._is_channel_busy(now_s)

    @property
    def is_channel_busy(self) -> bool:
        """Whether the node heard others so much that there is little room between them."""
        with self._lock:
            return self._is_channel_busy(self._clock())

    def _is_channel_busy(self, now_s: float) -> bool:
        percent, told_s = self._channel or (0.0, now_s)
        return percent >= BUSY_CHANNEL_PERCENT and now_s - told_s < CHANNEL_STALE_S

    def used_percent(self) -> tuple[float, float]:
        """Return in percent of the last hour what the bot took in all, and for strangers."""
        with self._lock:
            now_s = self._clock()
            total_us, strangers_us = self._total.used_us(now_s), self._strangers.used_us(now_s)
        return total_us / _PERCENT_US, strangers_us / _PERCENT_US

    def share_used(self, limit: AirLimit) -> float:
        """Return how much of a limit is used, 1.0 for all; it may be more."""
        with self._lock:
            return self._share(limit, self._clock())

    def limit_percent(self, limit: AirLimit) -> float:
        """Return a limit in percent of an hour; 100 for the node where nothing limits it."""
        with self._lock:
            return self._most_percent(limit)

    # -- With the lock held --------------------------------------------------------------------

    def _longest(self, cost_s: float, *, stranger: bool, unproven: bool) -> tuple[float, AirLimit]:
        cost_us = _microseconds(cost_s)
        limits = [AirLimit.TOTAL]
        if stranger:
            limits.append(AirLimit.STRANGERS)
        if stranger and unproven:
            limits.append(AirLimit.UNPROVEN)
        with self._lock:
            now_s = self._clock()
            waits = [(self._node_wait_s(cost_us, now_s), AirLimit.NODE)]
            waits += [(self._hour_wait_s(limit, cost_us, now_s), limit) for limit in limits]
        return max(waits, key=lambda wait: wait[0])

    def _hour_wait_s(self, limit: AirLimit, cost_us: int, now_s: float) -> float:
        most_us = self._most_us(limit)
        if limit is AirLimit.UNPROVEN:  # on a slow preset, one text may be more than half
            most_us = max(most_us, min(cost_us, self._most_us(AirLimit.STRANGERS)))
        return self._hour(limit).wait_s(cost_us, most_us, now_s)

    def _hour(self, limit: AirLimit) -> AirHour:
        return self._total if limit is AirLimit.TOTAL else self._strangers

    def _most_us(self, limit: AirLimit) -> int:
        return int(self._most_percent(limit) * _PERCENT_US)

    def _node_wait_s(self, cost_us: int, now_s: float) -> float:
        """Return when to ask again: how soon its hour gets emptier a node says only once muted."""
        if now_s < self._mute_until_s:
            return self._mute_until_s - now_s
        said = self._said(now_s)
        if said is None or self._allowed_percent is None:
            return 0.0
        most_us = self._most_us(AirLimit.NODE)
        if said[0] + cost_us <= most_us:
            return 0.0
        return min(ASK_AGAIN_S, said[1] + STALE_S - now_s)

    def _most_percent(self, limit: AirLimit) -> float:
        allowed_percent = self._allowed_percent
        if limit is AirLimit.NODE:
            return 100.0 if allowed_percent is None else NODES_SHARE * allowed_percent
        if limit is AirLimit.UNPROVEN:
            return UNPROVEN_SHARE * self._most_percent(AirLimit.STRANGERS)
        chosen = self._settings
        total_percent = chosen.total_percent
        if allowed_percent is not None:
            total_percent = min(total_percent, BOTS_SHARE * allowed_percent)
        if limit is AirLimit.TOTAL:
            return total_percent
        # Half at least where the region narrows the whole: of 0.1 % nobody could be answered.
        proportion = max(chosen.strangers_percent / chosen.total_percent, 0.5)
        return min(chosen.strangers_percent, proportion * total_percent)

    def _share(self, limit: AirLimit, now_s: float) -> float:
        if limit is AirLimit.NODE and now_s < self._mute_until_s:
            return 1.0
        if limit is AirLimit.NODE:
            said = self._said(now_s)
            used_us = said[0] if said is not None and self._allowed_percent is not None else 0
        else:
            used_us = self._hour(limit).used_us(now_s)
        return used_us / (self._most_percent(limit) * _PERCENT_US)

    def _said(self, now_s: float) -> tuple[int, float] | None:
        """Return what the node has transmitted by now, and when it told; None: nobody knows."""
        if self._air is None or now_s - self._air[1] >= STALE_S:
            return None
        percent, told_s = self._air
        return int(percent * _PERCENT_US) + self._since_us, told_s


def _microseconds(cost_s: float) -> int:
    return max(math.ceil(cost_s * _US), 0)


def _is_percentage(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value) and 0 <= value <= 100
