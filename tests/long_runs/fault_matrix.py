"""Every way the link dies, as scenarios on a real socket: run by the tests, and to write the page.

``python tests/long_runs/fault_matrix.py docs/link-faults.md`` runs them all at full length and
writes the measured times; the tests run the same scenarios with the durations named ``brief``.

A scenario brings a fault about, and calls :meth:`Scene.serve` at the moment from which the node
would serve the bot again. Then a peer asks ``/ping``, and the clock runs until the answer is on the
air.
"""

import contextlib
import logging
import math
import re
import socket
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from meshtastic.protobuf import mesh_pb2

from main_bot import MeshBot
from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.journal import Journal
from tests.support.limits import LATE_S

LIMIT_S = 90.0
COURTESY_S = MeshBot.TCP_COURTESY_PAUSE
ALWAYS_FORBIDDEN = ("Traceback", "inattendue", "[ERROR]")

# The silence rules at a thirtieth of their length or less; everything else as it comes.
SCALED = {
    "TCP_SILENT_TIMEOUT": 4.0,
    "TCP_PROBE_TIMEOUT": 0.4,
    "TCP_HEARTBEAT_INTERVAL": 1.0,
    "TCP_INTERFACE_CLEANUP_DELAY": 0.5,
    "TCP_INTERFACE_STABILIZATION_DELAY": 0.1,
    "TCP_HANDSHAKE_TIMEOUT": 1.0,
    "TCP_CONNECT_TIMEOUT": 0.5,
}
BRIEF_SCALED = {**SCALED, "TCP_SILENT_TIMEOUT": 3.0, "TCP_PROBE_TIMEOUT": 1.0}


@dataclass
class Outcome:
    """What a scenario came to; times in seconds."""

    answered_s: float
    reconnections: int
    most_connections: int
    line: str


@dataclass(frozen=True)
class Fault:
    """One row: a scenario, the line that names its cause, and what it may cost."""

    name: str
    scenario: Callable[["Scene"], None]
    limit_s: float
    """Longest time until ``/ping`` is answered."""
    says: str = ""
    """Part of the line that names the cause, empty where nothing is to be said."""
    reconnections: int | None = None
    """How many there must be, None: any."""
    constants: dict[str, float] = field(default_factory=dict)
    node: dict[str, Any] = field(default_factory=dict)
    never_says: tuple[str, ...] = ()
    connections: int = 1
    """How many the node may count at one time, the rival's own included."""


FAULTS: list[Fault] = []


def fault(
    name: str, limit_s: float, says: str = "", **row: Any
) -> Callable[[Callable[["Scene"], None]], Callable[["Scene"], None]]:
    """Enter a scenario into the matrix: a row with the fields of :class:`Fault`."""

    def enter(scenario: Callable[["Scene"], None]) -> Callable[["Scene"], None]:
        FAULTS.append(Fault(name, scenario, limit_s, says, **row))
        return scenario

    return enter


