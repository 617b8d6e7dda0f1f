"""What changes about our own node is said, and its database asked for once."""

import hashlib
from types import SimpleNamespace
from typing import cast

import pytest
from meshtastic.protobuf import mesh_pb2

from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.messages import own_node
from meshbot.messages.own_node import OwnNode
from meshbot.model import weak_keys
from tests.support.journal import Journal

OWN, OTHER, PEER = 0x0C0D0E0F, 0x0C0D0E10, 0x0A
OLD_KEY, NEW_KEY = b"\x01" * 32, b"\x02" * 32


class Bench:
    def __init__(self) -> None:
        self.keys: dict[int, bytes] = {}
        self.wanted: list[SupervisedInterface] = []
        self.node = OwnNode(self, self.wanted.append)

    def public_key(self, num: int) -> bytes:
        return self.keys.get(num, b"")

    def label(self, num: int) -> str:
        return f"node {num:x}"

    def tell(self, key: bytes, num: int = OWN, *, licensed: bool = False) -> None:
        """Have the node tell its database in a session, and learn from it."""
        user = mesh_pb2.User(public_key=key, is_licensed=licensed)
        session = cast("SupervisedInterface", SimpleNamespace(own_num=num, own_user=user))
        entries = [
            mesh_pb2.NodeInfo(num=num, user=user),
            mesh_pb2.NodeInfo(num=PEER, user=mesh_pb2.User(public_key=NEW_KEY)),
        ]
        self.node.entries_told(session, entries)
        self.keys.update({info.num: bytes(info.user.public_key) for info in entries})


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_the_first_key_and_the_same_one_again_are_no_news(bench: Bench, journal: Journal) -> None:
    for _ in range(3):
        bench.tell(OLD_KEY)
    assert journal.messages == []
    assert bench.wanted == []


def test_a_new_key_is_said_once_with_what_it_means(bench: Bench, journal: Journal) -> None:
    bench.keys[OWN] = OLD_KEY  # in the store, from another run
    for _ in range(3):
        bench.tell(NEW_KEY)
    (line,) = journal.messages
    assert line.startswith("⚠️ La clé de notre nœud a changé (")
    assert "supprimer ce nœud de sa liste" in line
    assert len(bench.wanted) == 1


def test_a_new_key_that_the_store_refuses_is_said_once_all_the_same(
    bench: Bench, journal: Journal
) -> None:
    for _ in range(3):
        bench.keys[OWN] = OLD_KEY
        bench.tell(NEW_KEY)
    assert len(journal.messages) == len(bench.wanted) == 1


def test_a_node_that_tells_no_key_has_no_new_one(bench: Bench, journal: Journal) -> None:
    bench.keys[OWN] = OLD_KEY
    bench.tell(b"")
    assert journal.messages == []


def test_another_node_is_asked_for_its_database_once(bench: Bench) -> None:
    bench.tell(OLD_KEY)
    bench.tell(NEW_KEY, OTHER)
    bench.tell(NEW_KEY, OTHER)
    assert [session.own_num for session in bench.wanted] == [OTHER]


def test_a_licence_is_said_once_and_when_it_ends(bench: Bench, journal: Journal) -> None:
    for licensed in (False, True, True, False, False, True):
        bench.tell(OLD_KEY, licensed=licensed)
    assert [line[:30] for line in journal.messages] == [
        "📻 Station radioamateur (licenc",
        "📻 Plus de licence radioamateur"[:30],
        "📻 Station radioamateur (licenc",
    ]


def test_a_licence_that_cannot_be_read_is_none_that_ended(bench: Bench, journal: Journal) -> None:
    bench.tell(OLD_KEY, licensed=True)
    unread = cast("SupervisedInterface", SimpleNamespace(own_num=OWN, own_user=None))
    bench.node.entries_told(unread, [mesh_pb2.NodeInfo(num=OWN)])
    bench.tell(OLD_KEY, licensed=True)
    assert len(journal.messages) == 1


def test_a_weak_key_is_warned_of_once_and_its_successor_is_news(
    bench: Bench, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = weak_keys.WEAK_KEY_HASHES | {hashlib.sha256(OLD_KEY).digest()}
    monkeypatch.setattr(weak_keys, "WEAK_KEY_HASHES", known)
    for _ in range(2):
        bench.tell(OLD_KEY)
        bench.keys.clear()  # no weak key is ever known
    (line,) = journal.messages
    assert line.startswith("⚠️ La clé de notre nœud, AQEBAQEBAQEB, est connue d'avance")
    assert "Mettre son firmware à jour" in line
    bench.tell(NEW_KEY)
    assert journal.messages[1].startswith("⚠️ La clé de notre nœud a changé (")


def test_a_new_key_each_time_is_said_and_asked_about_a_few_times_only(
    bench: Bench, journal: Journal
) -> None:
    for number in range(1, 200):
        bench.tell(number.to_bytes(32, "big"))
    assert len(bench.wanted) == len(journal.messages) == own_node.MAX_KEY_LINES
