"""Plays every attack that there is a program for, and writes what each came to into a page.

``python tests/long_runs/attack.py docs/reliability.md`` plays all of them at full length, about an
hour; ``--only bits names`` plays those whose names hold one of these words, and leaves what the
page says of the others; ``--brief`` plays a small edition of each. The last line that a program
prints is its row; one that ends with another code than 0 has found something, and its end is shown.
"""

import argparse
import importlib.metadata
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = "tests.long_runs"
BEGIN, END = "<!-- attacks -->", "<!-- end of attacks -->"
LIMIT_S = 3_600.0
SHOWN_LINES = 40


@dataclass(frozen=True)
class Attack:
    """One row: what is done, what must hold, and the program that does it."""

    name: str
    holds: str
    program: str
    full: tuple[str, ...]
    brief: tuple[str, ...]

    def command(self, *, brief: bool) -> list[str]:
        """Return the command line."""
        arguments = self.brief if brief else self.full
        return [sys.executable, "-m", f"{HERE}.{self.program}", *arguments]


@dataclass(frozen=True)
class Played:
    """What an attack came to."""

    attack: Attack
    held: bool
    result: str
    output: str
    took_s: float


ATTACKS = (
    Attack(
        "bits of the store flipped",
        "every start succeeds, no key is another than it was",
        "bit_flips",
        ("--rounds", "5000", "--seed", "1"),
        ("--rounds", "150", "--seed", "1"),
    ),
    Attack(
        "numbers made up to be answered",
        "an honest ping is answered within 10 s, the air budget is kept",
        "air_attack",
        ("--seconds", "600", "--seed", "1"),
        ("--seconds", "40", "--seed", "1"),
    ),
    Attack(
        "names made up",
        "below 120 MB, newcomers are still learned",
        "name_flood",
        ("--names", "250000"),
        ("--names", "30000"),
    ),
    Attack(
        "a hostile node: endless configurations, restarts, floods",
        "memory and requests stay bounded",
        "frame_flood",
        ("--seconds", "300", "--seed", "1"),
        ("--seconds", "20", "--seed", "1"),
    ),
    Attack(
        "frames changed at random, guided by what they reach",
        "nothing raises",
        "frame_fuzz",
        ("--seconds", "1800", "--seed", "1"),
        ("--frames", "3000", "--seed", "1"),
    ),
    Attack(
        "names and texts that look like log lines",
        "no event but the true ones",
        "hostile_journal",
        ("--examples", "2000", "--seed", "1"),
        ("--examples", "60", "--seed", "1"),
    ),
    Attack(
        "orders forged and repeated",
        "one true order, one effect",
        "spoofed_orders",
        ("--rounds", "300", "--seed", "1"),
        ("--rounds", "20", "--seed", "1"),
    ),
    Attack(
        "frames made up by clients of the shared node",
        "nothing reaches the link, nobody waits",
        "client_fuzz",
        ("--frames", "1000000", "--seed", "1"),
        ("--frames", "20000", "--seed", "1"),
    ),
    Attack(
        "SIGTERM in every state",
        "ended within 5 s",
        "stop_times",
        (),
        (),
    ),
)


def play(attack: Attack, *, brief: bool) -> Played:
    """Run one program to its end."""
    began_s = time.monotonic()
    try:
        done = subprocess.run(
            attack.command(brief=brief),
            cwd=ROOT,
            env=None,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=LIMIT_S,
            check=False,
        )
        output, held = done.stdout, done.returncode == 0
    except subprocess.TimeoutExpired as error:
        said = error.stdout.decode("utf-8", "replace") if error.stdout else ""
        output, held = f"{said}\nnot ended within {LIMIT_S:.0f} s", False
    lines = output.strip().splitlines()
    result = lines[-1].strip() if lines else "no word"
    return Played(attack, held, result, output, time.monotonic() - began_s)


def block_of(one: Played) -> str:
    """Return what the page says of an attack."""
    minutes = max(round(one.took_s / 60), 1)
    held = "held" if one.held else "**did not hold**"
    lines = [
        heading_of(one.attack),
        "",
        f"Must hold: {one.attack.holds}.",
        f"It {held}, in {minutes} min (`{one.attack.program}.py`):",
        "",
        *wrapped(one.result),
    ]
    return "\n".join(lines)


def heading_of(attack: Attack) -> str:
    """Return the heading of its block."""
    return f"### {attack.name[:1].upper()}{attack.name[1:]}"


def wrapped(text: str, width: int = 98) -> list[str]:
    """Return the lines of a paragraph, none wider than a page."""
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return [*lines, line]


def write_into(page: Path, played: Sequence[Played]) -> None:
    """Put the blocks between the page's marks, beside those of attacks that were not played.

    Raises ``ValueError`` if it has no marks.
    """
    before, rest = page.read_text(encoding="utf-8").split(BEGIN, 1)
    old, after = rest.split(END, 1)
    blocks = {block.splitlines()[0]: block for block in old.strip().split("\n\n### ")}
    blocks = {f"### {head.removeprefix('### ')}": block for head, block in blocks.items()}
    blocks = {head: f"### {block.removeprefix('### ')}" for head, block in blocks.items()}
    blocks |= {heading_of(one.attack): block_of(one) for one in played}
    wanted = [blocks[head] for attack in ATTACKS if (head := heading_of(attack)) in blocks]
    table = "\n\n".join([machine(), *wanted])
    page.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{after}", encoding="utf-8")


def machine() -> str:
    """Return what they are played with."""
    library = importlib.metadata.version("meshtastic")
    return f"Python {platform.python_version()}, meshtastic {library}, {platform.machine()}."


def main() -> int:
    """Do what the command line asks; 1 if anything did not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", nargs="?", type=Path, help="the page to write the table into")
    parser.add_argument("--only", nargs="*", default=[], help="parts of the attacks' names")
    parser.add_argument("--brief", action="store_true", help="a small edition of each")
    options = parser.parse_args()
    wanted = [
        attack
        for attack in ATTACKS
        if not options.only or any(part in attack.name for part in options.only)
    ]
    played = []
    for attack in wanted:
        sys.stdout.write(f"… {attack.name}\n")
        sys.stdout.flush()
        one = play(attack, brief=options.brief)
        played.append(one)
        sys.stdout.write(f"{'ok ' if one.held else 'BAD'} {one.result} ({one.took_s:.0f} s)\n")
        if not one.held:
            sys.stdout.write("\n".join(one.output.splitlines()[-SHOWN_LINES:]) + "\n")
        sys.stdout.flush()
    if options.page is not None:
        write_into(options.page, played)
    return 0 if all(one.held for one in played) else 1


if __name__ == "__main__":
    sys.exit(main())
