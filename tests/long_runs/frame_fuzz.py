"""Gives the bot what no node would send, and looks whether anything raises.

``python tests/long_runs/frame_fuzz.py --seconds 1800`` lets atheris, where it is installed
(``pip install -r requirements-attack.txt``), change frames of real nodes, guided by the lines of
ours that they reach; ``--frames 3000`` changes as many at random, from a seed.

The bot is a whole one, but for its threads: what it posts to its worker is done here at once, so
that an error ends the run instead of costing a line. Bytes go in as they come from a socket, cut
anywhere.
"""

import argparse
import importlib
import importlib.util
import logging
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from tests.support.fed_bot import FedBot

REPORT_EVERY = 20_000


def fed_bot(folder: Path) -> "FedBot":
    """Return a bot that is fed by hand; its modules are imported only now, to be watched."""
    module: Any = importlib.import_module("tests.support.fed_bot")
    bot: FedBot = module.FedBot(folder)
    return bot


def at_random(folder: Path, frames: int, seed: int) -> str:
    """Feed changed frames of real nodes; return the row."""
    chance = random.Random(seed)
    real = importlib.import_module("tests.support.real_frames")
    bot = fed_bot(folder)
    seeds = (real.frames_of_nodes(), bot.frames_for_us())
    began_s = time.monotonic()
    for _ in range(frames):
        data = bytearray(chance.choice(chance.choice(seeds)))
        for _ in range(chance.randrange(4)):
            real.spoil(data, chance)
        bot.feed_payload(bytes(data[:512]))
    bot.close()
    return row(frames, time.monotonic() - began_s, (bot.packets, bot.replies), "from a seed")


def row(frames: int, took_s: float, heard: tuple[int, int], how: str) -> str:
    """Return what it came to, in one line; ``heard``: packets, and commands that were answered."""
    packets, replies = heard
    return (
        f"{frames:,} frames in {took_s:.0f} s ({how}), {packets:,} packets and {replies:,} "
        "commands among them: 0 errors"
    )


# -- Guided by coverage --------------------------------------------------------------------------


def guided(seconds: int, seed: int) -> int:
    """Run atheris in a process of its own, as it never returns; print the row."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        corpus = folder / "corpus"
        corpus.mkdir()
        real = importlib.import_module("tests.support.real_frames")
        bot = fed_bot(folder)
        seeds = dict.fromkeys([*real.frames_of_nodes(), *bot.frames_for_us()])
        bot.close()
        for number, payload in enumerate(seeds):
            (corpus / f"seed-{number}").write_bytes(payload)
        command = [sys.executable, __file__, "--child", name, str(corpus)]
        command += [f"-max_total_time={seconds}", f"-seed={seed}", "-max_len=512"]
        command += ["-print_final_stats=1", f"-artifact_prefix={ROOT}/fuzz-"]
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, cwd=ROOT
        )
    output = done.stdout.decode("utf-8", "replace")
    runs = re.search(r"stat::number_of_executed_units:\s*(\d+)", output)
    covered = re.findall(r"cov: (\d+)", output)
    heard = re.findall(r"heard: (\d+) (\d+)", output) or [("0", "0")]
    if done.returncode != 0 or runs is None:
        sys.stdout.write("\n".join(output.splitlines()[-60:]) + "\nraised, see fuzz-crash-*\n")
        return 1
    how = f"atheris, {int(covered[-1]):,} branches reached" if covered else "atheris"
    line = row(int(runs.group(1)), float(seconds), (int(heard[-1][0]), int(heard[-1][1])), how)
    sys.stdout.write(f"{line}\n")
    return 0


def child(folder: Path, arguments: list[str]) -> None:
    """Be the process that atheris guides."""
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["meshbot", "node_manager"]):
        bot = fed_bot(folder)
    fed = 0

    def one_input(data: bytes) -> None:
        nonlocal fed
        fed += 1
        bot.feed_payload(data[:512])
        if fed % REPORT_EVERY == 0:
            sys.stderr.write(f"heard: {bot.packets} {bot.replies}\n")

    setup: Callable[..., Any] = atheris.Setup
    setup([sys.argv[0], *arguments], one_input)
    atheris.Fuzz()


def main() -> int:
    """Do what the command line asks."""
    logging.disable(logging.CRITICAL)
    if sys.argv[1:2] == ["--child"]:
        child(Path(sys.argv[2]), sys.argv[3:])
        return 0
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, help="so long, guided by coverage")
    parser.add_argument("--frames", type=int, default=20_000, help="so many, at random")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.seconds is not None:
        if importlib.util.find_spec("atheris") is not None:
            return guided(options.seconds, options.seed)
        sys.stdout.write("atheris is not installed: frames are changed at random\n")
    with tempfile.TemporaryDirectory() as name:
        sys.stdout.write(at_random(Path(name), options.frames, options.seed) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