class Scene:
    """A node, a bot and its journal, for one scenario."""

    def __init__(self, fault: Fault, folder: Path, journal: Journal, *, brief: bool) -> None:
        self._fault = fault
        self._folder = folder
        self.journal = journal
        self.brief = brief
        self.node = SimulatedNode(**fault.node)
        self.bot: MeshBot | None = None
        self._served_s = math.nan
        self._asked: int | None = None

    def start_bot(self, port: int | None = None, host: str = "127.0.0.1") -> MeshBot:
        """Start the bot with the row's constants and the default ones otherwise."""
        constants = dict(self._fault.constants)
        if constants == SCALED and self.brief:
            constants = dict(BRIEF_SCALED)
        bot_class = type("MatrixBot", (MeshBot,), constants)
        self.bot = bot_class(
            environment={
                "MESHBOT_CONNECTION_MODE": "tcp",
                "MESHBOT_TCP_HOST": host,
                "MESHBOT_TCP_PORT": str(port if port is not None else self.node.port),
                "MESHBOT_DATABASE_PATH": str(self._folder / "bot.db"),
            }
        )
        self.bot.start()
        return self.bot

    def up(self) -> MeshBot:
        """Start node and bot, and return when the bot is connected and has its keys in place."""
        self.node.start()
        bot = self.start_bot()
        self.journal.wait_for("SYNC COMPLETE")
        return bot

    def last(self, full_s: float, brief_s: float) -> None:
        """Let the fault last: ``full_s`` for the page, ``brief_s`` in the tests."""
        self.node.wait_until(lambda n: False, brief_s if self.brief else full_s)

    def wait_line(self, text: str, times: int = 1) -> str:
        """Return the line with ``text``."""
        return self.journal.wait_for(text, times, LIMIT_S)

    def wait_node(self, predicate: Callable[[SimulatedNode], bool]) -> None:
        """Wait for something to have happened at the node."""
        assert self.node.wait_until(predicate, LIMIT_S)

    def serve(self, since_s: float | None = None) -> None:
        """From now on, or since then, the node would serve the bot: a peer asks."""
        self._asked = self.node.peers[0].num
        self._served_s = time.monotonic() if since_s is None else since_s
        self.node.hear_text(self.node.peers[0], "/ping")

    def outcome(self) -> Outcome:
        """Wait for the answer; return what the scenario came to."""
        asked = self._asked
        assert asked is not None

        def answers(node: SimulatedNode) -> list[float]:
            return [text.at_s for text in node.texts_on_air if text.to == asked]

        assert self.node.wait_until(lambda n: bool(answers(n)), LIMIT_S), "\n".join(
            self.journal.lines
        )
        says = self._fault.says
        line = self.wait_line(says) if says else ""
        assert len(self.node.read(answers)) == 1, "answered more than once"
        return Outcome(
            self.node.read(answers)[0] - self._served_s,
            self.journal.count("Reconnexion TCP"),
            self.node.max_connections_open,
            line.split("] ", 1)[-1],
        )


def run(fault: Fault, folder: Path, journal: Journal, *, brief: bool) -> Outcome:
    """Play one scenario and check what must not have happened. Raises ``AssertionError``."""
    scene = Scene(fault, folder, journal, brief=brief)
    try:
        fault.scenario(scene)
        outcome = scene.outcome()
        if fault.reconnections:
            scene.wait_line("Reconnexion TCP", fault.reconnections)
            outcome.reconnections = journal.count("Reconnexion TCP")
    finally:
        stopping_s = time.monotonic()
        if scene.bot is not None:
            scene.bot.stop()
        stopped_s = time.monotonic() - stopping_s
        scene.node.stop()
    assert stopped_s < 5.0
    # The tests may run on a busy machine; the page is written by one that has nothing else to do.
    assert outcome.answered_s <= fault.limit_s + (LATE_S if brief else 0.0), outcome
    assert outcome.most_connections == fault.connections, outcome
    if fault.reconnections is not None:
        assert outcome.reconnections == fault.reconnections, outcome
    for text in (*ALWAYS_FORBIDDEN, *fault.never_says):
        assert journal.count(text) == 0, text
    return outcome


# -- The node closes the link ----------------------------------------------------------------------


@fault("closes the connection (FIN)", COURTESY_S + 1.0, "(FIN)", reconnections=1)
def fin(scene: Scene) -> None:
    scene.up()
    scene.node.close_by_fin()
    scene.serve()


@fault("resets the connection (RST)", 1.0, "(RST)", reconnections=1)
def rst(scene: Scene) -> None:
    scene.up()
    scene.node.close_by_rst()
    scene.serve()


@fault("resets in the middle of a frame", 1.0, "(RST)", reconnections=1)
def rst_in_frame(scene: Scene) -> None:
    scene.up()
    scene.node.rst_mid_frame()
    scene.serve()


@fault("reboots, away for 20 s", 2.5, "connexion refusée", reconnections=1)
def reboot(scene: Scene) -> None:
    scene.up()
    away_s = 2.0 if scene.brief else 20.0
    scene.node.reboot(away_s)
    scene.wait_node(lambda n: n.is_listening)
    scene.serve()


@fault("crashes without a word, away for 5 s", 2.5, "(RST)", reconnections=1)
def crash(scene: Scene) -> None:
    scene.up()
    scene.node.crash(0.5 if scene.brief else 5.0)
    scene.wait_node(lambda n: n.is_listening)
    scene.wait_line("Tentative de reconnexion")
    scene.serve()


@fault("is away for 5 min", 61.0, "connexion refusée", reconnections=1)
def away(scene: Scene) -> None:
    scene.up()
    scene.node.refuse_for(None)
    scene.last(300.0, COURTESY_S + 1.0)
    scene.node.accept_again()
    scene.serve()


