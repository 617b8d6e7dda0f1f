"""How much of an answer is sent. Pure."""

import enum
from dataclasses import dataclass

from meshbot.text.language import mark, tr
from meshbot.text.text_split import split_text

MORE_LATER = mark("(suite : réessayez plus tard)")


class WhyShort(enum.Enum):
    """Why an answer is not given in full."""

    MANY_ASK = "many ask"
    CHANNEL_BUSY = "channel busy"
    AIR_USED = "air used"
    HAD_MANY = "had many"
    """Its sender had as many texts as the flood limit lets him have."""


@dataclass(frozen=True, slots=True)
class ReplyLimit:
    """How long an answer may be now: so many texts, the last of them so many bytes of UTF-8."""

    texts: int
    last_bytes: int
    why: WhyShort = WhyShort.HAD_MANY


def shortened(parts: list[str], limit: ReplyLimit) -> list[str]:
    """Return the parts of an answer as far as the limit allows, the last one cut cleanly.

    What is cut ends with ``…`` and says that there is more.
    """
    rest = "\n".join(parts[limit.texts - 1 :])
    if len(parts) <= limit.texts and len(rest.encode("utf-8")) <= limit.last_bytes:
        return parts
    kept = parts[: limit.texts - 1]
    ending = "\n" + tr(MORE_LATER)
    room = max(limit.last_bytes - len(ending.encode("utf-8")), len("…".encode()))
    return [*kept, split_text(rest, room, 1)[0] + ending]
