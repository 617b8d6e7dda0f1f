"""A random mixture of faults for as long as one likes.

``python tests/long_runs/soak.py --seconds 3600`` plays an hour.

The seed is printed, and the same seed gives the same faults in the same order. Checked all the
time: one connection at most, no thread or descriptor left over, nothing in the journal that should
not be there, every ``/ping`` sent on a link that has been up for a while answered, and none ever
answered twice. At the end the store must be whole and hold every key.

Constants are the defaults scaled down, so that an hour holds thousands of faults.
"""

import argparse
import logging
import random
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from meshtastic.protobuf import config_pb2

from main_bot import MeshBot
from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.descriptors import open_descriptors
from tests.support.journal import Journal
from tests.support.quick_bot import QUICK_CONSTANTS, QUICK_SILENCE

Region = config_pb2.Config.LoRaConfig.RegionCode
UP_FOR_S = 0.4  # 2 s at the scale of the other constants
ANSWER_LIMIT_S = 10.0
SETTLE_LIMIT_S = 20.0
FORBIDDEN = ("Traceback", "inattendue", "[ERROR]")
CONSTANTS = {
    **QUICK_CONSTANTS,
    **QUICK_SILENCE,
    "TCP_HANDSHAKE_TIMEOUT": 1.0,
    "TCP_CONNECT_TIMEOUT": 1.0,
    "TEXT_QUEUE_WAIT": 0.5,
    "TEXT_INTERVAL": 0.01,
    "FLOOD_BURST": 1_000,
    "TCP_YIELD_FIRST": 0.2,
    "TCP_YIELD_MAX": 0.4,
    "PUBKEY_SYNC_INTERVAL": 1.0,
    "HEARD_SAVE_INTERVAL": 0.5,
}


class SoakFailed(AssertionError):
    """A promise was broken; the text says which, and what the journal held last."""


