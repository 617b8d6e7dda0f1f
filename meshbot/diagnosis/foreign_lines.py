"""Lines of other programs that hold a node's link: meshing-around and mmrelay.

Their own settings decide how much of it they write; each says at least that the link was lost.
"""

import math
import re

from meshbot.diagnosis.journal_line import EventDetails, line, text
from meshbot.model.cause import Cause
from meshbot.model.link_event import EventKind

MMRELAY_FIRST_PAUSE_S = 10
_UNANSWERED = ("health check failed", "metadata executor degraded")


def _detected(match: re.Match[str]) -> EventDetails:
    """Return how mmrelay noticed a loss: told by the library, or by a question of its own."""
    if match[1].startswith(_UNANSWERED):
        return {"cause": Cause.NO_ANSWER, "text": match[1]}
    return {"text": match[1]}


def _after_a_pause(match: re.Match[str]) -> EventDetails:
    """Return the number of an attempt: mmrelay's pauses double."""
    pauses = max(int(match[1]), MMRELAY_FIRST_PAUSE_S) / MMRELAY_FIRST_PAUSE_S
    return {"count": 1 + round(math.log2(pauses))}


MESHING_AROUND_LINES = (
    line("System: Initializing Interfaces", EventKind.STARTED),
    line("System: Closing Autoresponder", EventKind.STOPPED),
    line(r"System: Autoresponder Started for Device(?P<interface>\d)", EventKind.CONNECTED),
    line("System: Abrupt Disconnection of Interface detected", EventKind.LOST),
    line(
        r"System: communicating with interface(?P<interface>\d), trying to reconnect: (.*)",
        EventKind.LOST,
        lambda match: {"text": match[2]},
    ),
    line(r"System: Retrying Interface(?P<interface>\d) \w+ on ", EventKind.ATTEMPT),
    line(r"System: Interface(?P<interface>\d) Opened!", EventKind.RECONNECTED),
    line(
        r"System: Error Opening interface(?P<interface>\d) on: (.*)",
        EventKind.NOT_OPENED,
        lambda match: {"text": match[2]},
    ),
    line(
        r"System: abort\. Initializing Interface(?P<interface>\d) (.*)",
        EventKind.NOT_OPENED,
        lambda match: {"text": match[2]},
    ),
)
MMRELAY_LINES = (
    line("Starting MMRelay version", EventKind.STARTED),
    line(r"Shutdown complete\.", EventKind.STOPPED),
    line("Connected to .* / ", EventKind.CONNECTED),
    line(r"Lost connection \((.*)\)\. Reconnecting", EventKind.LOST, _detected),
    line(r"Reconnection attempt starting in (\d{1,6}) seconds", EventKind.ATTEMPT, _after_a_pause),
    line("Reconnected successfully", EventKind.RECONNECTED),
    line("Reconnection attempt (?:failed|did not produce)", EventKind.NOT_OPENED),
    line(
        r"Connection attempt \d+ ((?:timed out|hit) .*)\. Retrying in",
        EventKind.NOT_OPENED,
        text,
    ),
    line(
        r"An unexpected error occurred on attempt \d+: (.*)\. Retrying in",
        EventKind.NOT_OPENED,
        text,
    ),
    line("Critical connection error", EventKind.NOT_OPENED),
    line(
        # The library's reader, of any program that lets it speak.
        r"Unexpected (?:OSError|exception), terminating meshtastic reader\.\.\. (.*)",
        EventKind.LOST,
        text,
    ),
)
