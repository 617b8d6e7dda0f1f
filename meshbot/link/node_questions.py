"""What the node was asked to find out whether it lives, and how long its answers took.

Asked and answered on the link thread, taken by the worker; ``_lock`` guards the counts, a leaf.
"""

import threading
from collections.abc import Callable


class NodeQuestions:
    """The question that stands open, and the figures since they were last taken."""

    def __init__(self) -> None:
        """Begin without a question."""
        self._open_since_s: float | None = None
        """When the node was asked what it has not answered yet; the link thread's own."""
        self._lock = threading.Lock()
        self._count = 0
        self._slowest_answer_s = 0.0
        self.on_answer: Callable[[float], object] = lambda seconds: None
        """Told on the link thread how long each answer took; must not block."""

    def forget(self) -> None:
        """Expect no answer any more: another session begins."""
        self._open_since_s = None

    def asked(self, now_s: float) -> None:
        """Note a question."""
        if self._open_since_s is None:
            self._open_since_s = now_s
        with self._lock:
            self._count += 1

    def heard(self, at_s: float) -> None:
        """Note when the node last said anything; it answers any earlier question."""
        if self._open_since_s is None or at_s < self._open_since_s:
            return
        answered_after_s = at_s - self._open_since_s
        with self._lock:
            self._slowest_answer_s = max(self._slowest_answer_s, answered_after_s)
        self._open_since_s = None
        self.on_answer(answered_after_s)

    def unanswered_s(self, now_s: float) -> float | None:
        """Return for how long a question has stood open, None if none does."""
        return None if self._open_since_s is None else now_s - self._open_since_s

    def take_figures(self) -> tuple[int, float]:
        """Return how many were asked since the last time, and the longest answer in seconds."""
        with self._lock:
            figures = self._count, self._slowest_answer_s
            self._count, self._slowest_answer_s = 0, 0.0
        return figures
