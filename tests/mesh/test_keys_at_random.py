"""Whatever is announced, moved, decided and restarted in whatever order, the rules hold."""

import hashlib
import random
import zlib

import pytest
from meshtastic.protobuf import mesh_pb2

from meshbot.model import weak_keys
from meshbot.simulation.wire import number_field
from node_manager import NodeManager
from tests.support.clock import Clock
from tests.support.fake_storage import FakeStorage

pytestmark = pytest.mark.slow

WEAK = b"\x77" * 32
KEYS = [*(bytes([byte]) * 32 for byte in range(2, 7)), WEAK]
NUMS = [1, 2, 3, 4, *map(zlib.crc32, KEYS)]
STEPS = 60


class Chaos:
    """A manager, and what may happen to it."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.storage = FakeStorage()
        self.clock, self.wall_clock = Clock(0.0), Clock(1_700_000_000.0)
        self.own_num = self.chance.choice([0, 1, NUMS[4]])
        self.nodes = self.started()

    def started(self) -> NodeManager:
        nodes = NodeManager(self.storage, clock=self.clock, wall_clock=self.wall_clock)
        nodes.load()
        return nodes

    def happen(self) -> None:
        num, key = self.chance.choice(NUMS), self.chance.choice(KEYS)
        self.wall_clock.now_s += self.chance.randrange(5)
        match self.chance.randrange(7):
            case 0:
                held = zlib.crc32(key) == num and self.chance.random() < 0.5
                user = mesh_pb2.User(long_name="Ann", public_key=key)
                self.nodes.learn_from_air(num, user, held=held)
            case 1:
                self.nodes.learn_from_message(num, key)
            case 2:
                self.nodes.contest_key(num, key)
            case 3:
                infos = [self.info() for _ in range(self.chance.randrange(1, 5))]
                self.nodes.learn_from_radio(infos, self.own_num)
            case 4:
                self.nodes.heard_message(num)
            case _:
                self.storage.add_decision(num, key, accept=self.chance.random() < 0.7)
                self.nodes.carry_out_decisions()
                assert self.storage.decisions == []

    def info(self) -> mesh_pb2.NodeInfo:
        user = mesh_pb2.User(long_name="Bob", public_key=self.chance.choice(KEYS))
        info = mesh_pb2.NodeInfo(num=self.chance.choice(NUMS), user=user)
        info.MergeFromString(number_field(14, self.chance.randrange(2)))
        return info

    def check(self) -> None:
        held = {key: num for num in NUMS if (key := self.nodes.public_key(num))}
        assert WEAK not in held
        assert len(held) == sum(bool(self.nodes.public_key(num)) for num in NUMS), "one a key"
        for key in KEYS:
            holder = self.nodes.key_holder(key)
            assert (holder.num if holder is not None else None) == held.get(key)
        for other in self.nodes.waiting_keys():
            assert other.public_key not in (WEAK, self.nodes.public_key(other.num))
        for num in NUMS:
            claimed = self.nodes.claimed_key(num)
            assert not claimed or (zlib.crc32(claimed) == num and held[claimed] != num)

    def known(self) -> dict[int, object]:
        """Return what a restart must not change."""
        return {
            num: (node.public_key, node.last_dm, set(self.nodes.other_keys(num)))
            for num in NUMS
            if (node := self.nodes.node(num)) is not None
            and (node.introduced or self.nodes.other_keys(num))
        }


@pytest.mark.parametrize("seed", range(30))
def test_no_order_of_things_breaks_a_rule(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    known_weak = weak_keys.WEAK_KEY_HASHES | {hashlib.sha256(WEAK).digest()}
    monkeypatch.setattr(weak_keys, "WEAK_KEY_HASHES", known_weak)
    chaos = Chaos(seed)
    for step in range(STEPS):
        chaos.happen()
        chaos.check()
        if step % 10 == 9:
            chaos.nodes.save_heard()
            before = chaos.known()
            chaos.nodes = chaos.started()
            assert chaos.known() == before
