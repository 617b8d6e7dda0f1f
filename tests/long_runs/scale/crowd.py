"""Many bots' status servers in one process: ``python -m tests.long_runs.scale.crowd 1000``.

Each is the bot's own server, with a thread, a loop and a port of its own; the bot behind it is
played. Its one line is JSON, the port of each site; it ends with its input.
"""

import argparse
import json
import resource
import sys
import tempfile
from pathlib import Path

from tests.long_runs.scale.played_bot import PlayedBot

FILES_EACH = 10
LISTEN_S = 60.0
STOP_S = 5.0


def site_name(number: int) -> str:
    """Return the name of a played site."""
    return f"site-{number:04d}"


def serve(bots: int) -> None:
    """Serve until the input ends."""
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(FILES_EACH * bots + 100, most_files),) * 2)
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "meshbot.db"
        database.write_bytes(b"\0" * 100_000)
        played = [PlayedBot(site_name(number), database) for number in range(bots)]
        for bot in played:
            bot.server.start()
        for bot in played:
            if not bot.server.listening.wait(LISTEN_S):
                raise RuntimeError("a status server does not listen")
        ports = {site_name(number): bot.server.bound_port for number, bot in enumerate(played)}
        sys.stdout.write(json.dumps(ports) + "\n")
        sys.stdout.flush()
        sys.stdin.read()
        for bot in played:
            bot.server.stop(STOP_S)


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bots", type=int)
    serve(parser.parse_args().bots)


if __name__ == "__main__":
    main()
