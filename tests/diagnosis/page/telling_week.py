"""The week in the documents' picture: a sync that often kills the link, and a weak Wi-Fi.

``python -m tests.diagnosis.page.telling_week page.html`` writes its page, to be opened in a browser
1000 pixels wide.
"""

import os
import sys
import time
from pathlib import Path

from meshbot.diagnosis.link_diagnosis import diagnose
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.report_page import html_report
from tests.diagnosis.sample_weeks import sample_history


def telling_week() -> LinkHistory:
    """Return the history of the week."""
    return sample_history("sync 0.5, hang")


if __name__ == "__main__":
    os.environ["TZ"] = "CET-1CEST,M3.5.0,M10.5.0/3"
    time.tzset()
    week = telling_week()
    Path(sys.argv[1]).write_text(html_report(week, diagnose(week)), encoding="utf-8")
