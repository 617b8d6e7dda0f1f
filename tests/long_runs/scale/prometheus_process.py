"""A Prometheus of its own, and what it says."""

import json
import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.long_runs.scale.process_cost import ProcessCost
from tests.support.unused_port import unused_port

START_S = 30.0
ANSWER_S = 300.0


class PrometheusMissing(Exception):
    """It is not installed: Debian's package ``prometheus``."""


@dataclass(frozen=True)
class Asked:
    """An answer of the query interface: how long it took, what came."""

    seconds: float
    megabytes: float
    series: int
    points: int
    error: str = ""
    """What Prometheus said where it would not answer."""


class PrometheusProcess(AbstractContextManager["PrometheusProcess"]):
    """One process with a folder of its own. Leaving the context kills it."""

    def __init__(self, folder: Path, settings: str, *options: str) -> None:
        """Start it with the text of its settings. Raises :class:`PrometheusMissing`."""
        program = shutil.which("prometheus")
        if program is None:
            raise PrometheusMissing
        self.storage = folder / "tsdb"
        file = folder / "prometheus.yml"
        file.write_text(settings, encoding="utf-8")
        self.port = unused_port()
        self._process = subprocess.Popen(
            [
                program,
                f"--config.file={file}",
                f"--storage.tsdb.path={self.storage}",
                f"--web.listen-address=127.0.0.1:{self.port}",
                "--log.level=error",
                *options,
            ]
        )
        self.cost = ProcessCost(self._process.pid)
        self._wait_until_ready()

    def __exit__(self, *error: object) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()

    def _wait_until_ready(self) -> None:
        pause = threading.Event()
        ends_s = time.monotonic() + START_S
        while True:
            try:
                with urllib.request.urlopen(self._url("-/ready")):
                    return
            except OSError:
                if time.monotonic() > ends_s or self._process.poll() is not None:
                    raise
                pause.wait(0.1)

    def _url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/{path}"

    # -- Asking --------------------------------------------------------------------------------

    def ask_range(self, expression: str, end_s: float, range_s: float, step_s: float) -> Asked:
        """Ask for an expression over time, as Grafana does for a panel."""
        times = {"start": end_s - range_s, "end": end_s, "step": step_s}
        return self._ask("query_range", query=expression, **times)

    def ask_instant(self, expression: str, at_s: float) -> Asked:
        """Ask for an expression at one time."""
        return self._ask("query", query=expression, time=at_s)

    def _ask(self, path: str, **values: str | float) -> Asked:
        began_s = time.monotonic()
        try:
            text = self._get(path, **values)
        except urllib.error.HTTPError as error:
            said = json.loads(error.read())
            return Asked(time.monotonic() - began_s, 0.0, 0, 0, said["error"])
        took_s = time.monotonic() - began_s
        result = json.loads(text)["data"]["result"]
        points = sum(len(series.get("values", "1")) for series in result)
        return Asked(took_s, len(text) / 1e6, len(result), points)

    def _get(self, path: str, **values: str | float) -> bytes:
        query = urllib.parse.urlencode(values)
        url = self._url(f"api/v1/{path}?{query}")
        with urllib.request.urlopen(url, timeout=ANSWER_S) as answer:
            text: bytes = answer.read()
        return text

    def rows(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """Return the labels and values of an expression, now."""
        found = json.loads(self._get("query", query=expression))["data"]["result"]
        return [(one["metric"], float(one["value"][1])) for one in found]

    def value(self, expression: str) -> float:
        """Return the one value of an expression, now."""
        ((_, value),) = self.rows(expression)
        return value

    def head_series(self) -> int:
        """Return how many series it keeps in memory."""
        status: dict[str, Any] = json.loads(self._get("status/tsdb"))["data"]
        series: int = status["headStats"]["numSeries"]
        return series

    def take_in(self, written: bytes) -> None:
        """Have it store a request of the remote write protocol."""
        request = urllib.request.Request(self._url("api/v1/write"), written)
        request.add_header("Content-Encoding", "snappy")
        request.add_header("Content-Type", "application/x-protobuf")
        request.add_header("X-Prometheus-Remote-Write-Version", "0.1.0")
        with urllib.request.urlopen(request, timeout=ANSWER_S):
            pass

    # -- What it costs -------------------------------------------------------------------------

    def disk_bytes(self) -> int:
        """Return how much it stores."""
        return sum(path.stat().st_size for path in self.storage.rglob("*") if path.is_file())
