"""Damages the files of a bot in every way a dying card does, and has a bot open them each time.

``bit_flips.py --rounds 5000 --seed 1`` prints one line, and what failed, if anything did; then the
exit code is 1. ``--every`` flips each used bit of the pages with the schema once, one a round.

A round fails when the bot does not start, when a row that nobody wrote is given out, when a known
key does not come back although a file that was left alone has it, or when the next start finds
something to repair again.
"""

import argparse
import logging
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from meshbot.model.key_decision import KeyDecision
from meshbot.model.known_node import KnownNode
from meshbot.model.link_event import EventKind, LinkEvent
from meshbot.model.other_key import OtherKey
from meshbot.service.bot_store import BotStore
from meshbot.store.storage_error import StorageError
from tests.support.damages import key_of, make_nodes

PAGE = 4_096
NODES = 120
MAX_BITS = 600
NOW_S = 1_800_000_000.0
LATE = KnownNode(7, "Tard", "T", public_key=key_of(7), last_heard=5)
"""Learned after the copies were made."""


@dataclass(frozen=True)
class Files:
    """The files of a bot, by what is added to the database's name."""

    contents: dict[str, bytes]
    """As it left them that ended in order."""
    killed: dict[str, bytes]
    """As one leaves them that is killed: what it wrote last stands in the log alone."""
    nodes: dict[int, KnownNode]
    others: list[OtherKey]
    decisions: list[KeyDecision]

    def used_schema_bits(self) -> list[int]:
        """Return the bits of the first page that are not in the room between its two ends."""
        page = self.contents[""][:PAGE]
        cells = int.from_bytes(page[103:105], "big")
        used = [*range(108 + 2 * cells), *range(int.from_bytes(page[105:107], "big"), PAGE)]
        return [8 * byte + bit for byte in used for bit in range(8)]


@dataclass
class Result:
    """What came of some rounds."""

    rounds: int = 0
    repaired: int = 0
    failures: list[str] = field(default_factory=list)


def make_files(folder: Path) -> Files:
    """Let a bot learn a mesh and make its copies; return what it leaves."""
    path = folder / "bot.db"
    store = BotStore(path, simulated=False, wall_clock=lambda: NOW_S)
    store.open()
    nodes = make_nodes(NODES)
    others = [
        OtherKey(nodes[number].num, key_of(-number - 1), offered_at=5 + number)
        for number in range(20)
    ]
    store.nodes.save_nodes(nodes, {other.num: [other] for other in others})
    store.link_events.add_link_events(
        LinkEvent(EventKind.ALIVE, NOW_S + number, number, 1, 1, 0.5, number)
        for number in range(200)
    )
    store.backup.back_up()
    store.backup.back_up()
    store.nodes.save_nodes([LATE])
    store.nodes.add_decision(nodes[3].num, others[3].public_key, accept=True)
    decisions = store.nodes.load_decisions()
    killed = _contents(folder)
    store.close()
    known = {node.num: node for node in (*nodes, LATE)}
    return Files(_contents(folder), killed, known, others, decisions)


def _contents(folder: Path) -> dict[str, bytes]:
    return {file.name.removeprefix("bot.db"): file.read_bytes() for file in folder.iterdir()}


# -- What is done to a file ------------------------------------------------------------------------

Damage = Callable[[random.Random, bytearray], None]


