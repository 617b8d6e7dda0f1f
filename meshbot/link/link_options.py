"""What a link is kept with, whatever carries it."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from meshbot.link.link_policy import LinkSettings
from meshbot.link.reconnect_choice import ReconnectChoice
from meshbot.link.session_options import SessionOptions
from meshbot.model.link_notes import LinkNotes


@dataclass(frozen=True)
class LinkOptions:
    """What every manager of a link is told.

    ``light_reconnect``: only the first session asks for the node's database; ``choice`` may say
    otherwise for those after it.
    ``notes`` is told what happens to the link; ``jitter`` returns 0 (incl.) to 1.
    """

    settings: LinkSettings
    session: SessionOptions
    light_reconnect: bool
    notes: LinkNotes = field(default_factory=LinkNotes)
    choice: ReconnectChoice = field(default_factory=ReconnectChoice)
    jitter: Callable[[], float] = random.random
