"""The numbers of nodes that were forgotten while the store may still hold them. Pure.

Used under the lock of the node table, which owns it.
"""

from array import array
from collections.abc import Iterable

MAX_PENDING = 500_000  # 2 MB; what is beyond is noticed when the store is read next
MAX_AT_ONCE = 1_000


class ForgottenNodes:
    """What the store is to forget, and how many nobody was told of."""

    def __init__(self) -> None:
        """Begin with none."""
        self._pending = array("I")
        self._untold = 0

    def clear(self) -> None:
        """Forget these, too."""
        del self._pending[:]
        self._untold = 0

    @property
    def are_pending(self) -> bool:
        """Whether the store may hold any."""
        return bool(self._pending)

    def add(self, nums: Iterable[int]) -> None:
        """Note nodes that were just forgotten."""
        before = len(self._pending)
        self._pending.extend(nums)
        self._untold += len(self._pending) - before
        del self._pending[MAX_PENDING:]

    def put_back(self, nums: Iterable[int]) -> None:
        """Have the store forget these after all: it could not just now."""
        self._pending.extend(nums)

    def take(self) -> list[int]:
        """Return some that the store is to forget now."""
        taken = self._pending[-MAX_AT_ONCE:]
        del self._pending[-MAX_AT_ONCE:]
        return taken.tolist()

    def pop_untold(self) -> int:
        """Return how many were forgotten since the last call."""
        untold, self._untold = self._untold, 0
        return untold
