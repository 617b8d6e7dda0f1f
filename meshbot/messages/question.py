"""What a reply answers."""

from collections.abc import Callable
from typing import NamedTuple

from meshbot.messages.asker import Asker


class Question(NamedTuple):
    """A command on its way to an answer.

    ``command``: in the form in which two are compared, empty for what is like no other. ``name``:
    the part of it that says how long such answers are. ``asked_bytes``: how long it was.
    ``language``: the one its sender wants to read, empty: the bot's own. ``allow``: told how many
    texts an answer would take, says how many it may; on the worker's thread.
    """

    asker: Asker
    command: str = ""
    name: str = ""
    asked_bytes: int = 0
    language: str = ""
    allow: Callable[[int], int] = lambda wanted: wanted
