"""The link dies: how long until a command is answered again."""

import random
import threading

from benchmarks.figure import Figure
from benchmarks.line import MMRELAY, MMRELAY_CHECKING, MTJK, OURS, STOCK, USUAL, Line, at_most
from benchmarks.pair import Pair, connected

LIMIT_S = 200.0
"""The usual pattern needs 120 s + 30 s + 18 s at most, and seconds to connect."""
LOOK_S = 60.0
"""The longest that one of them waits between two looks at the link: mmrelay, by default."""
SILENCE_S = 120.0 + 18.0
FAULTS = {
    "fin": ("the node sends FIN", 2.0),
    "rst": ("the node sends RST", 2.0),
    "away": ("a reboot of 5 s", 2.0),
    "silent": ("the link goes silent", SILENCE_S),
}
"""What happens, and in how many seconds a command is to be answered."""


class Recovery(Figure):
    """Each contender, each fault, all at once: nearly all of it is waiting."""

    title = "A link that dies"
    minutes = 15
    contenders = (STOCK, MTJK, USUAL, MMRELAY, MMRELAY_CHECKING, OURS)
    about = (
        "Real time, default constants. From the moment the node would serve a client again (after "
        "a silence: from the last byte it sent) until the answer to a `/ping` is on the air. The "
        "peers ask once a second. *never*: not within "
        f"{LIMIT_S:.0f} s, nor within 420 s when that was tried once: the reader of the stock "
        "library has ended. The fault comes at a random moment of a minute, the longest that one "
        "of them waits between two looks, the same for all in a round. After a FIN MeshBot waits "
        "on purpose, for `TCP_COURTESY_PAUSE`, longer than the target that was set before there "
        "was such a pause: a tool that took the place for a moment shall have it. mtjk connects "
        "again at once. A silence is one for MeshBot after `TCP_SILENT_TIMEOUT`, and it leaves a "
        "slow node `TCP_INTERFACE_CLEANUP_DELAY` to notice; mmrelay with its checks on gives up "
        "sooner."
    )

    def finish(self) -> list[Line]:
        """Play the rounds one after another."""
        chance = random.Random(1)
        lines = {
            kind: Line(what, "s", f"≤ {limit_s:g} s", at_most(limit_s))
            for kind, (what, limit_s) in FAULTS.items()
        }
        for _ in range(self.runs):
            with self.stack:
                pairs = [
                    (kind, self.stack.enter_context(Pair(contender)))
                    for kind in FAULTS
                    for contender in self.present
                ]
                connected([pair for _, pair in pairs])
                threading.Event().wait(5 + chance.uniform(0, LOOK_S))
                for kind, pair in pairs:
                    pair.mesh.send("fault", kind=kind, limit_s=LIMIT_S)
                for kind, pair in pairs:
                    lines[kind].add(pair.name, pair.mesh.answer()["answered_s"])
                    pair.bot.check()
        return list(lines.values())
