"""The results as Markdown."""

import os
import platform
import re
import textwrap
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date
from importlib.metadata import version
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.line import (
    FLOOR,
    MMRELAY,
    MMRELAY_CHECKING,
    MTJK,
    OUR_INTERFACE,
    OURS,
    STOCK,
    USUAL,
    Line,
    Medians,
)
from benchmarks.pair import ENVIRONMENTS

ORDER = (STOCK, MTJK, USUAL, MMRELAY, MMRELAY_CHECKING, OURS, OUR_INTERFACE, FLOOR)
COMPARED = {STOCK: "stock", MTJK: "mtjk", FLOOR: "floor"}
"""Those that ours is divided by, and how the head of that column calls them."""
NEVER = "never"
MAX_COLUMNS = 100


def table(lines: Iterable[Line]) -> str:
    """Return the table of one measurement, without the last ratios where it would be too wide."""
    lines = list(lines)
    contenders = [name for name in ORDER if any(name in line.values for line in lines)]
    compared = [name for name in COMPARED if name in contenders and _is_compared(lines, name)]
    text = _written(_rows(lines, contenders, compared))
    while compared and max(map(len, text)) > MAX_COLUMNS:
        compared = compared[:-1]
        text = _written(_rows(lines, contenders, compared))
    return "\n".join(text)


def _written(rows: list[list[str]]) -> list[str]:
    """Return the lines of a table, without blanks where it would be too wide."""
    spaced = [f"| {' | '.join(row)} |" for row in rows]
    if max(map(len, spaced)) <= MAX_COLUMNS:
        return spaced
    return [f"|{'|'.join(row)}|" for row in rows]


def _rows(lines: list[Line], contenders: list[str], compared: list[str]) -> list[list[str]]:
    head = ["", *contenders, *(f"÷ {COMPARED[name]}" for name in compared), "target", "reached"]
    rows = [head, ["---", *["---:"] * (len(head) - 3), "---", "---"]]
    for line in lines:
        row = [f"{line.what}, {line.unit}" if line.unit else line.what]
        medians = line.medians
        for name in contenders:
            row.append(_cell(line, name, medians))
        for base in compared:
            share = line.share(OURS, base)
            row.append(_number(share) if share is not None else "")
        reached = "" if line.reached is None else "yes" if line.reached(medians) else "**no**"
        rows.append([*row, line.target, reached])
    return rows


def _is_compared(lines: Iterable[Line], base: str) -> bool:
    return any(line.share(OURS, base) is not None for line in lines)


def section(figure: Figure, lines: Iterable[Line]) -> str:
    """Return what the page says of one measurement."""
    lines = list(lines)
    runs = {len(values) for line in lines for values in line.values.values()}
    counted = " to ".join(str(number) for number in sorted({min(runs), max(runs)}))
    medians = f" Medians of {counted} runs." if max(runs) > 1 else " One run."
    about = textwrap.fill(figure.about + medians, MAX_COLUMNS, break_on_hyphens=False)
    return f"## {figure.title}\n\n{about}\n\n{table(lines)}\n"


_HEAD = """# Measured side by side

Made by `make bench` on {today}, every figure by a program; the words between stand in
`benchmarks/`. The contenders:

- **{stock}**: `TCPInterface` of meshtastic {meshtastic} as it comes, with a callback (through
  pubsub, the library's way of telling) that answers `/ping`.
- **{mtjk}**: the same program on [mtjk](https://pypi.org/project/mtjk/) {mtjk_version}, a fork of
  that library.
- **{usual}**: what bots on that library usually do about a dead link. A thread looks every
  30 s whether 120 s have passed without a packet; then it closes the interface, waits 15 s,
  makes a new one and gives it 3 s. If that fails it tries again after 15, 30 and 60 s, and
  after that at the next look.
- **{mmrelay}**: [mmrelay](https://pypi.org/project/mmrelay/) {mmrelay_version}, a relay to Matrix
  on that fork: its own `connect_meshtastic`, its handler of lost connections and its reconnecting
  with its default configuration, and the same callback. Off are Matrix, its plug-ins, its queue
  of messages and its copying of names. **{mmrelay_checking}**: with `health_check.enabled`
  besides, at the default intervals: a question to the node every 60 s, 30 s for the answer.
- **{ours}**: the whole bot with its default constants: link, table of nodes, database, answers.
- **{floor}**: the least that has to be done; each section says what that is.

Each contender and each simulated node is a process of its own; they talk over TCP on one
machine. Numbers are medians of the runs, in brackets the least and the most that {ours} took; an
empty cell was not played. A
column “÷ stock” is the median of {ours} divided by that of the stock library, and so for “÷ mtjk”
and “÷ floor”: below 1, {ours} took less, above 1, more. The targets were set before the work that
was to reach them, and the target of the worst mix was put beside each kind of packet later; where
they are absolute they hold for a machine like this one, at rest:
{machine}; protobuf {protobuf}, Python {python}.
"""


def head(absent: Mapping[str, str]) -> str:
    """Return the beginning of the page: what, with which versions, on which machine.

    ``absent``: the packages that could not be installed, and why.
    """
    text = _HEAD.format(
        today=date.today().isoformat(),
        stock=STOCK,
        mtjk=MTJK,
        mtjk_version=ENVIRONMENTS[MTJK].version,
        usual=USUAL,
        mmrelay=MMRELAY,
        mmrelay_version=ENVIRONMENTS[MMRELAY].version,
        mmrelay_checking=MMRELAY_CHECKING,
        ours=OURS,
        floor=FLOOR,
        machine=_machine(),
        meshtastic=version("meshtastic"),
        protobuf=version("protobuf"),
        python=platform.python_version(),
    )
    for package, why in absent.items():
        missing = f"**{package}** could not be installed, nothing of it was measured: {why}"
        text += f"\n{textwrap.fill(missing, MAX_COLUMNS, break_on_hyphens=False)}\n"
    return text


def _cell(line: Line, contender: str, medians: Medians) -> str:
    """Return a contender's median, for ours with the range that it comes from."""
    if contender not in medians:
        return ""
    values = line.values[contender]
    ended = [value for value in values if value is not None]
    if contender != OURS or len(set(values)) == 1 or not ended:
        return _number(medians[contender])
    most = max(ended) if len(ended) == len(values) else None
    return f"{_number(medians[contender])} ({_number(min(ended))} to {_number(most)})"


def _machine() -> str:
    text = ""
    with suppress(OSError):
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
