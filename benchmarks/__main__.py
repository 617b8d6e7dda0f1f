"""``python -m benchmarks``: measure everything, or what is named, and show the page."""

import argparse
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from benchmarks import page
from benchmarks.connecting import Connecting
from benchmarks.figure import Figure
from benchmarks.idle import Idle
from benchmarks.key_sync_cost import KeySyncCost
from benchmarks.line import Line
from benchmarks.memory import Memory
from benchmarks.packet_rate import PacketRate
from benchmarks.program import ProgramFailed
from benchmarks.quiet_mesh import QuietMesh
from benchmarks.reconnecting import Reconnecting
from benchmarks.recovery import Recovery
from benchmarks.sealed_message import SealedMessage
from benchmarks.shared_node import SharedNode
from benchmarks.start_up import StartUp
from benchmarks.start_up_parts import StartUpParts

FIGURES: dict[str, type[Figure]] = {
    "recovery": Recovery,
    "quiet": QuietMesh,
    "connecting": Connecting,
    "reconnecting": Reconnecting,
    "packets": PacketRate,
    "sync": KeySyncCost,
    "startup": StartUp,
    "imports": StartUpParts,
    "sealed": SealedMessage,
    "sharing": SharedNode,
    "memory": Memory,
    "idle": Idle,
}
Results = dict[str, tuple[Figure, list[Line]]]
WAITING = ("idle", "quiet", "recovery")
"""These need hardly any processor time: they run side by side, after the others."""
EXIT_NOT_MEASURED = 1
EXIT_INTERRUPTED = 130
RUNS = 5
WAITING_RUNS = 3


def measure(names: Sequence[str], runs: int) -> Results:
    """Return the results by name; what cannot be measured gets a line instead."""
    results: Results = {}
    for name in names:
        if name not in WAITING:
            with FIGURES[name](runs) as figure:
                _announce(figure)
                _finish(name, figure, results)
    with ExitStack() as stack:
        waiting = {
            name: stack.enter_context(FIGURES[name](min(runs, WAITING_RUNS)))
            for name in WAITING
            if name in names
        }
        for figure in waiting.values():
            _announce(figure)
            figure.begin()
        # The last first: what has begun goes on while the recoveries are played.
        for name in reversed(waiting):
            _finish(name, waiting[name], results)
    return results


def _announce(figure: Figure) -> None:
    sys.stderr.write(f"{figure.title}: about {figure.minutes} min\n")


def _finish(name: str, figure: Figure, results: Results) -> None:
    try:
        results[name] = figure, figure.finish()
    except ProgramFailed as error:
        sys.stderr.write(f"{figure.title}: NOT MEASURED: {error}\n")


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and show the results; a target that was missed is no error."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(FIGURES))
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the page here")
    options = parser.parse_args(argv)
    unknown = [name for name in options.names if name not in FIGURES]
    if unknown or options.runs < 1:
        parser.error(f"unknown: {', '.join(unknown)}" if unknown else "--runs must be 1 or more")
    names = options.names or list(FIGURES)
    if options.write is not None:
        try:
            options.write.touch()  # better now than after half an hour
        except OSError as error:
            parser.error(str(error))
    try:
        results = measure(names, options.runs)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    sections = [page.section(*results[name]) for name in FIGURES if name in results]
    text = "\n".join([page.head(), *sections])
    if options.write is not None:
        options.write.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    return 0 if len(results) == len(set(names)) else EXIT_NOT_MEASURED


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _interrupt)
    sys.exit(main())
