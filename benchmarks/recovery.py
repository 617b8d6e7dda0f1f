"""The link dies: how long until a command is answered again."""

import random
import threading

from benchmarks.figure import Figure
from benchmarks.line import OURS, STOCK, USUAL, Line, at_most
from benchmarks.pair import Pair, connected

LIMIT_S = 240.0
LOOK_S = 30.0
SILENCE_S = 120 + 18
FAULTS = {
    "fin": Line("the node closes the connection (FIN)", "s", "≤ 2 s", at_most(2)),
    "rst": Line("the node resets the connection (RST)", "s", "≤ 2 s", at_most(2)),
    "away": Line("the node reboots and is back after 5 s", "s", "≤ 2 s", at_most(2)),
    "silent": Line("the link goes silent", "s", f"≤ {SILENCE_S} s", at_most(SILENCE_S)),
}


class Recovery(Figure):
    """Each contender, each fault, all at once: nearly all of it is waiting."""

    title = "A link that dies"
    minutes = 13
    about = (
        "Real time, default constants. From the moment the node would serve a client again (after "
        "a silence: from the last byte it sent) until the answer to a `/ping` is on the air. The "
        "peers ask once a second. *never*: not within "
        f"{LIMIT_S:.0f} s. The fault comes at a random moment between two looks of the usual "
        "pattern, the same for all in a round."
    )

    def finish(self) -> list[Line]:
        """Play the rounds one after another."""
        chance = random.Random(1)
        for _ in range(self.runs):
            with self.stack:
                pairs = [
                    (kind, self.stack.enter_context(Pair(contender)))
                    for kind in FAULTS
                    for contender in (STOCK, USUAL, OURS)
                ]
                connected([pair for _, pair in pairs])
                threading.Event().wait(5 + chance.uniform(0, LOOK_S))
                for kind, pair in pairs:
                    pair.mesh.send("fault", kind=kind, limit_s=LIMIT_S)
                for kind, pair in pairs:
                    FAULTS[kind].add(pair.name, pair.mesh.answer()["answered_s"])
        return list(FAULTS.values())
