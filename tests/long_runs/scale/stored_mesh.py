"""Question 1: one bot with very many stored nodes."""

import contextlib
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from meshtastic.protobuf import mesh_pb2

from benchmarks.large_mesh import fill, large_mesh
from meshbot.mesh.node_table import NodeTable
from meshbot.simulation import packets
from meshbot.simulation.simulated_node import SimulatedNode
from meshbot.store.backup import Backup
from meshbot.store.database import Database
from meshbot.store.node_store import NodeStore
from tests.long_runs.scale.measured import Table, number
from tests.long_runs.scale.process_cost import ProcessCost
from tests.support.http_client import connect, get, head
from tests.support.limits import PROGRAM_S
from tests.support.program import ROOT, Program
from tests.support.unused_port import unused_port

MANY = 100_000
USUAL_MAX = 20_000
MOST_MAX = 250_000
HEARD = 1_000
LATEST = 5_000
"""Of those heard last none is forgotten."""
LOOKS = 20
READ_S = 20.0
TRAFFIC_EVERY_S = 0.5
SAVE_EVERY_S = 2.0
POLL_S = 0.1
WATCH_S = 0.01
COMMANDS = ("check", "keys", "report")


@dataclass(frozen=True)
class Case:
    """So many stored nodes, and so many that the bot may know."""

    stored: int
    nodes_max: int

    @property
    def name(self) -> str:
        """How the table calls it."""
        raised = ", raised" if self.nodes_max > USUAL_MAX else ""
        return f"{self.stored:,}{raised}"


CASES = (
    Case(0, USUAL_MAX),
    Case(USUAL_MAX, USUAL_MAX),
    Case(MANY, USUAL_MAX),
    Case(MANY, MOST_MAX),
)


class StoredMesh:
    """The real program on a simulated node, and a database that knew many nodes before."""

    def __init__(self, case: Case, folder: Path) -> None:
        """Make the database."""
        self._folder = folder
        self._path = folder / "bot.db"
        self._case = case
        self.figures: dict[str, str] = {}
        database = Database(self._path)
        database.open()
        fill(NodeStore(database), case.stored)
        nums = [node.num for node in large_mesh(case.stored)][-LATEST:]
        self._nums = random.Random(1).sample(nums, min(HEARD, case.stored))
        database.close()

    def run(self) -> dict[str, str]:
        """Return what was measured, by what it is."""
        self.figures["the file, MB"] = number(self._path.stat().st_size / 1e6)
        status_port = unused_port()
        with SimulatedNode() as node:
            program = Program(
                self._folder,
                CONNECTION_MODE="tcp",
                TCP_HOST="127.0.0.1",
                TCP_PORT=str(node.port),
                STATUS_PORT=str(status_port),
                HEARD_SAVE_INTERVAL=str(SAVE_EVERY_S),
                NODES_MAX=str(self._case.nodes_max),
            )
            try:
                self._with_program(program, node, status_port)
            finally:
                program.process.kill()
                program.process.wait()
        self._back_up()
        return self.figures

    def _with_program(self, program: Program, node: SimulatedNode, status_port: int) -> None:
        figures, cost = self.figures, ProcessCost(program.process.pid)
        program.wait_line("SYNC COMPLETE")
        figures["start, until the keys are in place: processor, s"] = number(cost.cpu_s())
        figures["start: written to the disk, MB"] = number(cost.written_mb())
        figures["memory at most, MB"] = number(cost.peak_mb())
        figures["memory afterwards, MB"] = number(cost.resident_mb())
        figures[f"{HEARD:,} nodes heard and saved: written, MB"] = self._hear(node, cost)
        before_s = cost.cpu_s()
        for _ in range(LOOKS):
            get(status_port, "/metrics")
        figures["`/metrics`, processor, ms"] = number((cost.cpu_s() - before_s) / LOOKS * 1e3)
        figures["the live page, somebody looks: processor, %"] = self._look(node, cost, status_port)
        for command in COMMANDS:
            figures[f"`{command}`: processor, s"], figures[f"`{command}`: memory, MB"] = (
                self._command(command)
            )
        began_s = time.monotonic()
        program.process.send_signal(signal.SIGTERM)
        program.finish()
        figures["the end, s"] = number(time.monotonic() - began_s)

    def _hear(self, node: SimulatedNode, cost: ProcessCost) -> str:
        """Have stored nodes be heard; return how much was written to say when they were."""
        if not self._nums:
            return "-"
        since = int(time.time())
        before_mb = cost.written_mb()
        node.hear_all([_telemetry(num) for num in self._nums])
        query = "SELECT count(*) FROM nodes WHERE last_heard >= ?"
        self._wait(lambda: self._stored(query, since) >= len(self._nums))
        return number(cost.written_mb() - before_mb)

    @staticmethod
    def _wait(is_so: Callable[[], bool]) -> None:
        pause = threading.Event()
        ends_s = time.monotonic() + PROGRAM_S
        while not is_so():
            if time.monotonic() > ends_s:
                raise TimeoutError("not saved")
            pause.wait(POLL_S)

    def _stored(self, query: str, *parameters: object) -> int:
        with closing(sqlite3.connect(self._path, timeout=PROGRAM_S)) as stored:
            return int(stored.execute(query, parameters).fetchone()[0])

    @staticmethod
    def _look(node: SimulatedNode, cost: ProcessCost, status_port: int) -> str:
        """Return how much of a processor it takes to show the page while nodes are heard."""
        node.start_traffic(TRAFFIC_EVERY_S)
        with connect(status_port) as reader:
            reader.sendall(head("/events"))
            before_s, began_s = cost.cpu_s(), time.monotonic()
            while (left_s := began_s + READ_S - time.monotonic()) > 0:
                reader.settimeout(left_s)
                _take(reader)
            took_s = time.monotonic() - began_s
            cpu_s = cost.cpu_s() - before_s
        node.stop_traffic()
        return number(cpu_s / took_s * 100)

    def _command(self, command: str) -> tuple[str, str]:
        """Return the processor time and the memory of a command beside the running bot."""
        environment = {**os.environ, "MESHBOT_CONNECTION_MODE": "tcp"}
        environment |= {"MESHBOT_TCP_HOST": "127.0.0.1", "MESHBOT_DATABASE_PATH": str(self._path)}
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "main_bot.py"), command],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        cost, pause = ProcessCost(process.pid), threading.Event()
        cpu_s = peak_mb = 0.0
        while process.poll() is None:
            with contextlib.suppress(OSError, AssertionError):  # it has ended just now
                cpu_s, peak_mb = cost.cpu_s(), cost.peak_mb()
            pause.wait(WATCH_S)
        return number(cpu_s), number(peak_mb)

    def _back_up(self) -> None:
        began_s = time.process_time()
        Backup(self._path).back_up()
        self.figures["a copy, processor, s"] = number(time.process_time() - began_s)


