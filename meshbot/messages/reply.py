"""What a command answers."""

from dataclasses import dataclass

from meshbot.messages.outcome import Outcome


@dataclass(frozen=True)
class Reply:
    """A text for the one who asked, and what became of the command, for the journal."""

    text: str
    outcome: Outcome = Outcome.ANSWERED
