"""``python -m benchmarks``: measure everything, or what is named, and show the page."""

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks import page
from benchmarks.connecting import Connecting, Reconnecting
from benchmarks.figure import Figure
from benchmarks.footprint import Idle, Memory
from benchmarks.key_sync import KeySync
from benchmarks.line import Line
from benchmarks.packet_rate import PacketRate
from benchmarks.quiet_mesh import QuietMesh
from benchmarks.recovery import Recovery
from benchmarks.sealed_message import SealedMessage
from benchmarks.start_up import StartUp

FIGURES: dict[str, type[Figure]] = {
    "recovery": Recovery,
    "quiet": QuietMesh,
    "connecting": Connecting,
    "reconnecting": Reconnecting,
    "packets": PacketRate,
    "sync": KeySync,
    "startup": StartUp,
    "sealed": SealedMessage,
    "memory": Memory,
    "idle": Idle,
}
Results = dict[str, tuple[Figure, list[Line]]]
WAITING = ("idle", "quiet", "recovery")
"""Those that need hardly any processor go on at the same time, after the others."""
EXIT_INTERRUPTED = 130
RUNS = 5
WAITING_RUNS = 3


def measure(names: Sequence[str], runs: int) -> Results:
    """Return the results by name."""
    results: Results = {}
    for name in names:
        if name not in WAITING:
            with FIGURES[name](runs) as figure:
                sys.stderr.write(f"{figure.title}: about {figure.minutes} min\n")
                results[name] = figure, figure.finish()
    with ExitStack() as stack:
        waiting = {
            name: stack.enter_context(FIGURES[name](min(runs, WAITING_RUNS)))
            for name in WAITING
            if name in names
        }
        for figure in waiting.values():
            sys.stderr.write(f"{figure.title}: about {figure.minutes} min\n")
            figure.begin()
        # The last first: what has begun goes on while the recoveries are played.
        for name in reversed(waiting):
            results[name] = waiting[name], waiting[name].finish()
    return results


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and show what came of it; a target that was not reached is no error."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(FIGURES))
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the page here")
    options = parser.parse_args(argv)
    unknown = [name for name in options.names if name not in FIGURES]
    if unknown or options.runs < 1:
        parser.error(f"unknown: {', '.join(unknown)}" if unknown else "--runs must be 1 or more")
    try:
        results = measure(options.names or list(FIGURES), options.runs)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    sections = [page.section(*results[name]) for name in FIGURES if name in results]
    text = "\n".join([page.head(), *sections])
    if options.write is not None:
        options.write.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