@fault(
    "is away for a day (at a thousandth, retries at most 0.06 s apart)",
    1.0,
    "connexion refusée",
    reconnections=1,
    constants={
        "TCP_RETRY_MAX_EARLY": 0.005,
        "TCP_RETRY_MAX": 0.06,
        "TCP_COURTESY_PAUSE": 0.005,
    },
)
def away_for_a_day(scene: Scene) -> None:
    scene.up()
    scene.node.refuse_for(None)
    scene.last(86.4, 2.0)
    scene.node.accept_again()
    scene.serve()


@fault("accepts and closes at once, for a while", 2.5, "(FIN)", reconnections=1)
def accept_and_drop(scene: Scene) -> None:
    scene.up()
    before = scene.node.connections_total
    scene.node.drop_on_accept(None)
    scene.node.close_by_fin()
    scene.wait_node(lambda n: n.connections_total >= before + 4)
    scene.node.clear_faults()
    scene.serve()


# -- The way there ---------------------------------------------------------------------------------


@fault(
    "its address drops SYNs (a full backlog) at start-up",
    2.5,
    "pas de réponse du nœud",
    reconnections=0,
    constants={"TCP_CONNECT_TIMEOUT": 0.5},
)
def syn_dropped(scene: Scene) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as gate, contextlib.ExitStack() as stack:
        port = gate.getsockname()[1]
        for _ in range(3):
            filler = stack.enter_context(contextlib.closing(socket.socket()))
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        scene.start_bot(port)
        scene.wait_line("pas de réponse du nœud")
    scene.node = SimulatedNode(port=port).start()
    scene.serve()


@fault("has a name that does not resolve, then does", 2.5, "introuvable", reconnections=0)
def name_resolves_late(scene: Scene) -> None:
    scene.node.start()
    real = socket.getaddrinfo

    def unknown(*_: object, **__: object) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    with mock.patch("socket.getaddrinfo", unknown):
        scene.start_bot(host="node.invalid")
        scene.wait_line("Tentative de connexion", times=2)

    def known(host: str, *arguments: Any, **options: Any) -> Any:
        return real("127.0.0.1" if host == "node.invalid" else host, *arguments, **options)

    patch = mock.patch("socket.getaddrinfo", known)
    patch.start()
    try:
        scene.serve()
        scene.wait_line("Connexion TCP établie")
    finally:
        patch.stop()


@fault("cannot be reached: no route, then one", 2.5, "hôte injoignable", reconnections=1)
def unreachable(scene: Scene) -> None:
    scene.up()

    def no_route(*_: object) -> None:
        raise OSError(113, "No route to host")

    with mock.patch("meshbot.link.mesh_tcp_interface.MeshTCPInterface._connect_socket", no_route):
        scene.node.close_by_fin()
        scene.wait_line("Tentative de reconnexion", times=3)
    scene.serve()


# -- Silence ---------------------------------------------------------------------------------------


@fault(
    "goes silent with the socket open, right after the handshake",
    SCALED["TCP_INTERFACE_CLEANUP_DELAY"] + 0.5,
    "SILENCE TCP",
    reconnections=1,
    constants=SCALED,
)
def silent(scene: Scene) -> None:
    scene.up()
    scene.node.go_silent()
    scene.wait_line("SILENCE TCP")
    declared_s = time.monotonic()
    # A question asked on the silent link is lost with it: ask on the next one, count from before.
    scene.wait_node(lambda n: n.connections_total == 2)
    scene.serve(since_s=declared_s)


@fault(
    "stops reading, then reads again",
    SCALED["TCP_HANDSHAKE_TIMEOUT"] + 0.5 + 1.0,
    "SILENCE TCP",
    reconnections=1,
    constants=SCALED,
)
def stops_reading(scene: Scene) -> None:
    scene.up()
    scene.node.stop_reading()
    scene.wait_line("SILENCE TCP")
    declared_s = time.monotonic()
    scene.node.resume_reading()
    # What the node hears before it notices that its client has gone is lost, as on a real one.
    scene.wait_node(lambda n: n.connections_total == 2)
    scene.serve(since_s=declared_s)


@fault(
    "goes silent in the middle of its database",
    3.0,
    "pendant l'envoi de la base",
    reconnections=0,
    constants=SCALED,
    node={"peers": 200},
)
def silent_in_dump(scene: Scene) -> None:
    scene.node.hang_handshake_after = 120
    scene.node.start()
    scene.start_bot()
    scene.wait_line("pendant l'envoi de la base")
    scene.node.hang_handshake_after = None
    scene.serve()