def _take(reader: socket.socket) -> None:
    """Take what came; nothing may have."""
    try:
        reader.recv(65_536)
    except TimeoutError:
        return


def _telemetry(num: int) -> mesh_pb2.MeshPacket:
    packet = mesh_pb2.MeshPacket(
        to=packets.BROADCAST_NUM,
        id=num,
        rx_time=int(time.time()),
        rx_snr=5.0,
        decoded=packets.telemetry_data(random.Random(num)),
    )
    packets.set_sender(packet, num)
    return packet


def costs() -> Table:
    """Measure all cases, one after another."""
    figures = {}
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder:
            figures[case] = StoredMesh(case, Path(folder)).run()
    table = Table("scale: stored nodes", ("stored nodes", *(case.name for case in CASES)))
    for what in figures[CASES[0]]:
        table.add(what, *(figures[case][what] for case in CASES))
    return table


def waits() -> Table:
    """Measure for how long the table of nodes keeps everybody waiting."""
    sizes = (USUAL_MAX, MANY)
    table = Table("scale: waits", ("ms", *(f"{size:,} known" for size in sizes)))
    done = [_waits_of(size) for size in sizes]
    for what in done[0]:
        table.add(what, *(number(one[what]) for one in done))
    return table


def _waits_of(size: int) -> dict[str, float]:
    nodes = NodeTable(nodes_max=size)
    nodes.fill(list(large_mesh(size)), ())
    calls: dict[str, Callable[[], object]] = {
        "the 300 heard last, for the live page": lambda: nodes.recently_heard(300),
        "the 1,000 heard last, for clients": lambda: nodes.recently_heard(1_000),
        "a node by a piece of its name": lambda: nodes.find("no such name"),
        "which keys the sync is to put in place": nodes.public_keys,
        "the keys that wait": nodes.waiting_keys,
        "a newcomer in a full table": lambda: _meet(nodes),
    }
    return {what: _thread_ms(call) for what, call in calls.items()}


def _meet(nodes: NodeTable) -> None:
    nodes.enter_user(1, mesh_pb2.User(long_name="newcomer"))


def _thread_ms(call: Callable[[], object]) -> float:
    began_s = time.thread_time()
    call()
    return (time.thread_time() - began_s) * 1e3
