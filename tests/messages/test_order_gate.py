"""Whose orders pass, once, and what the operator reads of the others."""

import pytest
from meshtastic.protobuf import mesh_pb2

from meshbot.messages.decoded_packet import DecodedPacket
from meshbot.messages.heard_packet import HeardPacket
from meshbot.messages.order_gate import MAX_LINES, OrderGate
from meshbot.messages.order_refusal import OrderRefusal
from meshbot.messages.proof import Proof
from meshbot.model.public_key import base64_text
from meshbot.store.storage_error import StorageError, StorageVanished
from tests.support.clock import Clock
from tests.support.journal import Journal

ANN, BOB = 0x0A, 0x0B
KEY = b"\x01" * 32


class Keys:
    def __init__(self) -> None:
        self.unconfirmed: set[int] = set()

    def public_key(self, num: int) -> bytes:
        return KEY

    def is_unconfirmed(self, num: int) -> bool:
        return num in self.unconfirmed

    def label(self, num: int) -> str:
        return f"Node{num}"


class Orders:
    """Notes in memory; ``error`` is what the next write meets."""

    def __init__(self) -> None:
        self.heard: list[tuple[int, int]] = []
        self.error: StorageError | None = None
        self.written_again = 0

    def note(self, num: int, packet_id: int) -> bool:
        if (num, packet_id) in self.heard:
            return False
        self.heard.append((num, packet_id))
        error, self.error = self.error, None
        if error is not None:
            raise error
        return True

    def write_again(self) -> None:
        self.written_again += 1
        error, self.error = self.error, None
        if error is not None:
            raise error


class Bench:
    """A gate of which Ann is an administrator."""

    def __init__(self, beginning: str = "") -> None:
        self.keys, self.orders, self.clock = Keys(), Orders(), Clock(0.0)
        self.vanished: list[StorageVanished] = []
        self.gate = OrderGate(
            self.keys,
            self.orders,
            {ANN: beginning},
            on_vanished=self.vanished.append,
            clock=self.clock,
        )

    def judge(
        self, sender: int = ANN, packet_id: int = 7, proof: Proof | None = Proof.PROVEN
    ) -> OrderRefusal | None:
        packet = mesh_pb2.MeshPacket(id=packet_id)
        setattr(packet, "from", sender)
        proven = proof in (Proof.PROVEN, None)
        heard = HeardPacket(packet, 0.0, 0.0)
        return self.gate.judge(DecodedPacket(heard, mesh_pb2.Data(), proven, 0.0, proof=proof))


@pytest.mark.parametrize("proof", [proof for proof in Proof if proof is not Proof.PROVEN])
def test_without_proof_no_order_passes_and_none_is_noted(proof: Proof) -> None:
    bench = Bench()
    refusal = bench.judge(proof=proof)
    assert refusal is not None
    assert refusal.value == (proof.value if proof is not Proof.OTHER_KEY else "unsealed")
    assert bench.orders.heard == []


@pytest.mark.parametrize(
    ("first", "second"),
    [(Proof.PROVEN, Proof.PROVEN), (Proof.PROVEN, None), (None, Proof.PROVEN), (None, None)],
    ids=["radio, radio", "radio, bot", "bot, radio", "bot, bot"],
)
def test_an_order_passes_once_whoever_opened_it(
    first: Proof | None, second: Proof | None, journal: Journal
) -> None:
    bench = Bench()
    assert bench.judge(proof=first) is None
    assert bench.judge(proof=second) is OrderRefusal.REPLAYED
    assert bench.judge(packet_id=8, proof=second) is None
    assert journal.messages == [
        "⛔ Ordre de Node10 refusé : déjà entendu, peut-être rejoué par un tiers"
    ]


def test_repetitions_get_few_lines(journal: Journal) -> None:
    bench = Bench()
    bench.judge()
    for _ in range(2 * MAX_LINES):
        bench.judge()
    assert len(journal.messages) == 1
    bench.clock.now_s += 3_600.0
    bench.judge()
    assert len(journal.messages) == 2


def test_who_is_no_admin_is_refused_and_does_not_fill_the_store() -> None:
    bench = Bench()
    assert bench.judge(BOB) is OrderRefusal.NO_ADMIN
    assert (bench.gate.is_admin(ANN), bench.gate.is_admin(BOB)) == (True, False)
    bench.keys.unconfirmed = {ANN}
    assert not bench.gate.is_admin(ANN)
    assert bench.judge() is OrderRefusal.KEY_DISPUTED
    assert bench.orders.heard == []


def test_with_the_beginning_of_a_key_only_that_key_passes_disputed_or_not() -> None:
    bench = Bench(base64_text(KEY)[:12])
    bench.keys.unconfirmed = {ANN}
    assert bench.judge() is None
    other = Bench(base64_text(b"\x02" * 32)[:12])
    assert other.judge() is OrderRefusal.NOT_THE_ADMINS_KEY
    assert other.orders.heard == []


def test_a_packet_without_an_id_cannot_be_told_from_a_repetition() -> None:
    assert Bench().judge(packet_id=0) is OrderRefusal.NO_PACKET_ID


def test_an_order_that_cannot_be_noted_is_refused(journal: Journal) -> None:
    bench = Bench()
    bench.orders.error = StorageError("disque plein")
    assert bench.judge() is OrderRefusal.NOT_NOTED
    assert journal.messages == ["❌ disque plein"]
    assert bench.judge() is OrderRefusal.REPLAYED, "it may have been written all the same"
    assert bench.judge(packet_id=8) is None


def test_a_store_that_has_vanished_is_made_anew_with_the_order_in_it(journal: Journal) -> None:
    bench = Bench()
    bench.orders.error = StorageVanished("disparue", passing=True)
    assert bench.judge() is None
    assert (len(bench.vanished), bench.orders.written_again) == (1, 1)
    bench.gate = OrderGate(
        bench.keys, bench.orders, {ANN: ""}, on_vanished=_cannot, clock=bench.clock
    )
    bench.orders.error = StorageVanished("disparue", passing=True)
    assert bench.judge(packet_id=8) is OrderRefusal.NOT_NOTED


def _cannot(error: StorageVanished) -> None:
    raise StorageError("disque plein") from error


@pytest.mark.parametrize("refusal", list(OrderRefusal))
def test_each_reason_has_its_words(refusal: OrderRefusal, journal: Journal) -> None:
    Bench().gate.tell_refused(ANN, refusal)
    assert journal.messages[0].startswith("⛔ Ordre de Node10 refusé : ")


def test_a_key_that_is_not_confirmed_is_named_with_the_command_that_shows_it(
    journal: Journal,
) -> None:
    """``keys list`` alone lists what waits, which such a key does not."""
    Bench().gate.tell_refused(ANN, OrderRefusal.KEY_DISPUTED)
    (line,) = journal.messages
    assert line.endswith("sa clé n'est pas confirmée (voir : main_bot.py keys list 0000000a)")