@fault("sends a configuration that never ends", 6.0, "configuration sans fin", reconnections=1)
def endless(scene: Scene) -> None:
    """At a thousandth of the length that is borne."""
    scene.up()
    with mock.patch("meshbot.link.handshake_budget.MAX_FRAMES", 20):
        scene.node.close_by_rst()
        scene.wait_line("configuration sans fin", times=3)
    ended_s = time.monotonic()
    # What the node hears before it notices that its client has gone is lost, as on a real one.
    scene.wait_line("Reconnexion TCP")
    scene.serve(since_s=ended_s)


@fault(
    "is quiet for long, but answers heartbeats (2.7.11)",
    0.5,
    reconnections=0,
    constants=SCALED,
    never_says=("SILENCE", "reconnexion"),
)
def quiet_answers_heartbeats(scene: Scene) -> None:
    scene.up()
    scene.last(60.0, 9.0)
    scene.serve()


@fault(
    "is quiet for long, and does not answer heartbeats (2.5.20)",
    0.5,
    reconnections=0,
    constants=SCALED,
    node={"firmware": "2.5.20"},
    never_says=("SILENCE", "reconnexion"),
)
def quiet_mute_to_heartbeats(scene: Scene) -> None:
    scene.up()
    scene.last(60.0, 9.0)
    scene.serve()


def _says_only(scene: Scene, sign_of_life: Callable[[SimulatedNode], object]) -> None:
    """Have the node say one kind of thing, and answer nothing, for several silent timeouts."""
    scene.up()
    scene.node.stop_reading()
    ends_s = time.monotonic() + (9.0 if scene.brief else 20.0)
    while time.monotonic() < ends_s:
        sign_of_life(scene.node)
        scene.node.wait_until(lambda n: False, 0.2)
    scene.node.resume_reading()
    scene.serve()


@fault("says only queue statuses", 0.5, reconnections=0, constants=SCALED, never_says=("SILENCE",))
def only_queue_status(scene: Scene) -> None:
    status = mesh_pb2.FromRadio(queueStatus=mesh_pb2.QueueStatus(free=16, maxlen=16))
    _says_only(scene, lambda n: n.send_from_radio(status))


@fault("says only log records", 0.5, reconnections=0, constants=SCALED, never_says=("SILENCE",))
def only_log_records(scene: Scene) -> None:
    record = mesh_pb2.FromRadio(log_record=mesh_pb2.LogRecord(message="GPS: no fix"))
    _says_only(scene, lambda n: n.send_from_radio(record))


@fault("says only telemetry", 0.5, reconnections=0, constants=SCALED, never_says=("SILENCE",))
def only_telemetry(scene: Scene) -> None:
    _says_only(scene, lambda n: n.hear_telemetry(n.peers[1]))


# -- The handshake ---------------------------------------------------------------------------------


def _hangs_after(frames: int) -> None:
    @fault(
        f"accepts and hangs after {frames} frames of its configuration",
        SCALED["TCP_HANDSHAKE_TIMEOUT"] + 0.5 + 3.0,
        "n'achève pas l'envoi",
        reconnections=1,
        constants=SCALED,
    )
    def hangs(scene: Scene) -> None:
        scene.up()
        scene.node.hang_handshake_after = frames
        requests = len(scene.node.read(lambda n: list(n.config_requests)))
        scene.node.close_by_fin()
        scene.wait_node(lambda n: len(n.config_requests) > requests)
        scene.node.hang_handshake_after = None
        scene.serve()


for _frames in (0, 1, 3, 12, 20, 30):
    _hangs_after(_frames)


@fault(
    "trickles its configuration, several handshake timeouts long",
    0.5,
    "(FIN)",
    reconnections=1,
    constants=SCALED,
    never_says=("n'achève pas",),
)
def trickles(scene: Scene) -> None:
    scene.up()
    scene.node.frame_interval_s = 0.1 if scene.brief else 0.6
    done = scene.node.configs_completed
    scene.node.close_by_fin()
    scene.wait_node(lambda n: n.configs_completed > done)
    scene.serve()


