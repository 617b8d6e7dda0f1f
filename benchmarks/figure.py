"""What a measurement is to the command that runs them all."""

from abc import ABC, abstractmethod
from contextlib import ExitStack

from benchmarks.line import Line


class Figure(ABC):
    """One measurement. What it starts in :meth:`begin` goes on while others are finished."""

    title = ""
    about = ""
    """How it is measured, for the page."""

    def __init__(self, runs: int) -> None:
        """Prepare so many runs."""
        self.runs = runs
        self.stack = ExitStack()

    def begin(self) -> None:  # noqa: B027 - most begin when they are to finish
        """Start what needs only time, if anything."""

    @abstractmethod
    def finish(self) -> list[Line]:
        """Return the lines of the table."""

    def close(self) -> None:
        """End the processes."""
        self.stack.close()
