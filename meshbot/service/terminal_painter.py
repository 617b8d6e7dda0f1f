"""Colours for a terminal, by ``rich``. The only module that imports it; only where it is wanted.

It only makes texts: who writes them, and when, is :class:`TerminalWriter`. Colours follow what the
environment says of the terminal, ``NO_COLOR`` among it.
"""

import io
import re

from rich.console import Console
from rich.text import Text

from meshbot.service.live_state import LiveState
from meshbot.text.language import tr
from meshbot.text.quantities import counted, duration_text

MAX_CAUSE_CELLS = MAX_MESSAGE_CELLS = 40
_LINE = re.compile(r"(?P<time>\d\d:\d\d:\d\d) \[(?P<level>[A-Z]+)\] ", re.ASCII)
_LEVELS = {"DEBUG": "dim", "INFO": "cyan", "WARNING": "yellow", "ERROR": "bold red"}
_TEXTS = {"DEBUG": "dim", "WARNING": "yellow", "ERROR": "red"}
_BETWEEN = " │ "


class TerminalPainter:
    """Paints lines of the journal and the state of the bot. Used by one thread."""

    def __init__(self) -> None:
        """Look at what the environment says of the terminal."""
        self._console = Console(
            file=io.StringIO(), force_terminal=True, highlight=False, markup=False, emoji=False
        )

    def line(self, line: str) -> str:
        """Return a line of the journal in colours; without them it is the same to the letter."""
        match = _LINE.match(line)
        if match is None:
            return line
        level = match["level"]
        text = Text(line)
        text.stylize("dim", match.start("time"), match.end("time"))
        text.stylize(_LEVELS.get(level, ""), match.start("level") - 1, match.end("level") + 1)
        text.stylize(_TEXTS.get(level, ""), match.end())
        return self._painted(text)

    def state(self, state: LiveState, cells: int) -> tuple[str, int]:
        """Return the state in one line of so many cells at most, and how many it takes."""
        text = Text(" ")
        if state.up_s is not None:
            text.append("● ", "bold green")
            text.append(tr("liaison depuis {time}", time=duration_text(state.up_s)))
        else:
            text.append("● ", "bold red")
            cause = _short(state.down_cause, MAX_CAUSE_CELLS)
            text.append(tr("sans liaison : {cause}", cause=cause))
        for part in _parts(state):
            text.append(_BETWEEN, "dim")
            text.append(part)
        text.truncate(max(cells, 0), overflow="ellipsis")
        return self._painted(text), text.cell_len

    def _painted(self, text: Text) -> str:
        if self._console.no_color or self._console.color_system is None:
            return text.plain  # nor bold, nor dim
        with self._console.capture() as captured:
            self._console.print(text, soft_wrap=True, end="")
        return captured.get()


def _parts(state: LiveState) -> list[str]:
    parts = [
        state.node,
        counted(state.nodes, "nœud", "nœuds"),
        tr("{count} en attente", count=state.waiting),
    ]
    if state.last_message:
        message = _short(state.last_message, MAX_MESSAGE_CELLS)
        ago = duration_text(state.last_message_s)
        parts.append(tr("{message}, il y a {time}", message=message, time=ago))
    return parts


def _short(part: str, cells: int) -> str:
    text = Text(part)
    text.truncate(cells, overflow="ellipsis")
    return text.plain
