"""The image, as far as can be said without building it: see docs/installing.md for what was."""

import fnmatch
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import yaml

import config
from tests.support.limits import PROGRAM_S
from tests.support.program import ROOT
from tests.support.unused_port import unused_port

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", "")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))


@contextmanager
def answering(status: int) -> Iterator[int]:
    """Have a server answer at ``/healthz`` with a status; yields its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, name="healthz")
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join(PROGRAM_S)


def health(port: int) -> int:
    """Run the image's own check against a port; return its exit code."""
    (words,) = re.findall(r"^HEALTHCHECK .*CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    program, *arguments = json.loads(words)
    assert program == "python"
    done = subprocess.run(
        [sys.executable, *arguments],
        env={"MESHBOT_STATUS_PORT": str(port)},
        stderr=subprocess.DEVNULL,
        timeout=PROGRAM_S,
        check=False,
    )
    return done.returncode


@pytest.mark.slow
def test_the_health_check_follows_healthz_at_the_port_of_the_setting() -> None:
    with answering(200) as port:
        assert health(port) == 0
    with answering(503) as port:
        assert health(port) != 0
    assert health(unused_port()) != 0


def test_what_is_copied_into_the_image_is_given_to_the_builder() -> None:
    """A folder or file that .dockerignore leaves out cannot be copied."""
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert ignore[0] == "*"
    given = [line.removeprefix("!") for line in ignore if line.startswith("!")]
    (line,) = re.findall(r"^COPY pyproject(.+) \./$", DOCKERFILE, re.MULTILINE)
    for pattern in ["pyproject" + line.split()[0], *line.split()[1:], "meshbot"]:
        files = [path.name for path in ROOT.glob(pattern)]
        assert files, pattern
        for name in files:
            assert any(fnmatch.fnmatch(name, one) for one in given), name
    assert not any(
        fnmatch.fnmatch(name, one) for one in given for name in (".env", "tests", ".git")
    )


def test_everything_that_the_build_reads_is_copied() -> None:
    """Requirements by extra, the read-me, the license: what pyproject.toml names."""
    named = re.findall(
        r'"([A-Za-z-]+(?:\.txt|\.md)|LICENSE)"', (ROOT / "pyproject.toml").read_text()
    )
    assert {"README.md", "LICENSE", "requirements.txt"} <= set(named)
    (line,) = re.findall(r"^COPY (pyproject.+) \./$", DOCKERFILE, re.MULTILINE)
    for name in named:
        assert any(fnmatch.fnmatch(name, pattern) for pattern in line.split()), name


def test_it_runs_as_nobody_of_note_and_keeps_its_things_in_the_volume() -> None:
    lines = DOCKERFILE.splitlines()
    assert lines.index("USER meshbot") < lines.index('ENTRYPOINT ["meshbot"]')
    assert {"VOLUME /data", "STOPSIGNAL SIGTERM"} <= set(lines)
    assert "MESHBOT_DATABASE_PATH=/data/" in DOCKERFILE
    assert "STATUS_ADDRESS" not in DOCKERFILE, "nobody outside reaches the page unasked"
    (service,) = COMPOSE["services"].values()
    assert [mount.partition(":")[2] for mount in service["volumes"]] == ["/data"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert service["cap_drop"] == ["ALL"] and service["read_only"]


def test_every_setting_that_it_names_is_one() -> None:
    compose = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    named = set(re.findall(r"MESHBOT_([A-Z_]+)", DOCKERFILE + compose))
    assert {"TCP_HOST", "STATUS_PORT"} <= named
    assert {name for name in named if not hasattr(config, name)} == set()
