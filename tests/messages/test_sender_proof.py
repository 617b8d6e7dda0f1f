"""What a packet's mark of proof is worth, by the way it came and by the firmware."""

import hashlib
import zlib
from typing import Any

import pytest
from meshtastic.protobuf import mesh_pb2, portnums_pb2

from meshbot.mesh.radio_keys import RadioKeys
from meshbot.messages import sender_proof
from meshbot.messages.sender_proof import Proof, SenderProof
from meshbot.model import weak_keys
from node_manager import NodeManager
from tests.support.clock import Clock
from tests.support.fake_storage import FakeStorage
from tests.support.journal import Journal

OWN, ANN, BOB = 0x01, 0x0A, 0xB0B0B0B0
KEY, FORGED = b"\x01" * 32, b"\x99" * 32
OLD, NEW = "2.7.26.54e0d8d", "2.8.0.7754068"
Transport = mesh_pb2.MeshPacket.TransportMechanism

LORA: dict[str, Any] = {"rx_rssi": -60, "rx_snr": 5.0}
LORA_NAMED = {**LORA, "transport_mechanism": Transport.TRANSPORT_LORA}
LORA_WITHOUT_SIGNAL = {"transport_mechanism": Transport.TRANSPORT_LORA}
NETWORKS: list[dict[str, Any]] = [
    {"transport_mechanism": Transport.TRANSPORT_MQTT, "via_mqtt": True},
    {"transport_mechanism": Transport.TRANSPORT_MQTT},
    {"transport_mechanism": Transport.TRANSPORT_MULTICAST_UDP},
    {**LORA, "transport_mechanism": Transport.TRANSPORT_MULTICAST_UDP},
    {"transport_mechanism": Transport.TRANSPORT_API},
    {**LORA, "via_mqtt": True},
    {**LORA_NAMED, "via_mqtt": True},
    {},  # UDP before 2.7.6, which took the signal away and named no way
]


class Bench:
    """The proof on a real table of nodes, in which Ann has a key."""

    def __init__(self, firmware: str) -> None:
        self.clock = Clock(1_000.0)
        self.nodes = NodeManager(FakeStorage(), clock=self.clock, wall_clock=Clock(1.7e9))
        self.nodes.load()
        self.nodes.learn_from_air(ANN, mesh_pb2.User(long_name="Ann", public_key=KEY))
        self.radio = RadioKeys()
        self.radio.enter_session("session", firmware)
        self.proof = SenderProof(self.nodes, self.radio, self.clock)

    def of(self, key: bytes, sender: int = ANN, **fields: Any) -> Proof:
        packet = mesh_pb2.MeshPacket(to=OWN, id=1, pki_encrypted=True, public_key=key)
        packet.decoded.portnum = portnums_pb2.PortNum.TEXT_MESSAGE_APP
        for name, value in {**LORA, **fields}.items():
            setattr(packet, name, value)
        setattr(packet, "from", sender)
        return self.proof.of(packet, OWN)

    def over(self, network: dict[str, Any], key: bytes, sender: int = ANN) -> Proof:
        return self.of(key, sender, **{"rx_rssi": 0, "rx_snr": 0.0, **network})


@pytest.mark.parametrize("firmware", ["", OLD, NEW])
@pytest.mark.parametrize("way", [LORA, LORA_NAMED, LORA_WITHOUT_SIGNAL])
def test_what_the_radio_heard_itself_and_opened_with_the_known_key_is_proven(
    firmware: str, way: dict[str, Any]
) -> None:
    bench = Bench(firmware)
    assert bench.over(way, KEY) is Proof.PROVEN
    assert bench.radio.key_shown(ANN) == KEY
    assert bench.over(way, FORGED, BOB) is Proof.PROVEN, "a first key is the known one"


@pytest.mark.parametrize("firmware", ["", OLD, NEW])
@pytest.mark.parametrize("network", NETWORKS)
def test_what_came_over_a_network_is_never_proven(firmware: str, network: dict[str, Any]) -> None:
    assert Bench(firmware).over(network, KEY) is Proof.UNPROVEN


@pytest.mark.parametrize("firmware", ["", OLD, NEW])
def test_another_key_is_told_and_kept_for_the_operator(firmware: str, journal: Journal) -> None:
    bench = Bench(firmware)
    assert bench.of(FORGED) is Proof.OTHER_KEY
    assert bench.nodes.public_key(ANN) == KEY
    assert [other.public_key for other in bench.nodes.waiting_keys()] == [FORGED]
    assert bench.radio.key_shown(ANN) == FORGED
    alarm = journal.wait_for("La radio ouvre les messages de")
    assert alarm.endswith(
        "⚠️ La radio ouvre les messages de Ann (!0000000a) avec la clé mZmZmZmZmZmZ, et non "
        "AQEBAQEBAQEB : non authentifiés, sans réponse (voir : main_bot.py keys list)"
    )
    assert journal.count("n'arrive plus") == (firmware == NEW)
    assert bench.of(KEY) is Proof.PROVEN, "and the owner is heard as before"


