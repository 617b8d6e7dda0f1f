"""Real clients, each as its makers publish it, on the port of a bot that shares its node.

``python -m tests.clients.real_clients docs/sharing.md`` installs each into an environment of its
own under ``build/clients`` (from PyPI and npm), runs it against the whole program on a simulated
node that reboots, goes silent and is slow meanwhile, and writes down what the client itself saw.
``--only mtjk core`` takes those whose names hold one of these words.
"""

import argparse
import json
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.python_environment import NotInstalled, PythonEnvironment
from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.program import Program
from tests.support.unused_port import unused_port

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "clients"
PROGRAMS = ROOT / "tests" / "clients" / "programs"
BEGIN, END = "<!-- clients -->", "<!-- end of clients -->"
INSTALL_LIMIT_S = 600.0
LIMIT_S = 90.0
AWAY_S = 3.0
PYTHON, NPM = "python", "npm"


@dataclass(frozen=True)
class RealClient:
    """One client: its name, what is installed, and the program of ours that drives it."""

    name: str
    packages: tuple[str, ...]
    program: str
    what: str
    kind: str = PYTHON
    says: bool = True
    """Whether it can be had to send a text."""
    commands: bool = False
    """Whether it comes with the ``meshtastic`` command."""
    python: str = sys.executable
    """The oldest Python that it works with, where ours is older."""

    @property
    def folder(self) -> Path:
        """Its environment."""
        return FOLDER / self.name

    def install(self) -> None:
        """Make its environment, once."""
        if self.kind == NPM:
            self._install_from_npm()
            return
        try:
            PythonEnvironment(self.folder, self.packages, self.python).install()
        except NotInstalled as error:
            raise ClientFailed(f"not installed: {error}") from error

    def _install_from_npm(self) -> None:
        mark = self.folder / ".complete"
        if mark.exists() and mark.read_text(encoding="utf-8") == " ".join(self.packages):
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "package.json").write_text("{}", encoding="utf-8")
        # Their preinstall asks for pnpm, and that is all it does.
        npm = ["npm", "install", "--silent", "--ignore-scripts"]
        _run([*npm, *self.packages], self.folder)
        mark.write_text(" ".join(self.packages), encoding="utf-8")

    def command(self, port: int) -> list[str]:
        """Return the command line that connects it."""
        place = ["127.0.0.1", str(port)]
        if self.kind == NPM:
            return ["node", str(PROGRAMS / self.program), *place, str(self.folder)]
        python = str(self.folder / "bin" / "python")
        return [python, "-m", f"tests.clients.programs.{self.program}", *place]


CLIENTS = (
    RealClient(
        "meshtastic",
        ("meshtastic==2.7.11", "requests", "packaging"),
        "library",
        "the stock library; Home Assistant's integration and most bots are built on it",
        commands=True,
    ),
    RealClient("mtjk", ("mtjk==2.7.11.post11",), "library", "its fork", commands=True),
    RealClient(
        "mmrelay", ("mmrelay==1.4.1",), "mmrelay_connect", "its connecting and health checks"
    ),
    RealClient(
        "msh-bot",
        ("msh-bot==1.0.0",),
        "msh_bot_channel",
        "the bot itself, told to listen",
        says=False,
        python="python3.12",
    ),
    RealClient(
        "aiomeshtastic",
        ("aiomeshtastic==6", "meshtastic==2.3.8", "protobuf<6"),
        "aio",
        "its reading, writing and heartbeats",
    ),
    RealClient(
        "contact",
        ("contact==1.7.2",),
        "contact_screenless",
        "all of it but its screen",
    ),
    RealClient(
        "exporter",
        ("meshtastic-prometheus-exporter==2.7",),
        "exporter",
        "the whole program, as it counts",
        says=False,
    ),
    RealClient(
        "core",
        ("@meshtastic/core@2.6.7", "@meshtastic/transport-node@0.0.2"),
        "core.mjs",
        "npm's library, of the web client",
        NPM,
    ),
)