@fault(
    "resets a client that downloads more than 150 of its 200 nodes",
    1.0,
    "pendant l'envoi de la base",
    reconnections=0,
    node={"peers": 200},
)
def resets_dumps(scene: Scene) -> None:
    scene.node.reset_dumps_over = 150
    scene.node.start()
    bot = scene.start_bot()
    scene.wait_line("SYNC COMPLETE: 150 public keys")
    peer = scene.node.peers[100]
    known = bot.node_manager.node(peer.num)
    assert known is not None
    assert (known.long_name, known.public_key) == (peer.long_name, peer.public_key)
    scene.serve()


# -- Company ---------------------------------------------------------------------------------------


@fault(
    "is taken by another client three times",
    13.0,
    "un autre client",
    reconnections=3,
    connections=2,
)
def another_client(scene: Scene) -> None:
    scene.up()
    rivals = []
    for cuts in range(3):
        if cuts:
            scene.wait_line("Reconnexion TCP", times=cuts)
        rivals.append(socket.create_connection(("127.0.0.1", scene.node.port)))
    scene.wait_line("un autre client")
    for rival in rivals:
        rival.close()
    scene.serve()


# -- Its queue, its memory -------------------------------------------------------------------------


@fault("has a full transmit queue for a while", 1.0, reconnections=0)
def queue_full(scene: Scene) -> None:
    scene.up()
    scene.node.fill_queue()
    scene.node.hear_text(scene.node.peers[1], "/ping")
    scene.wait_line("📩")
    scene.last(60.0, 1.0)
    scene.node.free_queue()
    scene.wait_node(lambda n: len(n.texts_on_air) == 1)
    scene.node.wait_until(lambda n: False, MeshBot.TEXT_INTERVAL)
    scene.serve()


@fault(
    "has a full transmit queue for longer than a reply may wait",
    0.5,
    "jetée après",
    reconnections=0,
    constants={"MESSAGE_MAX_AGE": 1.5, "TEXT_QUEUE_WAIT": 0.5},
)
def queue_full_for_ever(scene: Scene) -> None:
    scene.up()
    scene.node.fill_queue()
    scene.node.hear_text(scene.node.peers[1], "/ping")
    scene.wait_line("jetée après")
    scene.node.free_queue()
    scene.serve()


@fault("kept commands while the bot was away, and delivers them in one burst", 8.0, "refusée")
def burst(scene: Scene) -> None:
    scene.up()
    scene.node.refuse_for(None)
    scene.wait_line("reconnexion", times=2)
    for peer in (scene.node.peers[2], scene.node.peers[1]):
        scene.node.hear_text(peer, "/ping")
    scene.serve()
    scene.node.accept_again()
    scene.wait_node(lambda n: len(n.texts_on_air) == 3)
    order = scene.node.read(lambda n: [text.to for text in n.texts_on_air])
    assert order == [scene.node.peers[index].num for index in (2, 1, 0)]


# -- Rubbish ---------------------------------------------------------------------------------------


def _sends_rubbish(name: str, says: str, rubbish: Callable[[SimulatedNode], object]) -> None:
    @fault(f"sends {name}", 0.5, says, reconnections=0)
    def sends_rubbish(scene: Scene) -> None:
        scene.up()
        rubbish(scene.node)
        # A half frame swallows what completes it: something harmless, then.
        for _ in range(3):
            scene.node.hear_telemetry(scene.node.peers[1])
        scene.serve()


_sends_rubbish("a kilobyte of garbage", "", lambda n: n.send_garbage(1_000))
_sends_rubbish("half a frame, then others", "illisible", lambda n: n.send_half_frame())
_sends_rubbish("a frame of impossible length", "", lambda n: n.send_oversized_frame())
_sends_rubbish("a frame that is no protobuf", "illisible", lambda n: n.send_unparseable_frame())


@fault("sends 200 packets a second for a minute", 1.0, reconnections=0)
def busy(scene: Scene) -> None:
    scene.up()
    scene.node.start_traffic(0.005)
    scene.last(60.0, 2.0)
    scene.serve()


# -- Two at once -----------------------------------------------------------------------------------


@fault(
    "closes the new connection before it counts",
    COURTESY_S + 1.0,
    "(FIN)",
    reconnections=1,
)
def lost_in_stabilization(scene: Scene) -> None:
    scene.up()
    done = scene.node.configs_completed
    scene.node.close_by_fin()
    scene.wait_node(lambda n: n.configs_completed > done)
    scene.node.close_by_fin()
    scene.serve()


