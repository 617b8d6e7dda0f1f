"""Many status servers in a process of their own, as the measuring side sees them."""

import json
import subprocess
import sys
import urllib.request
from contextlib import AbstractContextManager

from tests.long_runs.scale.boards import DEPLOY
from tests.long_runs.scale.process_cost import ProcessCost

END_S = 30.0


class Crowd(AbstractContextManager["Crowd"]):
    """The process, and the ports at which it answers."""

    def __init__(self, bots: int) -> None:
        """Start it, and wait until all of them listen."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.long_runs.scale.crowd", str(bots)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.ports: dict[str, int] = json.loads(self._process.stdout.readline())
        self.cost = ProcessCost(self._process.pid)

    def __exit__(self, *error: object) -> None:
        """End it."""
        self._process.communicate(timeout=END_S)

    def answer(self) -> str:
        """Return what one of them answers."""
        port = next(iter(self.ports.values()))
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            text: bytes = answer.read()
        return text.decode()

    def settings(self) -> str:
        """Return the settings that are shipped, with these bots."""
        text = (DEPLOY / "prometheus.yml").read_text(encoding="utf-8")
        text = text.replace("  - alerts.yml", f"  - {DEPLOY / 'alerts.yml'}")
        text = text.replace("  - rules.yml", f"  - {DEPLOY / 'rules.yml'}")
        head = text.partition("      - targets:")[0]
        return head + "\n".join(
            f'      - targets: ["127.0.0.1:{port}"]\n        labels: {{site: {site}}}'
            for site, port in self.ports.items()
        )
