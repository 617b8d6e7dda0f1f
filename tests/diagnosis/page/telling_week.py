"""The week in the documents' picture: a sync that often kills the link, and a weak Wi-Fi.

``python -m tests.diagnosis.page.telling_week page.html`` writes its page, to be opened in a browser
1000 pixels wide.
"""

import os
import random
import sys
import time
from pathlib import Path

from meshbot.diagnosis.history_builder import history_of
from meshbot.diagnosis.link_diagnosis import diagnose
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.report_page import html_report
from tests.diagnosis.histories import RST, Cut, Opened, bad_network, in_bursts, play

SHARE = 0.55
NODE = {"id": "!a1b2c3d4", "firmware": "2.5.20", "region": "EU_868", "transmits": True}


def telling_week() -> LinkHistory:
    """Return the history of the week."""
    rng = random.Random(5)
    bursts = in_bursts(rng, silent=True, spacing_s=600)
    network = bad_network(rng, 5)

    def fault(opened: Opened) -> Cut:
        cut = min(network(opened), bursts(opened), key=lambda one: one.at_s)
        if opened.number > 1 and opened.sync_s is not None and rng.random() < SHARE:
            reset_s = opened.sync_s + rng.gauss(48, 9)
            if reset_s < cut.at_s:
                return Cut(reset_s, RST)
        return cut

    history = history_of(play(rng, 7, fault))
    history.node = dict(NODE)
    return history


if __name__ == "__main__":
    os.environ["TZ"] = "CET-1CEST,M3.5.0,M10.5.0/3"
    time.tzset()
    week = telling_week()
    Path(sys.argv[1]).write_text(html_report(week, diagnose(week)), encoding="utf-8")
