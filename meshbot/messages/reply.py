"""What a command answers."""

from typing import NamedTuple

from meshbot.messages.outcome import Outcome


class Reply(NamedTuple):
    """A text for the one who asked, and what became of the command, for the journal."""

    text: str
    outcome: Outcome = Outcome.ANSWERED
