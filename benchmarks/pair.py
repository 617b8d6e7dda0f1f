"""A contender and the node it is connected to, each in a process of its own."""

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from benchmarks.line import (
    FLOOR,
    MMRELAY,
    MMRELAY_CHECKING,
    MTJK,
    OUR_INTERFACE,
    OURS,
    STOCK,
    USUAL,
)
from benchmarks.program import ROOT, Program
from benchmarks.python_environment import PythonEnvironment, pins_of
from benchmarks.traffic.mixes import CITY

MODULES = {
    STOCK: "benchmarks.stock_bot",
    MTJK: "benchmarks.stock_bot",
    USUAL: "benchmarks.usual_bot",
    MMRELAY: "benchmarks.mmrelay_bot",
    MMRELAY_CHECKING: "benchmarks.mmrelay_checking_bot",
    OURS: "benchmarks.our_bot",
    OUR_INTERFACE: "benchmarks.our_interface",
    FLOOR: "benchmarks.bare_socket",
}


def _environment(package: str) -> PythonEnvironment:
    requirements = ROOT / "benchmarks" / f"requirements-{package}.txt"
    return PythonEnvironment(ROOT / "build" / "contenders" / package, pins_of(requirements))


_MMRELAY_ENVIRONMENT = _environment("mmrelay")
ENVIRONMENTS = {
    MTJK: _environment("mtjk"),
    MMRELAY: _MMRELAY_ENVIRONMENT,
    MMRELAY_CHECKING: _MMRELAY_ENVIRONMENT,
}
"""Those that do not run in ours: they bring a package ``meshtastic`` of their own."""


class Pair(AbstractContextManager["Pair"]):
    """The two processes. Leaving the context ends them."""

    def __init__(
        self,
        contender: str,
        *,
        nodes: int = 12,
        seed: int = 1,
        speed: float = 1,
        share_port: int = 0,
    ) -> None:
        """Start both; :meth:`connect` connects them. ``share_port``: where ours shares its node."""
        self.name = contender
        self.mesh = Program("benchmarks.mesh_program", ["--nodes", str(nodes), "--seed", str(seed)])
        port = self.mesh.ask("where")["port"]
        environment = ENVIRONMENTS.get(contender)
        self.bot = Program(
            MODULES[contender],
            ["--port", str(port), "--speed", str(speed)],
            python=environment.python if environment else sys.executable,
            MESHBOT_SHARE_PORT=str(share_port),
        )

    def __exit__(self, *error: object) -> None:
        """End both processes."""
        self.bot.__exit__(*error)
        self.mesh.__exit__(*error)

    def connect(self) -> dict[str, Any]:
        """Connect; return how long that took (``seconds``, ``cpu_s``)."""
        return self.bot.ask("connect")

    def take_burst(self, packets: int, mix: str = CITY) -> tuple[float, float]:
        """Have the node send so many new packets; return the seconds and processor seconds."""
        self.mesh.ask("prepare", packets_wanted=packets, mix=mix)
        cpu_s = self.bot.ask("expect", packets=packets)["cpu_s"]
        began_s = self.mesh.ask("burst")["began_s"]
        done = self.bot.ask("await")
        return done["at_s"] - began_s, done["cpu_s"] - cpu_s

    def take_trickle(self, packets: int, every_s: float) -> float:
        """Have the node send new packets of the city's mix one by one; return processor seconds."""
        cpu_s = self.bot.ask("expect", packets=packets)["cpu_s"]
        self.mesh.ask("trickle", packets_wanted=packets, mix=CITY, every_s=every_s)
        return float(self.bot.ask("await")["cpu_s"]) - float(cpu_s)


def connected(pairs: Sequence[Pair]) -> None:
    """Connect all, one after another."""
    for pair in pairs:
        pair.connect()
