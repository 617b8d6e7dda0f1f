"""The results as Markdown."""

import os
import platform
import re
from collections.abc import Iterable
from datetime import date
from importlib.metadata import version
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.line import FLOOR, OUR_INTERFACE, OURS, STOCK, USUAL, Line

ORDER = (STOCK, USUAL, OURS, OUR_INTERFACE, FLOOR)
NEVER = "never"


def table(lines: Iterable[Line]) -> str:
    """Return the table of one measurement."""
    lines = list(lines)
    contenders = [name for name in ORDER if any(name in line.values for line in lines)]
    has_stock, has_floor = STOCK in contenders, FLOOR in contenders
    head = ["", *contenders]
    head += [f"{OURS} ÷ stock"] * has_stock + [f"{OURS} ÷ floor"] * has_floor
    head += ["target", "reached"]
    rows = [head, ["---", *["---:"] * (len(head) - 3), "---", "---"]]
    for line in lines:
        row = [f"{line.what}, {line.unit}" if line.unit else line.what]
        medians = line.medians
        for name in contenders:
            row.append(_number(medians[name]) if name in medians else "")
        for base in (STOCK,) * has_stock + (FLOOR,) * has_floor:
            share = line.share(OURS, base)
            row.append(_number(share) if share is not None else "")
        reached = "" if line.reached is None else "yes" if line.reached(medians) else "**no**"
        rows.append([*row, line.target, reached])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def section(figure: Figure, lines: Iterable[Line]) -> str:
    """Return what the page says of one measurement."""
    lines = list(lines)
    runs = {len(values) for line in lines for values in line.values.values()}
    counted = " to ".join(str(number) for number in sorted({min(runs), max(runs)}))
    medians = f" Medians of {counted} runs." if max(runs) > 1 else " One run."
    return f"## {figure.title}\n\n{figure.about}{medians}\n\n{table(lines)}\n"


def head() -> str:
    """Return the beginning of the page: what, with which versions, on which machine."""
    return (
        "# Measured side by side\n\n"
        f"Made by `make bench` on {date.today().isoformat()}, which runs every contender in turn "
        "on the same simulated node over real sockets, each in a process of its own. *Stock "
        "library*: `TCPInterface` as it comes, with a pubsub callback that answers `/ping`. "
        "*Usual pattern*: the same, and a thread that looks every 30 s whether 120 s have passed "
        "without a packet; then it closes the interface, waits 15 s, makes a new one, gives it "
        "3 s, and tries again after 15, 30 and 60 s if that fails. *MeshBot*: the whole bot, "
        "default constants. *Floor*: the same bytes read from the socket and parsed, and nothing "
        "else.\n\n"
        f"meshtastic {version('meshtastic')}, protobuf {version('protobuf')}, Python "
        f"{platform.python_version()}, {_machine()}. Only ratios mean anything on another "
        "machine.\n"
    )


def _machine() -> str:
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    model = re.search(r"^(?:model name|Model)\s*:\s*(.+)$", text, re.MULTILINE)
    name = model.group(1).strip() if model else platform.machine()
    return f"{os.cpu_count()} × {name}, {platform.system()} {platform.release()}"


def _number(value: float | None) -> str:
    """Return three significant digits."""
    if value is None:
        return NEVER
    if value == round(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    digits = max(0, 2 - int(f"{value:.2e}".partition("e")[2]))
    return f"{value:.{digits}f}"
