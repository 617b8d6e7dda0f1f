"""Gives one notification to services, or looks whether it knows them: a program of its own.

The bot starts it for each notification, and ends it where a service keeps it. What it is to do
comes as JSON on its standard input, since others may read a command line. What it says is a list of
yes or no in JSON, one for each address; nothing else, as the addresses hold passwords. It imports
nothing of the bot's: only apprise, which takes 45 MB that the bot so does without.
"""

import contextlib
import json
import logging
import os
import signal
import sys
from typing import Any

NICENESS = 10
QUIET = logging.CRITICAL + 10


def main() -> int:
    """Do what the standard input asks; return the exit code."""
    task = json.load(sys.stdin)
    signal.alarm(int(task["limit_s"]) + 1)  # in case the bot was killed meanwhile
    with contextlib.suppress(OSError):
        os.nice(NICENESS)  # the link goes first
    logging.disable(QUIET)
    said = [_done(task, url) for url in task["urls"]]
    sys.stdout.write(json.dumps(said))
    return 0


def _done(task: dict[str, Any], url: str) -> bool:
    from apprise import Apprise, AppriseAsset, OverflowMode  # noqa: PLC0415 - after the alarm is set

    asset = AppriseAsset(
        app_id="MeshBot", app_desc="MeshBot", async_mode=False, storage_mode="memory"
    )
    service = Apprise(asset=asset)
    if not service.add(url) or len(service) != 1:
        return False
    if "overflow=" not in url:
        # What is too long for a service would else be refused by it, each time it is tried.
        service[0].overflow_mode = OverflowMode.SPLIT
    if task.get("body") is None:
        return True
    return bool(
        service.notify(
            body=task["body"],
            title=task["title"],
            notify_type=task["type"],
            body_format="text",
        )
    )


if __name__ == "__main__":
    sys.exit(main())
