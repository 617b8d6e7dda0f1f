"""What a measurement says, as rows of a table, and the page that they go into."""

import os
import platform
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

MAX_COLUMNS = 100


@dataclass
class Table:
    """Rows under a head; ``name`` finds its place on the page."""

    name: str
    head: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)

    def add(self, *cells: str) -> None:
        """Add a row."""
        self.rows.append(cells)

    @property
    def text(self) -> str:
        """The table as Markdown: the first column is words, the others are numbers."""
        marks = ["---", *["---:"] * (len(self.head) - 1)]
        rows = (self.head, marks, *self.rows)
        lines = [f"| {' | '.join(row)} |" for row in rows]
        if max(map(len, lines)) > MAX_COLUMNS:
            lines = [f"|{'|'.join(row)}|" for row in rows]
        return "\n".join(lines)


def machine() -> Table:
    """Return on what it was measured, and when."""
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    model = re.search(r"^(?:model name|Model)\s*:\s*(.+)$", text, re.MULTILINE)
    name = model.group(1).strip() if model else platform.machine()
    table = Table("scale: machine", ("measured", "on", "Python"))
    table.add(date.today().isoformat(), f"{os.cpu_count()} × {name}", platform.python_version())
    return table


def begin_of(name: str) -> str:
    """Return the mark before a table."""
    return f"<!-- {name} -->"


def end_of(name: str) -> str:
    """Return the mark behind it."""
    return f"<!-- end of {name} -->"


def write_into(page: Path, tables: Iterable[Table]) -> None:
    """Put tables between their marks; what else the page says stays."""
    text = page.read_text(encoding="utf-8")
    for table in tables:
        begin, end = begin_of(table.name), end_of(table.name)
        head, rest = text.split(begin, 1)
        tail = rest.split(end, 1)[1]
        text = f"{head}{begin}\n\n{table.text}\n\n{end}{tail}"
    page.write_text(text, encoding="utf-8")


def number(value: float, digits: int = 3) -> str:
    """Return a number as it is read: with so many digits that count, thousands apart."""
    if value == 0 or abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    exponent = int(f"{value:.{digits - 1}e}".partition("e")[2])
    return f"{value:.{digits - 1 - exponent}f}"
