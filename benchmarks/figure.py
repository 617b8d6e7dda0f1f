"""What a measurement is to the command that runs them all."""

from abc import abstractmethod
from contextlib import AbstractContextManager, ExitStack
from typing import Any

from benchmarks.line import Line
from benchmarks.pair import ENVIRONMENTS


class Figure(AbstractContextManager["Figure"]):
    """One measurement. What it starts in :meth:`begin` goes on while others are finished.

    Leaving the context ends its processes.
    """

    title = ""
    about = ""
    """How it is measured, for the page."""
    minutes = 1
    """About how long five runs take."""
    contenders: tuple[str, ...] = ()
    """Who takes part, where it is more than ours."""

    def __init__(self, runs: int) -> None:
        """Prepare so many runs."""
        self.runs = runs
        self.stack = ExitStack()

    @property
    def present(self) -> list[str]:
        """The contenders but for those that could not be installed."""
        return [
            name
            for name in self.contenders
            if name not in ENVIRONMENTS or ENVIRONMENTS[name].is_ready
        ]

    def begin(self) -> None:
        """Start what needs only time, if anything."""

    @abstractmethod
    def finish(self) -> list[Line]:
        """Return the lines of the table."""

    def __exit__(self, *error: Any) -> None:
        """End the processes, at once after an error."""
        self.stack.__exit__(*error)