@pytest.mark.parametrize("network", NETWORKS)
def test_a_mark_that_may_be_forged_is_told_and_changes_no_key(
    network: dict[str, Any], journal: Journal
) -> None:
    bench = Bench(OLD)
    assert bench.over(network, FORGED) is Proof.OTHER_KEY
    assert bench.over(network, FORGED, BOB) is Proof.UNPROVEN
    assert "venus par MQTT ou UDP, donc à vérifier" in journal.wait_for("La radio ouvre")
    assert bench.nodes.public_key(ANN) == KEY
    assert bench.nodes.public_key(BOB) == b""
    assert (bench.radio.key_shown(ANN), bench.radio.key_shown(BOB)) == (b"", b"")
    bench.radio.note_missing(ANN)
    bench.over(network, KEY)
    assert bench.radio.is_lacking(ANN)


def test_a_key_that_was_warned_of_is_not_adopted_and_a_flood_of_others_is_not_kept() -> None:
    bench = Bench(OLD)
    bench.over(NETWORKS[0], FORGED)
    for number in range(2, 40):
        bench.over(NETWORKS[0], bytes([number]) * 32)
    assert [other.public_key for other in bench.nodes.waiting_keys()] == [FORGED]
    info = mesh_pb2.NodeInfo(num=ANN, user=mesh_pb2.User(public_key=FORGED))
    bench.nodes.learn_from_radio([info])
    assert bench.nodes.public_key(ANN) == KEY


@pytest.mark.parametrize("network", NETWORKS)
def test_from_2_8_on_the_mark_is_the_radios_own_whatever_way_the_packet_came(
    network: dict[str, Any], journal: Journal
) -> None:
    bench = Bench(NEW)
    assert bench.over(network, FORGED) is Proof.OTHER_KEY
    assert "non authentifiés, sans réponse (voir" in journal.wait_for("La radio ouvre")
    assert bench.radio.key_shown(ANN) == FORGED
    assert [other.contested for other in bench.nodes.waiting_keys()] == [True]


def test_marks_that_may_be_forged_do_not_use_up_the_lines_of_the_others(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender_proof, "MAX_ALARM_LINES", 3)
    bench = Bench(OLD)
    for num in range(0x20, 0x30):
        bench.nodes.learn_from_air(num, mesh_pb2.User(public_key=num.to_bytes(32, "big")))
        bench.over(NETWORKS[0], FORGED, num)
    bench.over(NETWORKS[0], FORGED)
    assert journal.count("venus par MQTT ou UDP") == 3
    for _ in range(2):
        bench.of(FORGED)
    assert journal.count("sans réponse (voir") == 1
    bench.clock.now_s += sender_proof.ALARM_LINE_S
    bench.of(FORGED)
    assert journal.count("sans réponse (voir") == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"pki_encrypted": False},
        {"public_key": b""},
        {"to": BOB},
        {"to": 0xFFFFFFFF},
        {"encrypted": b"sealed, and so not opened at all"},
    ],
    ids=["no mark", "no key", "to another", "to all", "not opened"],
)
def test_marks_that_the_radio_never_makes_mean_nothing(
    fields: dict[str, Any], journal: Journal
) -> None:
    bench = Bench(NEW)
    for sender in (ANN, BOB):
        assert bench.of(FORGED, sender, **fields) is Proof.UNPROVEN
        assert bench.radio.key_shown(sender) == b""
    assert bench.nodes.public_key(BOB) == b""
    assert bench.nodes.waiting_keys() == []
    assert journal.count("La radio ouvre") == 0


def test_a_key_that_is_another_nodes_is_told_but_is_no_known_one(journal: Journal) -> None:
    """Of a node without a key of its own: an old one perhaps, with a new number."""
    bench = Bench(NEW)
    assert bench.of(KEY, BOB) is Proof.UNPROVEN
    assert "et non une clé connue : non authentifiés" in journal.wait_for("La radio ouvre")
    assert journal.count("n'arrive plus") == 0


def test_a_key_that_a_line_of_its_own_explained_sounds_no_alarm(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(NEW)
    assert bench.of(KEY, zlib.crc32(KEY)) is not Proof.PROVEN
    assert journal.count("annonce la clé") == 1
    weak = b"\x77" * 32
    known = weak_keys.WEAK_KEY_HASHES | {hashlib.sha256(weak).digest()}
    monkeypatch.setattr(weak_keys, "WEAK_KEY_HASHES", known)
    assert bench.of(weak, BOB) is not Proof.PROVEN
    assert journal.count("a une clé connue d'avance") == 1
    assert journal.count("La radio ouvre les messages") == 0
    assert bench.of(weak, ANN) is Proof.OTHER_KEY
    assert journal.count("La radio ouvre les messages") == 1, "against a known key it is one"
