"""Measures what grows, and writes it into a page.

``python -m tests.long_runs.scale docs/scale.md`` measures all, a quarter of an hour; ``--only mesh
fleet`` measures these, and shows them; ``--bots 100`` is a smaller fleet.
"""

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.long_runs.scale import eight_clients, fleet, stored_mesh, typed_air
from tests.long_runs.scale.measured import Table, machine, write_into
from tests.long_runs.scale.prometheus_process import PrometheusMissing

BOTS = 1_000
ASKED_S = 240.0


def of_mesh() -> Iterable[Table]:
    """Measure one bot with very many stored nodes."""
    yield stored_mesh.costs()
    yield stored_mesh.waits()


def of_fleet(bots: int) -> Iterable[Table]:
    """Measure one Prometheus with very many bots."""
    yield fleet.asked_for_real(bots, ASKED_S)
    yield from fleet.recorded(bots)


def of_clients() -> Iterable[Table]:
    """Measure eight clients on one link."""
    for measure in (
        eight_clients.downloads,
        eight_clients.steady,
        eight_clients.typing,
        eight_clients.unread,
        typed_air.typed,
    ):
        yield measure()


def main() -> int:
    """Measure; return 1 where something is missing for that."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", nargs="?", type=Path, help="the page to write it down in")
    parser.add_argument("--bots", type=int, default=BOTS)
    parser.add_argument("--only", nargs="+", choices=("mesh", "fleet", "clients"))
    options = parser.parse_args()
    parts: dict[str, Callable[[], Iterable[Table]]] = {
        "mesh": of_mesh,
        "fleet": lambda: of_fleet(options.bots),
        "clients": of_clients,
    }
    tables = [machine()]
    try:
        for name in options.only or parts:
            for table in parts[name]():
                sys.stdout.write(f"{table.text}\n\n")
                sys.stdout.flush()
                tables.append(table)
    except PrometheusMissing:
        sys.stderr.write("Prometheus is missing: sudo apt-get install prometheus\n")
        return 1
    if options.page is not None:
        write_into(options.page, tables)
    return 0


if __name__ == "__main__":
    sys.exit(main())
