"""Whom the operator is told that the radio no longer hears."""

from dataclasses import dataclass, field
from typing import cast

import pytest
from meshtastic.protobuf import mesh_pb2

from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.mesh.radio_keys import RadioKeys
from meshbot.messages import key_watch
from meshbot.messages.key_questions import KeyQuestions
from meshbot.messages.key_watch import KeyWatch
from meshbot.messages.outgoing_request import OutgoingRequest
from meshbot.model.known_node import KnownNode
from meshbot.model.other_key import OtherKey
from tests.support.clock import Clock
from tests.support.journal import Journal

OWN, ANN, BOB = 0x01, 0x0A, 0x0B
STABLE_S = 300.0
LINE = "La radio n'a plus la clé de"


@dataclass
class FakeInterface:
    ready_s: float | None = 1_000.0
    own_num: int = OWN
    own_user: mesh_pb2.User | None = field(default_factory=mesh_pb2.User)


class Bench:
    """A watch over Ann, Bob and ourselves, whose keys the radio lacks."""

    def __init__(self, firmware: str = "2.8.0.7754068") -> None:
        self.clock = Clock(1_000.0 + STABLE_S)
        self.radio = RadioKeys()
        self.radio.enter_session("session", firmware)
        for num in (OWN, ANN, BOB):
            self.radio.note_missing(num)
        self.others: dict[int, list[OtherKey]] = {}
        self.asked: list[OutgoingRequest] = []
        questions = KeyQuestions(self.radio, self._send, post=lambda call: None, clock=self.clock)
        self.interface = FakeInterface()
        self.watch = KeyWatch(self, self.radio, questions, STABLE_S, self.clock)

    def _send(self, request: OutgoingRequest) -> bool:
        self.asked.append(request)
        return True

    def correspondents(self) -> list[KnownNode]:
        return [KnownNode(num, public_key=bytes([num]) * 32) for num in (OWN, BOB, ANN)]

    def label(self, num: int) -> str:
        return f"Node{num}"

    def other_keys(self, num: int) -> list[OtherKey]:
        return self.others.get(num, [])

    def look(self) -> None:
        self.watch.look(cast(SupervisedInterface, self.interface))


def test_each_is_named_once_a_day_and_ourselves_never(journal: Journal) -> None:
    bench = Bench()
    for _ in range(3):
        bench.look()
    assert [line.split(" : ")[0] for line in journal.messages] == [
        f"⚠️ {LINE} Node{BOB}",
        f"⚠️ {LINE} Node{ANN}",
    ]
    assert len(bench.asked) == 1, "the first answer is waited for"
    bench.radio.note_held(ANN, b"\x01" * 32)
    bench.clock.now_s += key_watch.LINE_S
    bench.look()
    assert journal.count(f"{LINE} Node{BOB}") == 2
    assert journal.count(f"{LINE} Node{ANN}") == 1


def test_who_has_another_key_by_the_operators_word_than_in_the_radio_is_named(
    journal: Journal,
) -> None:
    bench = Bench()
    old, new = b"\x01" * 32, bytes([ANN]) * 32
    bench.radio.note_held(BOB, old)
    bench.others = {BOB: [OtherKey(BOB, old, offered_at=5)]}  # he has yet to decide
    bench.radio.note_held(ANN, old)
    for others in ([], [OtherKey(ANN, old, replaced_at=5, replaced_by="operator")]):
        bench.others[ANN] = others
        bench.look()
        assert len(journal.messages) == len(others)
    assert f"clé de Node{ANN} que l'opérateur a écartée" in journal.messages[0]
    assert f"meshtastic --remove-node '!{ANN:08x}'" in journal.messages[0]
    bench.radio.note_held(ANN, new)
    bench.clock.now_s += key_watch.LINE_S
    bench.look()
    assert len(journal.messages) == 1


def test_a_radio_that_hands_over_what_it_cannot_open_is_no_reason_to_worry(
    journal: Journal,
) -> None:
    bench = Bench("2.7.26.54e0d8d")
    bench.look()
    assert journal.messages == []
    assert bench.asked == []


@pytest.mark.parametrize(
    ("ready_s", "own_user"),
    [
        (None, mesh_pb2.User()),
        (1_000.1, mesh_pb2.User()),
        (1_000.0, mesh_pb2.User(is_licensed=True)),
        (1_000.0, None),
    ],
    ids=["not ready", "not ready for long", "licensed", "not introduced"],
)
def test_a_link_that_is_young_or_a_station_that_seals_nothing_is_left_alone(
    ready_s: float | None, own_user: mesh_pb2.User | None, journal: Journal
) -> None:
    bench = Bench()
    bench.interface = FakeInterface(ready_s, own_user=own_user)
    bench.look()
    bench.watch.look(None)
    assert journal.messages == []
    assert bench.asked == []
