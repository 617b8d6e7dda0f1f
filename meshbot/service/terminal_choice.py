"""Whether the output is a terminal that can show colours and a line with the bot's state."""

import importlib.util
import os
from collections.abc import Mapping

from meshbot.service.terminal_writer import Painter


def painter_for(descriptor: int, environment: Mapping[str, str]) -> Painter | None:
    """Return who paints for the terminal behind a descriptor; None where none is to.

    That is where there is no terminal, or one that says it can nothing, or no ``rich``.
    """
    if environment.get("TERM", "dumb") in ("", "dumb", "unknown") or not os.isatty(descriptor):
        return None
    if importlib.util.find_spec("rich") is None:
        return None
    # Only here: it takes a tenth of a second, and most bots run without a terminal.
    from meshbot.service.terminal_painter import TerminalPainter  # noqa: PLC0415

    return TerminalPainter()