@fault(
    "refuses when the pause after a silence is over",
    3.0,
    "SILENCE TCP",
    reconnections=1,
    constants=SCALED,
)
def refuses_after_silence(scene: Scene) -> None:
    scene.up()
    scene.node.go_silent()
    scene.wait_line("SILENCE TCP")
    scene.node.refuse_for(None)
    scene.wait_line("reconnexion", times=2)
    scene.node.accept_again()
    scene.serve()


@fault(
    "closes the connection while the deferred sync runs",
    2.5,
    "Démarrage synchronisation",
    reconnections=2,
    constants={"TCP_PUBKEY_SYNC_DELAY": 0.3, "TCP_INTERFACE_STABILIZATION_DELAY": 0.1},
)
def lost_in_sync(scene: Scene) -> None:
    scene.up()
    scene.node.close_by_fin()
    scene.wait_line("Démarrage synchronisation")
    scene.node.close_by_rst()
    scene.serve()


# -- The page --------------------------------------------------------------------------------------

_HEAD = """# Every way the link dies

Made by `make faults`, which plays each scenario on the simulated node over a real socket and
measures how long it takes until a `/ping` is answered again, counted from the moment the node would
serve the bot. Constants are the defaults but where a row says otherwise; rows marked † run with the
silence rules scaled down (silence {silent:g} s, cleanup {cleanup:g} s, handshake {handshake:g} s).
In every row the node counted one connection of ours at a time, each question was answered exactly
once, and no line of the journal was an error or a traceback. The unreachable host and the unknown
name are made at the socket call; everything else travels. “Says” is the number of the line that
names the cause in the bot's journal, listed below; “back” is how many reconnections it took.

| the node … | says | limit | measured | back |
|---|---|---|---|---|
"""
_LINES = """
## What the journal says

"""


def _row(fault: Fault, outcome: Outcome, said: dict[str, int]) -> str:
    """Return a row of the table; ``said`` numbers the lines of the journal, and gets a new one."""
    mark = " †" if fault.constants == SCALED else ""
    line = re.sub(r"\((?:127\.0\.0\.1|node\.invalid):\d+\)", "(…)", outcome.line)
    number = str(said.setdefault(line, len(said) + 1)) if line else "–"
    measured_s = outcome.answered_s
    measured = f"{measured_s:.1f} s" if measured_s >= 1 else f"{measured_s * 1000:.0f} ms"
    return (
        f"| {fault.name}{mark} | {number} | {fault.limit_s:.1f} s | {measured} "
        f"| {outcome.reconnections} |"
    )


def _numbered(said: dict[str, int]) -> str:
    """Return the lines of the journal as a Markdown list that fits the page."""
    return "".join(
        textwrap.fill(f"{number}. {line}", 100, subsequent_indent=" " * 4, break_on_hyphens=False)
        + "\n"
        for line, number in said.items()
    )


@contextlib.contextmanager
def _journal() -> Iterator[Journal]:
    journal = Journal()
    root = logging.getLogger()
    root.addHandler(journal)
    root.setLevel(logging.INFO)
    try:
        yield journal
    finally:
        root.removeHandler(journal)


def main(arguments: Sequence[str]) -> int:
    """Play all scenarios at full length; write the page to the file named, or show it."""
    rows, failed = [], 0
    said: dict[str, int] = {}
    for fault in FAULTS:
        with tempfile.TemporaryDirectory() as folder, _journal() as journal:
            try:
                row = _row(fault, run(fault, Path(folder), journal, brief=False), said)
            except BaseException as problem:  # noqa: BLE001 - pytest's failures are no Exceptions
                if isinstance(problem, KeyboardInterrupt):
                    return 130
                failed += 1
                row = f"FAILED: {fault.name}: {problem}"
        sys.stderr.write(row + "\n")
        rows.append(row)
    leftovers = [t.name for t in threading.enumerate() if t.name in ("link", "mesh-reader")]
    page = (
        _HEAD.format(
            silent=SCALED["TCP_SILENT_TIMEOUT"],
            cleanup=SCALED["TCP_INTERFACE_CLEANUP_DELAY"],
            handshake=SCALED["TCP_HANDSHAKE_TIMEOUT"],
        )
        + "\n".join([*rows, ""])
        + _LINES
        + _numbered(said)
    )
    if failed or leftovers:
        sys.stderr.write(f"{failed} failed, threads left: {leftovers}\n")
        return 1
    if arguments:
        Path(arguments[0]).write_text(page, encoding="utf-8")
    else:
        sys.stdout.write(page)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
