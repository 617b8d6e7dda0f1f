"""Lines of this bot where it speaks English and they differ from the French ones."""

import re
from functools import partial

from meshbot.diagnosis.journal_line import CALM_SIGNS, count, line, text
from meshbot.diagnosis.own_details import TRIAL_ARMS, loss, node_said
from meshbot.model.link_event import EventKind

_WHERE_AND_WHY = r" (?:\(.*?\))?: (.*?)(?:; last byte (\d{1,9}) s ago)?(?:; next attempt.*)?$"
_OF_NODE = {
    "firmware": re.compile(r"firmware ([^\s,‹]{1,40}).*"),
    "region": re.compile(r"region (\w{1,20})"),
    "reboots": re.compile(r"(\d{1,9}) restarts?"),
    "silent": re.compile(r"(transmitter off)"),
}
_own = partial(line, signs=CALM_SIGNS)


def _of_each_kind(words: str) -> tuple[str, str]:
    return f"TCP {words}", f"serial {words}"


ENGLISH_LINES = (
    _own(r"(MeshBot) \S+: ", EventKind.STARTED, text, own=True),
    _own(r"Bot stopped\s*$", EventKind.STOPPED),
    *(_own(words, EventKind.CONNECTED) for words in _of_each_kind("connection established")),
    *(
        _own(words + _WHERE_AND_WHY, EventKind.LOST, loss, own=True)
        for words in _of_each_kind("link (?:lost|closed)")
    ),
    *(
        _own(words + _WHERE_AND_WHY, EventKind.NOT_OPENED, text, own=True)
        for words in _of_each_kind("link failed")
    ),
    line(
        r"Link lost (while the node sent its database) \((\d{1,6})",
        EventKind.LOST,
        lambda match: {"count": int(match[2]), "text": match[1]},
        own=True,
    ),
    line(r"The node cut (\d{1,6}) links", EventKind.CONTESTED, count),
    _own(r"Node (![0-9a-f]{8}): (.*)", EventKind.NODE, partial(node_said, _OF_NODE)),
    _own(
        r"Trial TCP_(SYNC|LIGHT)_TRIAL: this time (with|without) ",
        EventKind.TOSSED,
        lambda match: {"text": TRIAL_ARMS[match[1], match[2] == "with"]},
    ),
)
