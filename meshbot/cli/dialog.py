"""Questions to the operator, at a terminal or from a file of answers."""

import sys
from collections.abc import Callable
from typing import TypeVar

from meshbot.text.language import tr

MAX_TRIES = 10
"""Bad answers in a row, then it ends: nobody may be there who reads what is wrong."""
MAX_ANSWER_CHARS = 1_000
YES, NO = ("o", "oui", "y", "yes"), ("n", "non", "no")

_Answer = TypeVar("_Answer")


class DialogEnd(Exception):
    """There is no answer to be had. ``str()`` says why."""


class Dialog:
    """Asks until the answer makes sense."""

    def __init__(
        self,
        *,
        read: Callable[[], str] | None = None,
        write: Callable[[str], object] | None = None,
    ) -> None:
        """Ask on standard output and read from standard input, where nothing else is given.

        ``read`` returns a line with its end, and nothing at the end of all.
        """
        self._read = read or _read_line
        self._write = write or _write_now

    def say(self, *lines: str) -> None:
        """Write lines."""
        for line in lines:
            self._write(line + "\n")

    def ask(self, question: str, parse: Callable[[str], _Answer], default: str = "") -> _Answer:
        """Return what an answer means; an empty one stands for the default.

        ``parse`` raises :class:`ValueError`, whose text the operator reads. Raises
        :class:`DialogEnd`.
        """
        prompt = f"{question} [{default}] " if default else f"{question} "
        for _ in range(MAX_TRIES):
            self._write(prompt)
            line = self._read()
            if not line:
                self._write("\n")
                raise DialogEnd(tr("plus de réponse à lire"))
            try:
                return parse(line.strip() or default)
            except ValueError as error:
                self.say(f"❌ {error}")
        raise DialogEnd(tr("trop de réponses qui ne conviennent pas"))

    def ask_yes(self, question: str, *, default: bool) -> bool:
        """Return whether the operator says yes. Raises :class:`DialogEnd`."""
        return self.ask(question, _yes_or_no, tr("oui") if default else tr("non"))


def _yes_or_no(answer: str) -> bool:
    word = answer.casefold()
    if word in YES:
        return True
    if word in NO:
        return False
    raise ValueError(tr("répondre par oui ou par non"))


def _read_line() -> str:
    return sys.stdin.readline(MAX_ANSWER_CHARS) if sys.stdin is not None else ""


def _write_now(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
