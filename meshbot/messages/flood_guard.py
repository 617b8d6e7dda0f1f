"""How many texts one sender is answered with. Pure: told the time, keeps no clock."""

import enum
from collections import OrderedDict
from dataclasses import dataclass

MAX_SENDERS = 1_000


class Admission(enum.Enum):
    """What to do with a command."""

    ANSWER = "answer"
    WARN = "warn"
    """Over the limit for the first time since the bucket was full: say so instead."""
    IGNORE = "ignore"


@dataclass
class _Bucket:
    tokens: float
    at_s: float
    warned: bool = False


class FloodGuard:
    """A bucket of texts for each sender, refilled slowly. Owned by the worker thread.

    A sender who proves who he is shares no bucket with those who only use his number.

    ``burst`` texts at once, then one every ``refill_s``. A command takes one when it is let in, and
    the further ones when its answer is made: an answer that is longer than what is left is cut. The
    senders heard longest ago are forgotten beyond a thousand.
    """

    def __init__(self, burst: int, refill_s: float) -> None:
        """Set the limits."""
        self._burst = burst
        self._refill_s = refill_s
        self._buckets: OrderedDict[tuple[int, bool], _Bucket] = OrderedDict()

    def admit(self, sender: int, now_s: float, *, proven: bool = False) -> Admission:
        """Return what to do with a command that ``sender`` sent, at monotonic time ``now_s``."""
        bucket = self._filled(sender, now_s, proven=proven)
        if bucket.tokens >= 1:
            bucket.warned = bucket.warned and bucket.tokens < self._burst
            bucket.tokens -= 1
            return Admission.ANSWER
        if not bucket.warned:
            bucket.warned = True
            return Admission.WARN
        return Admission.IGNORE

    def take(self, sender: int, wanted: int, now_s: float, *, proven: bool = False) -> int:
        """Take up to ``wanted`` further texts for an answer; return how many there were."""
        bucket = self._filled(sender, now_s, proven=proven)
        taken = min(wanted, int(bucket.tokens))
        bucket.tokens -= taken
        return taken

    def _filled(self, sender: int, now_s: float, *, proven: bool) -> _Bucket:
        """Return a sender's bucket as it is at monotonic time ``now_s``."""
        key = (sender, proven)
        bucket = self._buckets.pop(key, None) or _Bucket(float(self._burst), now_s)
        self._buckets[key] = bucket
        if len(self._buckets) > MAX_SENDERS:
            self._buckets.popitem(last=False)
        refilled = bucket.tokens + (now_s - bucket.at_s) / self._refill_s
        bucket.tokens = min(float(self._burst), refilled)
        bucket.at_s = now_s
        return bucket