class Soak:
    """One bot on one node, and a source of trouble."""

    def __init__(self, seed: int, folder: Path) -> None:
        self._random = random.Random(seed)
        self._folder = folder
        self._journal = Journal()
        self._node = SimulatedNode(text_spacing_s=0.0)
        self._node.region = Region.US  # which limits no hour: this one holds more texts than any
        self._bot: MeshBot | None = None
        self._threads = 0
        self._descriptors = 0
        self.faults: Counter[str] = Counter()
        self.pings = 0

    def run(self, seconds: float) -> None:
        """Make trouble for so long. Raises :class:`SoakFailed`."""
        root = logging.getLogger()
        root.addHandler(self._journal)
        root.setLevel(logging.INFO)
        try:
            with self._node:
                self._start_bot()
                self._settle()
                self._threads = threading.active_count()
                self._descriptors = len(open_descriptors())
                ends_s = time.monotonic() + seconds
                while time.monotonic() < ends_s:
                    self._round()
                self._stop_bot()
            self._check_store()
        finally:
            if self._bot is not None:
                self._bot.stop()
            root.removeHandler(self._journal)

    def _start_bot(self) -> None:
        bot_class = type("SoakBot", (MeshBot,), CONSTANTS)
        bot: MeshBot = bot_class(
            environment={
                "MESHBOT_CONNECTION_MODE": "tcp",
                "MESHBOT_TCP_HOST": "127.0.0.1",
                "MESHBOT_TCP_PORT": str(self._node.port),
                "MESHBOT_DATABASE_PATH": str(self._folder / "bot.db"),
            }
        )
        self._bot = bot
        bot.start()

    def _stop_bot(self) -> None:
        assert self._bot is not None
        started_s = time.monotonic()
        self._bot.stop()
        if time.monotonic() - started_s > 5.0:
            self._fail(f"stop() took {time.monotonic() - started_s:.1f} s")
        self._bot = None

    def _round(self) -> None:
        for _ in range(self._random.choice((1, 1, 1, 2, 3))):
            name, trouble = self._random.choice(self._troubles())
            self.faults[name] += 1
            trouble()
            if self._random.random() < 0.3:
                self._node.hear_text(self._random.choice(self._node.peers), "/ping")
            self._pause(self._random.uniform(0.0, 0.4))
        self._node.clear_faults()
        self._node.accept_again()
        self._settle()
        self._ask()
        self._check()

    def _troubles(self) -> list[tuple[str, Callable[[], object]]]:
        node, chance = self._node, self._random
        return [
            ("FIN", node.close_by_fin),
            ("RST", node.close_by_rst),
            ("RST in a frame", node.rst_mid_frame),
            ("silence", node.go_silent),
            ("silence for all", lambda: node.go_silent(next_connections=True)),
            ("refusal", lambda: node.refuse_for(chance.uniform(0.05, 0.6))),
            ("reboot", lambda: node.reboot(chance.uniform(0.05, 0.4))),
            ("crash", lambda: node.crash(chance.uniform(0.05, 0.4))),
            ("kill", lambda: node.kill(chance.uniform(0.05, 0.4))),
            ("drop", lambda: node.drop_on_accept(chance.randrange(1, 4))),
            ("hang", self._hang),
            ("trickle", self._trickle),
            ("other light answers", self._answer_light),
            ("crash", lambda: node.crash(chance.uniform(0.05, 0.4))),
            ("no reading", node.stop_reading),
            ("full queue", node.fill_queue),
            ("half frame", node.send_half_frame),
            ("garbage", lambda: node.send_garbage(chance.randrange(1, 2_000))),
            ("oversized", node.send_oversized_frame),
            ("unparseable", node.send_unparseable_frame),
            ("eviction", lambda: node.evict(chance.choice(node.peers))),
            ("keyless NodeInfo", lambda: node.hear_node_info(node.peers[3], public_key=b"")),
            ("broken name", self._broken_name),
            ("traffic", self._traffic),
            ("requested", self._request),
            ("restart", self._restart),
        ]

    def _broken_name(self) -> None:
        """Hear a NodeInfo whose short name was cut inside a character."""
        peer = self._random.choice(self._node.peers)
        whole = peer.user().SerializeToString()
        short_name = peer.short_name.encode()
        cut = short_name[:-1] + b"\xc3"
        self._node.hear_node_info(peer, payload=whole.replace(short_name, cut))

    def _hang(self) -> None:
        self._node.hang_handshake_after = self._random.randrange(30)
        self._node.close_by_fin()

    def _trickle(self) -> None:
        self._node.frame_interval_s = 0.02
        self._node.close_by_fin()

    def _answer_light(self) -> None:
        self._node.answers_light = self._random.choice(("right", "never", "wrong_id"))

    def _traffic(self) -> None:
        self._node.start_traffic(0.01)
        self._pause(0.2)
        self._node.stop_traffic()

    def _request(self) -> None:
        assert self._bot is not None
        self._bot.request_reconnection("essai")

    def _restart(self) -> None:
        """Stop the bot, whatever it is doing, and start another on the same store."""
        self._stop_bot()
        self._start_bot()

    def _pause(self, seconds: float) -> None:
        self._node.wait_until(lambda n: False, seconds)

    def _settle(self) -> None:
        """Wait until the link has been up for a while."""
        bot = self._bot
        assert bot is not None
        deadline_s = time.monotonic() + SETTLE_LIMIT_S
        while True:
            status = bot.link_status()
            if status.up_s is not None and status.up_s >= UP_FOR_S and not bot.reconnecting:
                return
            if time.monotonic() > deadline_s:
                self._fail(f"the link did not come back within {SETTLE_LIMIT_S:.0f} s")
            self._pause(0.02)

    def _ask(self) -> None:
        peer = self._random.choice(self._node.peers)
        packet_id = self._node.hear_text(peer, "/ping")
        self.pings += 1
        if not self._node.wait_until(
            lambda n: any(text.reply_id == packet_id for text in n.texts_on_air), ANSWER_LIMIT_S
        ):
            self._fail(f"/ping {packet_id} of {peer.long_name} was not answered")

    def _check(self) -> None:
        if self._node.max_connections_open > 1:
            self._fail(f"{self._node.max_connections_open} connections at one time")
        bad = [line for line in self._journal.lines if any(text in line for text in FORBIDDEN)]
        if bad:
            self._fail(f"in the journal: {bad[0]}")
        answers = self._node.read(
            lambda n: {(text.reply_id, text.packet_id) for text in n.texts_on_air}
        )
        twice = [key for key, count in Counter(key for key, _ in answers).items() if count > 1]
        if twice:
            self._fail(f"answered twice: {twice}")
        # Deferred syncs of the last reconnections may still be waiting.
        timers = sum(isinstance(thread, threading.Timer) for thread in threading.enumerate())
        if threading.active_count() - timers > self._threads + 1:
            self._fail(f"threads: {[thread.name for thread in threading.enumerate()]}")
        if len(open_descriptors()) > self._descriptors + 4:
            self._fail(f"descriptors: {sorted(open_descriptors().values())}")
        self._journal.forget()

    def _check_store(self) -> None:
        connection = sqlite3.connect(self._folder / "bot.db")
        try:
            (verdict,) = connection.execute("PRAGMA integrity_check").fetchone()
            keys = dict(connection.execute("SELECT num, public_key FROM nodes"))
        finally:
            connection.close()
        if verdict != "ok":
            self._fail(f"the store: {verdict}")
        missing = [p.long_name for p in self._node.peers if keys.get(p.num) != p.public_key]
        if missing:
            self._fail(f"keys lost: {missing}")

    def _fail(self, what: str) -> None:
        raise SoakFailed(what + "\n" + "\n".join(self._journal.lines[-40:]))


def main(argv: Sequence[str] | None = None) -> int:
    """Run a soak; return 0 if every promise was kept."""
    parser = argparse.ArgumentParser(description="A random mixture of faults.")
    parser.add_argument("--seconds", type=float, default=3_600.0)
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args(argv)
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**6)
    sys.stdout.write(f"seed {seed}, {options.seconds:.0f} s\n")
    sys.stdout.flush()
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(seed, Path(folder))
        try:
            soak.run(options.seconds)
        except SoakFailed as failure:
            sys.stdout.write(f"FAILED with seed {seed}: {failure}\n")
            return 1
        finally:
            faults = ", ".join(f"{count} {name}" for name, count in soak.faults.most_common())
            sys.stdout.write(
                f"{soak.faults.total()} faults ({faults}), {soak.pings} pings answered\n"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