def flip(data: bytearray, bits: list[int]) -> None:
    for bit in bits:
        data[bit // 8] ^= 1 << bit % 8


def one_bit(chance: random.Random, data: bytearray) -> None:
    flip(data, [chance.randrange(8 * len(data))])


def header_bit(chance: random.Random, data: bytearray) -> None:
    flip(data, [chance.randrange(8 * min(108, len(data)))])


def schema_bit(chance: random.Random, data: bytearray) -> None:
    flip(data, [chance.randrange(8 * min(PAGE, len(data)))])


def many_bits(chance: random.Random, data: bytearray) -> None:
    flip(data, [chance.randrange(8 * len(data)) for _ in range(chance.randint(1, MAX_BITS))])


def many_schema_bits(chance: random.Random, data: bytearray) -> None:
    size = 8 * min(PAGE, len(data))
    flip(data, [chance.randrange(size) for _ in range(chance.randint(2, 100))])


def cut(chance: random.Random, data: bytearray) -> None:
    del data[chance.randrange(len(data)) :]


def block(chance: random.Random, data: bytearray) -> None:
    """Spoil a block as a card keeps them: zeros, ones, or what belongs to another file."""
    size = chance.choice((512, PAGE, 4 * PAGE))
    start = chance.randrange(0, len(data), 512)
    fill = chance.choice((bytes(size), b"\xff" * size, chance.randbytes(size)))
    data[start : start + size] = fill[: len(data) - start]


DAMAGES: tuple[Damage, ...] = (
    one_bit,
    header_bit,
    schema_bit,
    many_bits,
    many_schema_bits,
    cut,
    block,
)
TARGETS: tuple[tuple[str, ...], ...] = (
    ("-wal",),
    ("-shm",),
    ("", "-wal", "-shm"),
    ("",),
    ("",),
    ("",),
    (".lock",),
    (".copie",),
    ("", ".lock"),
    ("", ".copie"),
    ("", ".copie.avant", ".lock"),
    ("", ".copie", ".copie.avant"),
    ("", ".copie", ".copie.avant", ".lock"),
)


def spoil(files: Files, chance: random.Random, folder: Path) -> str:
    """Put the files into a folder, some of them damaged; return what was done."""
    targets = chance.choice(TARGETS)
    was_killed = "-wal" in targets or "-shm" in targets or chance.random() < 0.2
    left = files.killed if was_killed else files.contents
    contents = {name: bytearray(data) for name, data in left.items()}
    done = ["killed"] if was_killed else []
    for name in targets:
        damage = chance.choice(DAMAGES)
        damage(chance, contents[name])
        done.append(f"{damage.__name__} in bot.db{name}")
    if not was_killed and chance.random() < 0.1:
        contents["-wal"] = bytearray(chance.randbytes(chance.randint(1, 3 * PAGE)))
        contents["-shm"] = bytearray(chance.randbytes(32_768))
        done.append("garbage for a log")
    if chance.random() < 0.05:
        del contents[".lock"]
        done.append("no lock")
    for name, data in contents.items():
        (folder / f"bot.db{name}").write_bytes(data)
    return ", ".join(done)


# -- What must come of it --------------------------------------------------------------------------


def open_and_judge(files: Files, path: Path, *, whole: bool) -> str:
    """Have a bot open the damaged files; return what is wrong with that, nothing if all is well.

    ``whole``: a copy was left alone, so that everything in it must come back.
    """
    store = BotStore(path, simulated=False, wall_clock=lambda: NOW_S)
    try:
        store.open()
        nodes = store.nodes.load_nodes()
        others = store.nodes.load_other_keys()
        decisions = store.nodes.load_decisions()
        store.link_events.load_link_events(1_000)
        store.nodes.save_nodes([LATE])
    except StorageError as error:
        return f"not started: {error}"
    finally:
        store.close()
    found = {node.num: node for node in nodes}
    if any(node != files.nodes.get(num) for num, node in found.items()):
        return "a node as nobody wrote it"
    if set(others) - set(files.others) or any(one not in files.decisions for one in decisions):
        return "an other key or a decision that nobody wrote"
    lost = set(files.nodes) - set(found) - {LATE.num}
    if whole and (lost or set(files.others) - set(others)):
        return f"{len(lost)} nodes and {len(files.others) - len(others)} other keys are lost"
    return ""


class _Lines(logging.Handler):
    """Counts the lines of repairs."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += "était abîmée" in record.getMessage()


def play(
    files: Files, folder: Path, rounds: Iterator[tuple[str, Callable[[Path], str], bool]]
) -> Result:
    """Play rounds: a name, what puts the files into a folder, and whether all must come back."""
    result, lines = Result(), _Lines()
    log = logging.getLogger("meshbot.service.bot_store")
    log.addHandler(lines)
    was_propagated, log.propagate = log.propagate, False
    try:
        for name, prepare, whole in rounds:
            place = folder / "round"
            place.mkdir()
            done = prepare(place)
            before = lines.count
            wrong = open_and_judge(files, place / "bot.db", whole=whole)
            repaired = lines.count - before
            if not wrong:
                wrong = open_and_judge(files, place / "bot.db", whole=False)
                if not wrong and lines.count > before + repaired:
                    wrong = "repaired again by the next start"
            result.rounds += 1
            result.repaired += repaired
            if wrong:
                result.failures.append(f"{name} ({done}): {wrong}")
            shutil.rmtree(place)
    finally:
        log.removeHandler(lines)
        log.propagate = was_propagated
    return result


def random_rounds(
    files: Files, rounds: int, seed: int
) -> Iterator[tuple[str, Callable[[Path], str], bool]]:
    """Yield rounds of random damages, the same for the same seed."""
    for number in range(rounds):

        def prepare(place: Path, number: int = number) -> str:
            return spoil(files, random.Random(f"{seed}/{number}"), place)

        preview = random.Random(f"{seed}/{number}").choice(TARGETS)
        whole = ".copie" not in preview or ".copie.avant" not in preview
        yield f"round {number} of seed {seed}", prepare, whole


def schema_rounds(
    files: Files, bits: list[int]
) -> Iterator[tuple[str, Callable[[Path], str], bool]]:
    """Yield a round for each of some bits of the database's first page, nothing else damaged."""
    for bit in bits:

        def prepare(place: Path, bit: int = bit) -> str:
            for name, data in files.contents.items():
                (place / f"bot.db{name}").write_bytes(data)
            damaged = bytearray(files.contents[""])
            flip(damaged, [bit])
            (place / "bot.db").write_bytes(damaged)
            return f"byte {bit // 8}"

        yield f"bit {bit}", prepare, True


def run(rounds: int, seed: int, *, every: bool = False, folder: Path | None = None) -> Result:
    """Play so many rounds, or one for every used bit of the first page, in a folder of its own."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        place = Path(name)
        (place / "made").mkdir()
        files = make_files(place / "made")
        if every:
            return play(files, place, schema_rounds(files, files.used_schema_bits()))
        return play(files, place, random_rounds(files, rounds, seed))


def main() -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--every", action="store_true")
    options = parser.parse_args()
    began_s = time.monotonic()
    result = run(options.rounds, options.seed, every=options.every)
    for failure in result.failures[:20]:
        sys.stdout.write(failure + "\n")
    sys.stdout.write(
        f"bit flips: {result.rounds} rounds (seed {options.seed}), {result.repaired} repaired, "
        f"{len(result.failures)} failed, {time.monotonic() - began_s:.0f} s\n"
    )
    return 1 if result.failures else 0


if __name__ == "__main__":
    sys.exit(main())