class ClientFailed(AssertionError):
    """A client saw what it should not have, or did not what it should."""


class Running(AbstractContextManager["Running"]):
    """A client's process, and what it tells."""

    def __init__(self, client: RealClient, port: int) -> None:
        self._process = subprocess.Popen(
            client.command(port),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
        )
        self._told: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self.lost: list[str] = []
        self.problems: list[str] = []
        self._errors: list[str] = []
        for target in (self._read, self._read_errors):
            threading.Thread(target=target, daemon=True).start()

    def __exit__(self, *error: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(10.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            try:
                event = json.loads(line)
            except ValueError:
                continue  # its own words
            if isinstance(event, dict):
                self._told.put(event)
        self._told.put(None)

    def _read_errors(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._errors.append(line.rstrip())
            del self._errors[:-15]

    def wait(self, wanted: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
        """Return the first thing told that is wanted. Raises :class:`ClientFailed`."""
        deadline_s = time.monotonic() + LIMIT_S
        while True:
            try:
                event = self._told.get(timeout=max(deadline_s - time.monotonic(), 0.01))
            except queue.Empty:
                raise ClientFailed(f"{what}: not within {LIMIT_S:.0f} s") from None
            if event is None:
                raise ClientFailed(f"{what}: it ended: {self._last_word()}")
            self._note(event)
            if wanted(event):
                return event

    def _last_word(self) -> str:
        return self._errors[-1][-200:] if self._errors else "without a word"

    def _note(self, event: dict[str, Any]) -> None:
        if event["event"] == "lost":
            self.lost.append(str(event.get("why")))
        elif event["event"] == "problem":
            self.problems.append(str(event.get("text")))

    def say(self, text: str) -> None:
        """Have it send a text."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"say": text}) + "\n")
        self._process.stdin.flush()


def _slow(node: SimulatedNode) -> None:
    node.frame_interval_s = 0.05
    node.close_by_rst()


FAULTS: dict[str, Callable[[SimulatedNode], object]] = {
    "a reboot": lambda node: node.reboot(AWAY_S),
    "a crash": lambda node: node.crash(AWAY_S),
    "silence": lambda node: node.go_silent(),
    "a slow node": _slow,
}


def _commands(client: RealClient, port: int, node: SimulatedNode, when: str) -> None:
    """Run the ``meshtastic`` command in each of its ways, all at once; each has to do its work."""
    if not client.commands:
        return
    said = f"typed {when}"
    ways = {
        ("--info",): node.long_name,
        ("--nodes",): node.peers[0].long_name,
        ("--export-config",): "lora:",
        ("--get", "lora.region"): "lora.region",
        ("--sendtext", said): "Sending text message",
    }
    command = [str(client.folder / "bin" / "meshtastic"), "--host", f"127.0.0.1:{port}"]
    running = [(way, shown, _popen([*command, *way])) for way, shown in ways.items()]
    try:
        for way, shown, process in running:
            output, _ = process.communicate(timeout=LIMIT_S)
            if process.returncode or shown not in output:
                raise ClientFailed(f"{way[0]} {when}: {process.returncode}, {output[-200:]!r}")
    except subprocess.TimeoutExpired as late:
        raise ClientFailed(f"a command {when}: not within {LIMIT_S:.0f} s") from late
    finally:
        for _, _, process in running:
            process.kill()
            process.wait()
    if not node.wait_until(lambda seen: _times_on_air(seen, said) > 0, LIMIT_S):
        raise ClientFailed(f"{said}: not on the air")


def _popen(command: Sequence[str]) -> subprocess.Popen[str]:
    # Not its errors: it prints a traceback where its own reading is slower than its ending, which
    # it is on a node itself as well.
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8"
    )


def _times_on_air(node: SimulatedNode, text: str) -> int:
    return sum(sent.text == text for sent in node.texts_on_air)


def try_client(client: RealClient, folder: Path) -> str:
    """Run a client through everything; return in words what it did and saw."""
    client.install()
    port = unused_port()
    with SimulatedNode() as node:
        bot = Program(
            folder,
            CONNECTION_MODE="tcp",
            TCP_HOST="127.0.0.1",
            TCP_PORT=str(node.port),
            SHARE_PORT=str(port),
            SHARE_AIR_BUDGET="100",
            TCP_SILENT_TIMEOUT="6",
            TCP_PROBE_TIMEOUT="2",
            TCP_HEARTBEAT_INTERVAL="2",
            TCP_INTERFACE_CLEANUP_DELAY="1",
            TCP_INTERFACE_STABILIZATION_DELAY="0.5",
        )
        try:
            bot.wait_line("SYNC COMPLETE")
            with Running(client, port) as running:
                seen = running.wait(lambda event: event["event"] == "connected", "connecting")
                if seen["own"] != node.num or seen["nodes"] < 12:
                    raise ClientFailed(f"told of another mesh: {seen}")
                _exchange(node, running, client, "at first")
                _commands(client, port, node, "at first")
                for name, fault in FAULTS.items():
                    fault(node)
                    _commands(client, port, node, f"during {name}")
                    bot.wait_line("Reconnexion TCP réussie")
                    node.clear_faults()
                    _exchange(node, running, client, f"after {name}")
                if running.lost:
                    raise ClientFailed(f"lost: {running.lost}")
            _look_for_doubles(node)
            if node.max_connections_open > 1:
                raise ClientFailed("a second connection to the node")
        finally:
            bot.process.terminate()
            bot.process.wait(10.0)
    did = "heard and was heard (once each)" if client.says else "heard"
    typed = "; its commands five at once, also meanwhile" if client.commands else ""
    return f"{seen['nodes']} nodes; {did} at first and after {', '.join(FAULTS)}{typed}"


def _look_for_doubles(node: SimulatedNode) -> None:
    texts = [sent.text for sent in node.texts_on_air]
    if doubles := {text for text in texts if texts.count(text) > 1}:
        raise ClientFailed(f"twice on the air: {doubles}")


def _exchange(node: SimulatedNode, running: Running, client: RealClient, when: str) -> None:
    """Have the client hear a text and send one."""
    text = f"heard {when}"
    node.hear_text(node.peers[0], text, to=0xFFFFFFFF)
    running.wait(lambda event: event.get("text") == text, text)
    if client.says:
        said = f"said {when}"
        running.say(said)
        if not node.wait_until(lambda seen: _times_on_air(seen, said) > 0, LIMIT_S):
            raise ClientFailed(f"{said}: not on the air")


def _run(command: Sequence[str], folder: Path) -> None:
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        check=False,
        encoding="utf-8",
        timeout=INSTALL_LIMIT_S,
    )
    if done.returncode:
        raise ClientFailed(f"not installed: {done.stderr.strip().splitlines()[-1:]}")


def main() -> int:
    """Try them; return 1 if one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", nargs="?", type=Path, help="the page to write it down in")
    parser.add_argument("--only", nargs="+", default=[])
    options = parser.parse_args()
    rows, failed = [], False
    for client in CLIENTS:
        if options.only and not any(word in client.name for word in options.only):
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                result = try_client(client, Path(folder))
            except ClientFailed as failure:
                result, failed = f"FAILED: {failure}", True
        packages = ", ".join(client.packages[:1])
        rows.append(f"- **{packages}** ({client.what}): {result}.")
        sys.stdout.write(rows[-1] + "\n")
    if options.page is not None and not options.only:
        _write(options.page, rows)
    return 1 if failed else 0


def _write(page: Path, rows: Sequence[str]) -> None:
    text = page.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN, 1)
    tail = rest.split(END, 1)[1]
    lines: list[str] = []
    for row in rows:
        line = ""
        for word in row.split():
            if len(line) + len(word) + 1 > 98:
                lines.append(line)
                line = " "
            line = f"{line} {word}" if line else word
        lines.append(line)
    page.write_text(f"{head}{BEGIN}\n" + "\n".join(lines) + f"\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
