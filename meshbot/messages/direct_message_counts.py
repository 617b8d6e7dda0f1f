"""How many direct messages were opened since the start, and by whom. Owned by the worker thread."""

from dataclasses import dataclass


@dataclass
class DirectMessageCounts:
    """Direct texts to us: proven by the radio's opening or ours, unproven, and never opened."""

    by_radio: int = 0
    by_bot: int = 0
    unproven: int = 0
    not_opened: int = 0

    def note(self, *, proven: bool, opened_here: bool) -> None:
        """Count a text that could be read."""
        if opened_here:
            self.by_bot += 1
        elif proven:
            self.by_radio += 1
        else:
            self.unproven += 1

    def note_unopened(self) -> None:
        """Count an attempt to open a sealed text that failed."""
        self.not_opened += 1
