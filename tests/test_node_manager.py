"""Known nodes, which key of theirs is believed, and the key sync."""

import base64
import itertools
import logging
import os
import random
import threading
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from meshtastic.protobuf import mesh_pb2

import node_manager
from meshbot.model.known_node import KnownNode, node_id
from meshbot.model.other_key import OtherKey
from meshbot.store.database import Database
from meshbot.store.node_store import NodeStore
from meshbot.store.storage_error import StorageError
from node_manager import NodeManager
from tests.fakes import Clock, FakeStorage

OWN, ANN, BOB, EVE = 0x00000001, 0x0A, 0xB0B0B0B0, 0xFFFFFFFE
KEYS = {num: bytes([position]) * 32 for position, num in enumerate((OWN, ANN, BOB, EVE), 1)}
OTHER_KEY = b"\x99" * 32
YEAR_S = 365 * 86_400.0

START_LINE = "🔄 Starting public key synchronization to interface.nodes..."


class FakeInterface:
    """What the sync may touch of the library's interface, and nothing else: slots see to that."""

    __slots__ = ("myInfo", "nodes", "nodesByNum")

    def __init__(self, own_num: int = OWN) -> None:
        self.nodes: dict[str, Any] = {}
        self.nodesByNum: dict[int, Any] = {}
        self.myInfo = mesh_pb2.MyNodeInfo(my_node_num=own_num)

    def add(self, num: int, **user: str) -> dict[str, Any]:
        """Put a node as the library does, and return its dict."""
        entry: dict[str, Any] = {"num": num, "user": {"id": node_id(num), **user}}
        self.nodesByNum[num] = self.nodes[node_id(num)] = entry
        return entry

    def key(self, num: int) -> bytes:
        return base64.b64decode(self.nodesByNum[num]["user"]["publicKey"], validate=True)


def user_of(num: int, key: bytes | None = None, **fields: Any) -> mesh_pb2.User:
    key = KEYS.get(num, b"") if key is None else key
    return mesh_pb2.User(id=node_id(num), public_key=key, **fields)


def info_of(num: int, key: bytes | None = None, **fields: Any) -> mesh_pb2.NodeInfo:
    return mesh_pb2.NodeInfo(num=num, user=user_of(num, key), **fields)


@pytest.fixture
def storage() -> FakeStorage:
    return FakeStorage()


@pytest.fixture
def clock() -> Clock:
    return Clock(500.0)


@pytest.fixture
def wall_clock() -> Clock:
    return Clock(1_700_000_000.0)


@pytest.fixture
def nodes(storage: FakeStorage, clock: Clock, wall_clock: Clock) -> NodeManager:
    return NodeManager(storage, clock=clock, wall_clock=wall_clock)


@pytest.fixture
def known(nodes: NodeManager) -> NodeManager:
    """A manager that knows the keys of our own node and of three others."""
    nodes.learn_from_radio([info_of(num) for num in KEYS])
    return nodes


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """Return what was logged since the last call, at INFO and above."""
    caplog.set_level(logging.INFO)

    def new_lines() -> list[str]:
        messages = [record.getMessage() for record in caplog.records]
        caplog.clear()
        return messages

    return new_lines


Lines = Callable[[], list[str]]

# -- The key sync ------------------------------------------------------------------------------


def test_a_sync_puts_every_key_but_our_own_into_an_empty_interface(known: NodeManager) -> None:
    interface = FakeInterface()
    assert known.sync_pubkeys_to_interface(interface, force=True) == 3
    assert {num: interface.key(num) for num in interface.nodesByNum} == {
        num: KEYS[num] for num in (ANN, BOB, EVE)
    }


def test_the_same_dict_stands_under_id_and_number(known: NodeManager) -> None:
    interface = FakeInterface()
    interface.nodesByNum[ANN] = {"num": ANN}  # known by number only
    known.sync_pubkeys_to_interface(interface, force=True)
    assert set(interface.nodes) == {"!0000000a", "!b0b0b0b0", "!fffffffe"}
    for num, entry in interface.nodesByNum.items():
        assert interface.nodes[node_id(num)] is entry
        assert entry["num"] == num


def test_an_injected_user_has_the_librarys_own_shape(nodes: NodeManager) -> None:
    user = user_of(
        BOB,
        long_name="Bob's Haus",
        short_name="BOB",
        hw_model=mesh_pb2.HardwareModel.HELTEC_V3,
        role=2,
    )
    nodes.learn_from_air(BOB, user)
    interface = FakeInterface()
    nodes.sync_pubkeys_to_interface(interface, force=True)
    assert interface.nodesByNum[BOB]["user"] == MessageToDict(user)


def test_a_node_without_a_name_is_named_as_the_library_names_it(known: NodeManager) -> None:
    interface = FakeInterface()
    known.sync_pubkeys_to_interface(interface, force=True)
    user = interface.nodesByNum[BOB]["user"]
    assert (user["id"], user["longName"], user["shortName"]) == (
        "!b0b0b0b0",
        "Meshtastic b0b0",
        "b0b0",
    )


def test_a_sync_logs_its_start_and_how_many_keys_the_interface_holds(
    known: NodeManager, lines: Lines
) -> None:
    interface = FakeInterface()
    interface.add(ANN, publicKey=base64.b64encode(KEYS[ANN]).decode())
    lines()
    known.sync_pubkeys_to_interface(interface, force=True)
    start, complete = lines()
    assert start == START_LINE
    assert complete.startswith("✅ SYNC COMPLETE: 3 public keys synchronized")
    assert "2 injectées, 1 déjà" in complete


def test_a_second_sync_injects_nothing_and_says_so(known: NodeManager, lines: Lines) -> None:
    interface = FakeInterface()
    known.sync_pubkeys_to_interface(interface, force=True)
    lines()
    assert known.sync_pubkeys_to_interface(interface, force=True) == 0
    assert lines()[1].startswith("✅ SYNC COMPLETE: 3 public keys synchronized")


def test_a_sync_without_any_key_still_completes(nodes: NodeManager, lines: Lines) -> None:
    assert nodes.sync_pubkeys_to_interface(FakeInterface(), force=True) == 0
    assert lines()[1].startswith("✅ SYNC COMPLETE: 0 public keys synchronized")


def test_what_the_library_knows_besides_the_key_stays(known: NodeManager) -> None:
    interface = FakeInterface()
    entry = interface.add(ANN, longName="Ann", hwModel="TBEAM")
    entry["position"] = {"latitude": 1.0}
    known.sync_pubkeys_to_interface(interface, force=True)
    assert interface.nodesByNum[ANN] is entry
    assert entry["position"] == {"latitude": 1.0}
    assert (entry["user"]["longName"], entry["user"]["hwModel"]) == ("Ann", "TBEAM")
    assert interface.key(ANN) == KEYS[ANN]


def test_the_librarys_stand_in_for_an_unknown_node_is_replaced(nodes: NodeManager) -> None:
    nodes.learn_from_air(ANN, user_of(ANN, long_name="Ann", hw_model=4))
    interface = FakeInterface()
    entry = interface.add(ANN, longName="Meshtastic 000a", shortName="000a", hwModel="UNSET")
    interface.nodes.clear()  # the library puts stand-ins under the number only
    entry["snr"] = 3.5
    assert nodes.sync_pubkeys_to_interface(interface, force=True) == 1
    assert interface.nodes["!0000000a"] is entry
    assert entry["snr"] == 3.5
    assert (entry["user"]["longName"], entry["user"]["hwModel"]) == ("Ann", "TBEAM")


def test_a_wrong_key_on_the_interface_is_put_right(known: NodeManager) -> None:
    interface = FakeInterface()
    interface.add(ANN, publicKey=base64.b64encode(OTHER_KEY).decode())
    assert known.sync_pubkeys_to_interface(interface, force=True) == 3
    assert interface.key(ANN) == KEYS[ANN]


def test_our_own_entry_is_left_alone(known: NodeManager) -> None:
    interface = FakeInterface()
    entry = interface.add(OWN, publicKey="whatever", hwModel="UNSET")
    known.sync_pubkeys_to_interface(interface, force=True)
    assert entry["user"] == {"id": "!00000001", "publicKey": "whatever", "hwModel": "UNSET"}


def test_two_interfaces_share_no_dict(known: NodeManager) -> None:
    first, second = FakeInterface(), FakeInterface()
    known.sync_pubkeys_to_interface(first, force=True)
    known.sync_pubkeys_to_interface(second, force=True)
    first.nodesByNum[ANN]["user"]["publicKey"] = "spoilt"
    assert second.key(ANN) == KEYS[ANN]


def put_in(manager: NodeManager) -> dict[int, Any]:
    """Return what a full sync puts into an empty interface."""
    interface = FakeInterface()
    manager.sync_pubkeys_to_interface(interface, force=True)
    assert set(interface.nodes) == {node_id(num) for num in interface.nodesByNum}
    return interface.nodesByNum


@pytest.mark.parametrize("seed", range(20))
def test_after_any_change_a_sync_puts_in_what_a_new_start_would(
    seed: int, nodes: NodeManager, storage: FakeStorage, clock: Clock, wall_clock: Clock
) -> None:
    chance = random.Random(seed)
    nums = (ANN, BOB, EVE)
    keys = [bytes([value]) * 32 for value in (5, 6, 7, 8)]
    for _ in range(25):
        num, key = chance.choice(nums), chance.choice(keys)
        name = f"Nom {chance.randrange(3)}"
        change = chance.randrange(5)
        if change == 0:
            nodes.learn_from_air(num, user_of(num, key, long_name=name))
        elif change == 1:
            nodes.learn_from_radio([info_of(num, key)])
        elif change == 2:
            order(nodes, storage, num, key, accept=True)
        elif change == 3:
            order(nodes, storage, num, key, accept=False)
        else:
            nodes.learn_from_air(num, mesh_pb2.User(long_name=name))
        if chance.random() < 0.7:
            nodes.save_heard()
            again = NodeManager(storage, clock=clock, wall_clock=wall_clock)
            again.load()
            assert put_in(nodes) == put_in(again)


@pytest.mark.parametrize("force", [True, False])
def test_without_an_interface_nothing_is_synced_and_nothing_breaks(
    known: NodeManager, lines: Lines, force: bool
) -> None:
    unready = FakeInterface()
    unready.nodes = None  # type: ignore[assignment]
    lines()
    for interface in (None, object(), unready):
        assert known.sync_pubkeys_to_interface(interface, force=force) == 0
    assert not [line for line in lines() if "SYNC COMPLETE" in line or line == START_LINE]
    assert known.last_sync() is None


# -- The periodic sync: only when there is something to do -------------------------------------


def synced(manager: NodeManager) -> FakeInterface:
    interface = FakeInterface()
    manager.sync_pubkeys_to_interface(interface, force=True)
    return interface


def ran(manager: NodeManager, interface: FakeInterface, lines: Lines) -> bool:
    """Do a periodic sync; return whether it ran, having checked that it says so or nothing."""
    lines()
    manager.sync_pubkeys_to_interface(interface)
    said = lines()
    assert said == [] or (said[0] == START_LINE and "SYNC COMPLETE" in said[1])
    return bool(said)


def test_the_first_periodic_sync_runs(known: NodeManager, lines: Lines) -> None:
    interface = FakeInterface()
    assert ran(known, interface, lines)
    assert interface.key(BOB) == KEYS[BOB]


def test_nothing_is_done_and_logged_while_nothing_changed(known: NodeManager, lines: Lines) -> None:
    interface = synced(known)
    assert not ran(known, interface, lines)
    assert not ran(known, interface, lines)


def test_hearing_packets_is_no_reason_for_a_sync(known: NodeManager, lines: Lines) -> None:
    interface = synced(known)
    known.heard(ANN, snr_db=1.0, hops=2)
    known.heard(0x77, snr_db=1.0, hops=2)
    known.learn_from_air(ANN, user_of(ANN))
    assert not ran(known, interface, lines)


def test_a_clock_set_by_a_year_is_no_reason_for_a_sync(
    known: NodeManager, lines: Lines, wall_clock: Clock
) -> None:
    interface = synced(known)
    wall_clock.now_s += YEAR_S
    assert not ran(known, interface, lines)


def test_a_node_info_without_a_key_costs_the_key_until_the_next_sync_only(
    known: NodeManager, lines: Lines
) -> None:
    interface = synced(known)
    interface.nodesByNum[ANN]["user"] = {"id": node_id(ANN), "longName": "Ann"}
    assert ran(known, interface, lines)
    assert interface.key(ANN) == KEYS[ANN]
    assert interface.nodesByNum[ANN]["user"]["longName"] == "Ann"


def test_a_forged_key_on_the_interface_is_put_right(known: NodeManager, lines: Lines) -> None:
    interface = synced(known)
    interface.nodesByNum[ANN]["user"]["publicKey"] = base64.b64encode(OTHER_KEY).decode()
    assert ran(known, interface, lines)
    assert interface.key(ANN) == KEYS[ANN]


def test_an_emptied_interface_is_filled_again(known: NodeManager, lines: Lines) -> None:
    interface = synced(known)
    interface.nodes, interface.nodesByNum = {}, {}
    assert ran(known, interface, lines)
    assert interface.key(EVE) == KEYS[EVE]


def test_an_id_that_went_missing_is_put_back(known: NodeManager, lines: Lines) -> None:
    interface = synced(known)
    del interface.nodes[node_id(ANN)]
    assert ran(known, interface, lines)
    assert interface.nodes[node_id(ANN)] is interface.nodesByNum[ANN]


def test_an_id_that_a_forged_node_info_led_elsewhere_is_put_right(
    known: NodeManager, lines: Lines
) -> None:
    """The library files a NodeInfo under whatever id it claims."""
    interface = synced(known)
    interface.nodes[node_id(ANN)] = interface.nodesByNum[EVE]
    assert ran(known, interface, lines)
    assert interface.nodes[node_id(ANN)] is interface.nodesByNum[ANN]


def test_another_interface_is_synced_even_if_it_holds_everything(
    known: NodeManager, lines: Lines
) -> None:
    first, second = synced(known), FakeInterface()
    second.nodes, second.nodesByNum = first.nodes, first.nodesByNum
    assert ran(known, second, lines)
    assert not ran(known, second, lines)


def test_a_newly_learned_key_is_synced(known: NodeManager, lines: Lines) -> None:
    interface = synced(known)
    known.learn_from_air(0x77, user_of(0x77, OTHER_KEY))
    assert ran(known, interface, lines)
    assert interface.key(0x77) == OTHER_KEY


def test_last_sync_tells_when_it_ran_and_how_many_keys_there_were(
    known: NodeManager, clock: Clock
) -> None:
    assert known.last_sync() is None
    interface = synced(known)
    clock.now_s += 100.0
    known.sync_pubkeys_to_interface(interface)  # does nothing
    assert known.last_sync() == (500.0, 3)


def test_key_counts_tell_what_is_known_and_what_is_in_place(known: NodeManager) -> None:
    interface = FakeInterface()
    assert known.key_counts(interface) == (3, 0)
    known.sync_pubkeys_to_interface(interface, force=True)
    assert known.key_counts(interface) == (3, 3)
    interface.nodesByNum[ANN]["user"]["publicKey"] = base64.b64encode(OTHER_KEY).decode()
    del interface.nodesByNum[BOB]["user"]
    assert known.key_counts(interface) == (3, 1)
    assert known.key_counts(None) == (3, 0), "our own node is still not counted"


def test_key_in_place_compares_the_key_itself(known: NodeManager) -> None:
    interface = synced(known)
    assert known.key_in_place(interface, ANN)
    interface.nodesByNum[ANN]["user"]["publicKey"] = base64.b64encode(OTHER_KEY).decode()
    assert not known.key_in_place(interface, ANN)
    assert not known.key_in_place(interface, 0x77)
    assert not known.key_in_place(None, ANN)


# -- Learning ----------------------------------------------------------------------------------


def test_the_first_key_heard_stays_whatever_is_heard_later(
    nodes: NodeManager, storage: FakeStorage, lines: Lines
) -> None:
    nodes.learn_from_air(ANN, user_of(ANN, long_name="Ann"))
    lines()
    nodes.learn_from_air(ANN, user_of(ANN, OTHER_KEY, long_name="Ann"))
    assert nodes.public_key(ANN) == storage.rows[ANN].public_key == KEYS[ANN]
    (line,) = lines()
    assert line == (
        "⚠️ Ann (!0000000a) annonce une autre clé publique, mZmZmZmZmZmZ, que celle connue, "
        "AgICAgICAgIC : ignorée (voir : main_bot.py keys list)"
    )


def test_the_radios_own_database_is_believed_against_the_store(
    nodes: NodeManager, storage: FakeStorage, lines: Lines
) -> None:
    nodes.learn_from_air(ANN, user_of(ANN))
    lines()
    nodes.learn_from_radio([info_of(ANN, OTHER_KEY)])
    assert nodes.public_key(ANN) == storage.rows[ANN].public_key == OTHER_KEY
    assert lines() == [
        "🔑 Clé de !0000000a remplacée par celle de la base de la radio : mZmZmZmZmZmZ au lieu de "
        "AgICAgICAgIC",
        "🔑 1 clé publique apprise de la radio et enregistrée",
    ]


def test_a_radio_that_lost_a_key_does_not_make_us_lose_it(known: NodeManager) -> None:
    known.learn_from_radio([info_of(ANN, b""), mesh_pb2.NodeInfo(num=BOB)])
    assert (known.public_key(ANN), known.public_key(BOB)) == (KEYS[ANN], KEYS[BOB])


@pytest.mark.parametrize(
    "key",
    [b"", b"\x01" * 31, b"\x01" * 33, bytes(32), b"\x01" + bytes(31)],
    ids=["none", "31", "33", "zeros", "low order"],
)
def test_an_unusable_key_is_never_learned(nodes: NodeManager, lines: Lines, key: bytes) -> None:
    for _ in range(2):
        nodes.learn_from_air(ANN, user_of(ANN, key))
        nodes.learn_from_radio([info_of(BOB, key)])
    assert (nodes.public_key(ANN), nodes.public_key(BOB)) == (b"", b"")
    said = [f"⚠️ {node_id(num)} annonce une clé inutilisable : ignorée" for num in (ANN, BOB)]
    assert lines() == (said if key else [])
    nodes.learn_from_air(ANN, user_of(ANN))
    assert nodes.public_key(ANN) == KEYS[ANN], "and does not stand in the way of the real one"


def test_another_nodes_key_is_refused_and_its_holder_named(
    known: NodeManager, lines: Lines
) -> None:
    lines()
    for _ in range(2):
        known.learn_from_air(0x77, user_of(0x77, KEYS[ANN], long_name="Mallory"))
    assert known.public_key(0x77) == b""
    assert lines() == [
        "⚠️ Mallory (!00000077) annonce la clé AgICAgICAgIC, qui est celle de !0000000a : ignorée "
        "(voir : main_bot.py keys list)"
    ]


def test_a_line_says_when_a_number_speaks_for_the_key_announced(
    nodes: NodeManager, lines: Lines
) -> None:
    num = zlib.crc32(OTHER_KEY)
    nodes.learn_from_air(num, user_of(num, KEYS[ANN]))
    lines()
    nodes.learn_from_air(num, user_of(num, OTHER_KEY))
    (line,) = lines()
    assert " ; le numéro du nœud est le CRC-32 de cette clé (voir" in line


def test_many_forged_keys_cost_one_line_an_hour(
    known: NodeManager, lines: Lines, clock: Clock
) -> None:
    lines()
    for number in range(100):
        known.learn_from_air(ANN, user_of(ANN, b"forged" + bytes([number]) * 26))
    assert len(lines()) == 1
    clock.now_s += 3_600.0
    known.learn_from_air(ANN, user_of(ANN, OTHER_KEY))
    assert len(lines()) == 1


def test_the_radios_key_that_the_operator_put_aside_is_not_adopted_and_that_is_said(
    known: NodeManager, storage: FakeStorage, lines: Lines
) -> None:
    known.learn_from_air(ANN, user_of(ANN, OTHER_KEY))
    order(known, storage, ANN, OTHER_KEY, accept=False)
    lines()
    known.learn_from_radio([info_of(ANN, OTHER_KEY)])
    assert known.public_key(ANN) == KEYS[ANN]
    assert lines() == [
        "⚠️ La radio garde pour !0000000a la clé mZmZmZmZmZmZ, que l'opérateur a écartée : "
        "AgICAgICAgIC reste la clé connue"
    ]


def test_lines_about_keys_not_believed_are_bounded_whoever_they_are_about(
    known: NodeManager, lines: Lines, clock: Clock
) -> None:
    lines()
    for num in range(1_000, 1_500):
        known.learn_from_air(num, user_of(num, KEYS[ANN]))
        known.learn_from_air(num, user_of(num, bytes(32)))
    assert node_manager.MAX_REFUSED_LINES == 60
    assert len(lines()) == 60
    clock.now_s += 3_600.0
    known.learn_from_air(0x77, user_of(0x77, KEYS[ANN]))
    assert len(lines()) == 1


def test_a_flood_of_keys_not_believed_does_not_wear_the_disk(
    known: NodeManager, storage: FakeStorage
) -> None:
    writes: list[None] = []
    storage.before_write = lambda: writes.append(None)
    for num in range(1_000, 1_500):
        known.learn_from_air(num, user_of(num, KEYS[ANN]))
    assert len(writes) <= node_manager.MAX_REFUSED_LINES
    known.save_heard()
    assert len(storage.other_keys[1_499]) == 1, "what was not told is written with the rest"


@pytest.mark.parametrize("turns", list(itertools.permutations(range(3))))
def test_keys_that_changed_hands_along_a_chain_change_hands_whatever_their_order(
    known: NodeManager, turns: tuple[int, ...]
) -> None:
    infos = [info_of(EVE, KEYS[BOB]), info_of(BOB, KEYS[ANN]), info_of(ANN, OTHER_KEY)]
    known.learn_from_radio([infos[turn] for turn in turns])
    assert [known.public_key(num) for num in (EVE, BOB, ANN)] == [KEYS[BOB], KEYS[ANN], OTHER_KEY]


@pytest.mark.parametrize("reverse", [False, True])
def test_a_key_that_changed_hands_in_the_radios_database_changes_hands(
    known: NodeManager, reverse: bool
) -> None:
    """In whatever order the entries come."""
    infos = [info_of(BOB, KEYS[ANN]), info_of(ANN, OTHER_KEY)]
    known.learn_from_radio(reversed(infos) if reverse else infos)
    assert (known.public_key(ANN), known.public_key(BOB)) == (OTHER_KEY, KEYS[ANN])
    assert known.waiting_keys() == []


def test_a_key_with_which_the_radio_opened_a_message_is_a_nodes_first_or_waits(
    nodes: NodeManager, storage: FakeStorage, lines: Lines
) -> None:
    nodes.learn_from_message(ANN, KEYS[ANN])
    assert nodes.public_key(ANN) == storage.rows[ANN].public_key == KEYS[ANN]
    assert lines() == ["🔑 Clé publique de !0000000a apprise et enregistrée"]
    nodes.learn_from_message(ANN, OTHER_KEY)
    assert nodes.public_key(ANN) == KEYS[ANN]
    assert [other.public_key for other in nodes.waiting_keys()] == [OTHER_KEY]


def test_a_key_learned_is_logged_once_with_its_owner(nodes: NodeManager, lines: Lines) -> None:
    for _ in range(2):
        nodes.learn_from_air(ANN, user_of(ANN, long_name="Ann"))
    assert lines() == ["🔑 Clé publique de Ann (!0000000a) apprise et enregistrée"]


def test_keys_of_the_radio_are_logged_in_one_line(nodes: NodeManager, lines: Lines) -> None:
    for _ in range(2):
        nodes.learn_from_radio([info_of(ANN), info_of(BOB)])
    assert lines() == ["🔑 2 clés publiques apprises de la radio et enregistrées"]


def test_names_are_cut_and_an_empty_one_does_not_erase(nodes: NodeManager) -> None:
    nodes.learn_from_air(ANN, user_of(ANN, long_name="é" * 500, short_name="😀" * 500))
    nodes.learn_from_air(ANN, user_of(ANN))
    node = nodes.node(ANN)
    assert node is not None
    assert (node.long_name, node.short_name) == ("é" * 40, "😀" * 40)


def test_a_name_cannot_write_lines_of_its_own(nodes: NodeManager, lines: Lines) -> None:
    nodes.learn_from_air(ANN, user_of(ANN, long_name="x\n✅ SYNC COMPLETE: 9 public keys"))
    (line,) = lines()
    assert "\n" not in line
    assert "SYNC COMPLETE" not in line


def test_models_and_roles_newer_than_the_protocol_are_kept_as_numbers(nodes: NodeManager) -> None:
    user = mesh_pb2.User.FromString(b"\x28\xb8\x17\x38\x63")  # hw_model = 3000, role = 99
    nodes.learn_from_air(ANN, user)
    node = nodes.node(ANN)
    assert node is not None
    assert (node.hw_model, node.role) == ("3000", "99")


@pytest.mark.parametrize("num", [0, 0xFFFFFFFF], ids=["zero", "broadcast"])
def test_numbers_that_are_no_nodes_are_refused(nodes: NodeManager, num: int) -> None:
    nodes.learn_from_air(num, user_of(num, OTHER_KEY))
    nodes.learn_from_radio([info_of(num, OTHER_KEY)])
    nodes.heard(num, snr_db=None, hops=None)
    assert nodes.count() == 0
    assert nodes.node(num) is None


def test_memory_does_not_grow_with_invented_senders(
    nodes: NodeManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_manager, "MAX_NODES", 3)
    nodes.learn_from_air(1, user_of(1, OTHER_KEY))
    for num in range(2, 30):
        nodes.heard(num, snr_db=None, hops=None)
        assert nodes.count() <= 3
    assert nodes.public_key(1) == OTHER_KEY, "who introduced itself is not forgotten for strangers"
    nodes.learn_from_air(30, user_of(30, KEYS[ANN]))
    assert nodes.public_key(30) == KEYS[ANN], "there is still room for a new neighbour"


def test_a_number_that_never_introduced_itself_is_not_written(
    nodes: NodeManager, storage: FakeStorage
) -> None:
    nodes.heard(ANN, snr_db=1.0, hops=0)
    nodes.save_heard()
    assert storage.rows == {}


def test_the_radio_tells_signal_and_when_a_node_was_heard(nodes: NodeManager) -> None:
    nodes.learn_from_radio([info_of(ANN, last_heard=1_000, hops_away=3, snr=-7.5)])
    nodes.learn_from_radio([info_of(ANN, last_heard=900)])
    node = nodes.node(ANN)
    assert node is not None
    assert (node.last_heard, node.hops, node.snr_db) == (1_000, 3, -7.5)


# -- The operator's decisions ------------------------------------------------------------------


def order(
    manager: NodeManager, storage: FakeStorage, num: int, key: bytes, *, accept: bool
) -> bool:
    """Have a manager obey a decision; return whether it says that a key changed."""
    storage.add_decision(num, key, accept=accept)
    return manager.carry_out_decisions()


def test_an_accepted_key_replaces_the_known_one_on_disk_too(
    known: NodeManager, storage: FakeStorage, lines: Lines
) -> None:
    known.learn_from_air(ANN, user_of(ANN, OTHER_KEY))
    lines()
    assert order(known, storage, ANN, OTHER_KEY, accept=True)
    assert known.public_key(ANN) == storage.rows[ANN].public_key == OTHER_KEY
    assert storage.decisions == []
    assert storage.other_keys[ANN] == [
        OtherKey(ANN, KEYS[ANN], replaced_at=1_700_000_000, replaced_by="operator")
    ]
    assert lines() == [
        "🔑 Clé de !0000000a acceptée par l'opérateur : mZmZmZmZmZmZ au lieu de AgICAgICAgIC"
    ]


def test_a_key_accepted_for_one_node_is_taken_from_another(
    known: NodeManager, storage: FakeStorage, lines: Lines
) -> None:
    lines()
    assert order(known, storage, 0x77, KEYS[ANN], accept=True)
    assert (known.public_key(0x77), known.public_key(ANN)) == (KEYS[ANN], b"")
    assert (storage.rows[0x77].public_key, storage.rows[ANN].public_key) == (KEYS[ANN], b"")
    assert lines() == [
        "🔑 Clé de !00000077 acceptée par l'opérateur : AgICAgICAgIC, retirée à !0000000a"
    ]
    holder = known.key_holder(KEYS[ANN])
    assert holder is not None
    assert holder.num == 0x77


def test_a_refused_key_is_not_announced_again(
    known: NodeManager, storage: FakeStorage, lines: Lines, clock: Clock
) -> None:
    known.learn_from_air(ANN, user_of(ANN, OTHER_KEY))
    lines()
    assert not order(known, storage, ANN, OTHER_KEY, accept=False)
    assert storage.decisions == []
    assert storage.other_keys[ANN] == [OtherKey(ANN, OTHER_KEY, refused_at=1_700_000_000)]
    assert lines() == ["🔑 Clé annoncée par !0000000a refusée par l'opérateur : mZmZmZmZmZmZ"]
    clock.now_s += 7_200.0
    known.learn_from_air(ANN, user_of(ANN, OTHER_KEY))
    assert lines() == []
    assert known.waiting_keys() == []


def test_orders_are_obeyed_in_their_order(known: NodeManager, storage: FakeStorage) -> None:
    storage.add_decision(ANN, OTHER_KEY, accept=True)
    storage.add_decision(BOB, OTHER_KEY, accept=True)
    known.carry_out_decisions()
    assert (known.public_key(ANN), known.public_key(BOB)) == (b"", OTHER_KEY)


def test_without_orders_nothing_changes_and_nothing_is_written(
    known: NodeManager, storage: FakeStorage
) -> None:
    writes: list[None] = []
    storage.before_write = lambda: writes.append(None)
    assert not known.carry_out_decisions()
    assert writes == []


def test_an_order_about_a_number_that_is_no_nodes_changes_nothing(
    known: NodeManager, storage: FakeStorage
) -> None:
    order(known, storage, 0xFFFFFFFF, OTHER_KEY, accept=True)
    assert known.key_holder(OTHER_KEY) is None
    known.save_heard()
    assert storage.decisions == []


def test_an_accepted_key_is_synced(known: NodeManager, storage: FakeStorage, lines: Lines) -> None:
    interface = synced(known)
    order(known, storage, ANN, OTHER_KEY, accept=True)
    assert ran(known, interface, lines)
    assert interface.key(ANN) == OTHER_KEY


def test_an_order_obeyed_with_a_full_disk_is_obeyed_once_and_written_later(
    known: NodeManager, storage: FakeStorage, lines: Lines
) -> None:
    storage.failing = True
    assert order(known, storage, ANN, OTHER_KEY, accept=True)
    known.learn_from_radio([info_of(ANN, KEYS[EVE])])
    lines()
    assert not known.carry_out_decisions(), "it stands in the store still, but was obeyed"
    assert lines() == []
    assert known.public_key(ANN) == OTHER_KEY
    storage.failing = False
    known.save_heard()
    assert storage.decisions == []
    assert storage.rows[ANN].public_key == OTHER_KEY


def test_an_order_leaves_the_store_only_together_with_what_it_did(
    known: NodeManager, storage: FakeStorage, clock: Clock
) -> None:
    """A bot that dies in between would otherwise have forgotten it."""
    storage.failing = True
    order(known, storage, ANN, OTHER_KEY, accept=True)
    storage.failing = False
    clock.now_s += 60.0
    known.learn_from_air(0x77, user_of(0x77, b"\x77" * 32))
    assert storage.rows[0x77].public_key == b"\x77" * 32
    assert bool(storage.decisions) or storage.rows[ANN].public_key == OTHER_KEY


def test_a_nameless_node_that_lost_its_key_with_a_full_disk_has_lost_it_after_a_restart(
    known: NodeManager, storage: FakeStorage
) -> None:
    storage.failing = True
    order(known, storage, BOB, KEYS[ANN], accept=True)
    storage.failing = False
    known.save_heard()
    again = NodeManager(storage)
    again.load()
    assert (again.public_key(ANN), again.public_key(BOB)) == (b"", KEYS[ANN])


def test_a_key_adopted_from_the_radio_is_disputed_until_it_is_accepted(
    known: NodeManager, storage: FakeStorage, lines: Lines
) -> None:
    known.learn_from_radio([info_of(ANN, OTHER_KEY)])
    assert known.is_disputed(ANN)
    assert not known.is_disputed(BOB)
    again = NodeManager(storage)
    again.load()
    assert again.is_disputed(ANN), "after a restart as well"
    lines()
    order(again, storage, ANN, OTHER_KEY, accept=True)
    assert lines() == ["🔑 Clé de !0000000a acceptée par l'opérateur : mZmZmZmZmZmZ"]
    assert not again.is_disputed(ANN)
    assert again.public_key(ANN) == OTHER_KEY
    last = NodeManager(storage)
    last.load()
    assert not last.is_disputed(ANN)


@pytest.mark.parametrize("key", [b"", b"\x01" * 31, bytes(32)], ids=["none", "31 bytes", "zeros"])
@pytest.mark.parametrize("accept", [True, False])
def test_an_order_about_what_can_be_nobodys_key_changes_nothing_and_says_nothing(
    known: NodeManager, storage: FakeStorage, lines: Lines, key: bytes, accept: bool
) -> None:
    lines()
    order(known, storage, ANN, key, accept=accept)
    known.save_heard()
    assert (known.public_key(ANN), known.other_keys(ANN)) == (KEYS[ANN], [])
    assert lines() == []
    assert storage.decisions == []


def test_accepted_then_refused_while_the_bot_was_off_the_former_key_is_believed(
    known: NodeManager, storage: FakeStorage
) -> None:
    known.learn_from_air(ANN, user_of(ANN, OTHER_KEY))
    known.save_heard()
    storage.add_decision(ANN, OTHER_KEY, accept=True)
    storage.add_decision(ANN, OTHER_KEY, accept=False)
    again = NodeManager(storage, wall_clock=Clock(1_700_000_009.0))
    again.load()
    again.carry_out_decisions()
    assert again.public_key(ANN) == storage.rows[ANN].public_key == KEYS[ANN]
    assert again.other_keys(ANN) == [OtherKey(ANN, OTHER_KEY, refused_at=1_700_000_009)]
    assert storage.decisions == []


def test_accepted_refused_and_accepted_again_while_the_bot_was_off_it_is_believed(
    known: NodeManager, storage: FakeStorage
) -> None:
    for accept in (True, False, True):
        storage.add_decision(ANN, OTHER_KEY, accept=accept)
    known.carry_out_decisions()
    assert known.public_key(ANN) == OTHER_KEY


def test_a_key_accepted_and_then_refused_gives_way_to_the_former_one_on_disk_too(
    known: NodeManager, storage: FakeStorage
) -> None:
    order(known, storage, ANN, OTHER_KEY, accept=True)
    order(known, storage, ANN, OTHER_KEY, accept=False)
    assert known.public_key(ANN) == storage.rows[ANN].public_key == KEYS[ANN]
    known.learn_from_radio([info_of(ANN, OTHER_KEY)])
    assert known.public_key(ANN) == KEYS[ANN]


# -- Keys for the radio ------------------------------------------------------------------------


def test_correspondents_are_those_with_a_key_who_wrote_the_latest_first(
    known: NodeManager, wall_clock: Clock
) -> None:
    known.learn_from_air(0x77, user_of(0x77, b"", long_name="without a key"))
    for num in (BOB, ANN, 0x77, EVE, BOB):
        wall_clock.now_s += 1.0
        known.heard_message(num)
    assert [node.num for node in known.correspondents()] == [BOB, EVE, ANN]


def test_a_message_noted_is_written_with_the_next_save(
    known: NodeManager, storage: FakeStorage
) -> None:
    known.heard_message(ANN)
    known.save_heard()
    assert storage.rows[ANN].last_dm == 1_700_000_000


def test_a_push_is_written_at_once_and_counted_for_as_long_as_asked(
    known: NodeManager, storage: FakeStorage, wall_clock: Clock
) -> None:
    known.key_pushed(ANN)
    assert storage.rows[ANN].pushed_at == 1_700_000_000
    wall_clock.now_s += 100.0
    known.key_pushed(BOB)
    assert known.pushes_since(1_700_000_000 - 1) == 2
    assert known.pushes_since(1_700_000_000) == 1
    assert known.pushes_since(1_700_000_100) == 0


def test_a_push_that_could_not_be_written_is_told_and_counts_all_the_same(
    known: NodeManager, storage: FakeStorage
) -> None:
    assert known.key_pushed(BOB)
    storage.failing = True
    assert not known.key_pushed(ANN)
    assert known.pushes_since(0.0) == 2
    storage.failing = False
    known.save_heard()
    assert storage.rows[ANN].pushed_at == 1_700_000_000


def test_a_push_of_a_node_unknown_counts_for_nothing(known: NodeManager) -> None:
    assert not known.key_pushed(0x77)
    assert known.pushes_since(0.0) == 0
    assert known.node(0x77) is None


# -- Putting a key back at once ----------------------------------------------------------------


@pytest.mark.parametrize("user", [{}, {"publicKey": "forged"}], ids=["no key", "another key"])
def test_a_key_that_a_node_info_displaced_is_put_back_at_once(
    known: NodeManager, user: dict[str, str]
) -> None:
    interface = synced(known)
    entry = interface.add(ANN, longName="Ann", **user)
    assert known.put_key_back(interface, ANN)
    assert interface.nodesByNum[ANN] is interface.nodes[node_id(ANN)] is entry
    assert interface.key(ANN) == KEYS[ANN]
    assert entry["user"]["longName"] == "Ann"
    assert not known.put_key_back(interface, ANN), "it is there"


def test_nothing_is_put_back_without_a_key_an_entry_or_an_interface(known: NodeManager) -> None:
    interface = FakeInterface()
    interface.add(BOB, publicKey="whatever")
    interface.add(0x77)
    assert not known.put_key_back(interface, ANN), "the library has no entry of it"
    assert not known.put_key_back(interface, 0x77), "no key is known"
    assert not known.put_key_back(None, ANN)
    assert set(interface.nodesByNum) == {BOB, 0x77}
    assert "publicKey" not in interface.nodesByNum[0x77]["user"]
    assert interface.nodesByNum[BOB]["user"]["publicKey"] == "whatever"


@pytest.mark.parametrize("key", [KEYS[ANN], bytes(32)], ids=["another node's", "unusable"])
def test_a_key_that_is_not_taken_does_not_stay_in_the_interface_of_a_node_without_one(
    known: NodeManager, key: bytes
) -> None:
    """The library takes whatever a NodeInfo says, before the bot hears of it."""
    interface = synced(known)
    entry = interface.add(0x77, longName="Mallory", publicKey=base64.b64encode(key).decode())
    known.learn_from_air(0x77, user_of(0x77, key, long_name="Mallory"))
    assert not known.put_key_back(interface, 0x77)
    assert interface.nodesByNum[0x77] is interface.nodes[node_id(0x77)] is entry
    assert entry["user"] == {"id": node_id(0x77), "longName": "Mallory"}


# -- Keeping -----------------------------------------------------------------------------------


def test_keys_and_names_survive_a_restart(tmp_path: Path) -> None:
    storage = NodeStore(Database(tmp_path / "bot.db"))
    storage.database.open()
    before = NodeManager(storage, wall_clock=Clock(1_000.0))
    before.learn_from_air(ANN, user_of(ANN, long_name="Ann"))
    before.learn_from_air(BOB, user_of(BOB, b"", long_name="Bob"))
    before.heard(BOB, snr_db=2.5, hops=1)
    before.save_heard()
    storage.database.close()

    storage.database.open()
    after = NodeManager(storage)
    assert after.load() == 1
    storage.database.close()
    assert after.public_key(ANN) == KEYS[ANN]
    assert after.label(ANN) == "Ann (!0000000a)"
    bob = after.node(BOB)
    assert bob is not None
    assert (bob.last_heard, bob.snr_db, bob.hops, bob.heard_s) == (1_000, 2.5, 1, None)


def test_keys_that_wait_were_refused_or_replaced_survive_a_restart(tmp_path: Path) -> None:
    storage = NodeStore(Database(tmp_path / "bot.db"))
    storage.database.open()
    before = NodeManager(storage, wall_clock=Clock(1_000.0))
    before.learn_from_air(ANN, user_of(ANN))
    before.learn_from_radio([info_of(ANN, KEYS[BOB])])
    before.learn_from_air(ANN, user_of(ANN, KEYS[EVE]))
    before.learn_from_air(ANN, user_of(ANN, OTHER_KEY))
    storage.add_decision(ANN, OTHER_KEY, accept=False)
    before.carry_out_decisions()
    others = before.other_keys(ANN)
    assert len(others) == 3
    storage.database.close()

    storage.database.open()
    after = NodeManager(storage)
    after.load()
    storage.database.close()
    assert sorted(after.other_keys(ANN), key=lambda other: other.public_key) == sorted(
        others, key=lambda other: other.public_key
    )
    assert after.public_key(ANN) == KEYS[BOB]


@pytest.mark.parametrize("name", ["", "Bob"], ids=["nameless", "named"])
def test_a_stored_key_that_is_another_nodes_is_dropped_once_and_for_all(
    nodes: NodeManager, storage: FakeStorage, lines: Lines, name: str
) -> None:
    """The first version of the bot stored such keys."""
    storage.rows[ANN] = KnownNode(ANN, long_name="Ann", public_key=KEYS[ANN])
    storage.rows[BOB] = KnownNode(BOB, long_name=name, public_key=KEYS[ANN])
    assert nodes.load() == 1
    label = "Bob (!b0b0b0b0)" if name else "!b0b0b0b0"
    assert lines() == [
        f"⚠️ Clé enregistrée de {label} écartée : inutilisable, ou celle d'un autre nœud"
    ]
    assert (nodes.public_key(ANN), nodes.public_key(BOB)) == (KEYS[ANN], b"")
    nodes.save_heard()
    assert storage.rows[BOB].public_key == b""


def test_a_key_is_called_learned_only_once_it_is_written(
    nodes: NodeManager, storage: FakeStorage, lines: Lines
) -> None:
    said_before: list[list[str]] = []
    storage.before_write = lambda: said_before.append(lines())
    nodes.learn_from_air(ANN, user_of(ANN))
    assert said_before == [[]]
    assert lines() == ["🔑 Clé publique de !0000000a apprise et enregistrée"]
    nodes.learn_from_radio([info_of(BOB)])
    assert said_before == [[], []]
    assert lines() == ["🔑 1 clé publique apprise de la radio et enregistrée"]


def test_a_full_disk_costs_one_line_and_no_key(
    nodes: NodeManager, storage: FakeStorage, lines: Lines
) -> None:
    storage.failing = True
    nodes.learn_from_air(ANN, user_of(ANN))
    nodes.learn_from_air(BOB, user_of(BOB))
    nodes.learn_from_radio([info_of(EVE)])
    nodes.save_heard()
    assert lines() == ["❌ disque plein (le bot continue, nouvel essai plus tard)"]
    assert {num: nodes.public_key(num) for num in (ANN, BOB, EVE)} == {
        num: KEYS[num] for num in (ANN, BOB, EVE)
    }
    assert storage.rows == {}


def test_what_a_full_disk_refused_is_written_later(
    nodes: NodeManager, storage: FakeStorage, lines: Lines
) -> None:
    nodes.learn_from_air(ANN, user_of(ANN, b"", long_name="Ann"))
    nodes.save_heard()
    assert storage.rows[ANN].public_key == b"", "all but the key is written already"
    storage.failing = True
    nodes.learn_from_air(ANN, user_of(ANN))
    nodes.learn_from_air(BOB, user_of(BOB, b"", long_name="Bob"))
    nodes.heard(BOB, snr_db=1.0, hops=0)
    nodes.save_heard()
    lines()
    storage.failing = False
    nodes.save_heard()
    assert storage.rows[ANN].public_key == KEYS[ANN]
    assert storage.rows[BOB].hops == 0
    assert lines() == ["✅ La base est de nouveau écrite"]


def test_nothing_is_written_when_nothing_changed(known: NodeManager, storage: FakeStorage) -> None:
    known.heard(ANN, snr_db=1.0, hops=0)
    known.save_heard()
    writes: list[None] = []
    storage.before_write = lambda: writes.append(None)
    known.save_heard()
    known.learn_from_radio([info_of(num) for num in KEYS])
    assert writes == []


def test_a_key_learned_while_others_are_written_is_not_overwritten_by_an_older_copy(
    nodes: NodeManager, storage: FakeStorage
) -> None:
    """Any thread may call: the key arrives between the copy for a write and the write."""
    nodes.learn_from_air(ANN, user_of(ANN, b"", long_name="Ann"))

    def learn_on_another_thread() -> None:
        storage.before_write = lambda: None
        learner = threading.Thread(target=nodes.learn_from_air, args=(ANN, user_of(ANN)))
        learner.start()
        learner.join(0.5)  # a fixed manager may make it wait for the write under way
        learners.append(learner)

    learners: list[threading.Thread] = []
    storage.before_write = learn_on_another_thread
    nodes.save_heard()
    learners[0].join(5.0)
    assert storage.rows[ANN].public_key == KEYS[ANN]


class HalfWayStorage(NodeStore):
    """A real store of which a test can have the next writes fail."""

    def __init__(self, path: Path) -> None:
        super().__init__(Database(path))
        self.failures = 0

    def save_nodes(
        self,
        nodes: Iterable[KnownNode],
        other_keys: Mapping[int, Sequence[OtherKey]] | None = None,
        carried_out: Iterable[int] = (),
    ) -> None:
        self.database.check_in_place()  # that it vanished is noticed before
        if self.failures:
            self.failures -= 1
            raise StorageError("disque plein", passing=True)
        super().save_nodes(nodes, other_keys, carried_out)


@pytest.mark.parametrize("failures", [0, 1, 3])
def test_the_rebuilding_of_a_deleted_store_is_tried_until_every_key_is_in_it(
    tmp_path: Path, clock: Clock, lines: Lines, failures: int
) -> None:
    path = tmp_path / "bot.db"
    storage = HalfWayStorage(path)
    storage.database.open()
    nodes = NodeManager(storage, clock=clock)
    nodes.learn_from_radio([info_of(num) for num in KEYS])
    nodes.learn_from_air(ANN, user_of(ANN, OTHER_KEY))
    storage.add_decision(BOB, OTHER_KEY, accept=False)
    nodes.carry_out_decisions()
    for name in os.listdir(tmp_path):
        (tmp_path / name).unlink()
    lines()
    storage.failures = failures
    for num in range(100, 100 + failures + 1):
        nodes.learn_from_air(num, user_of(num, num.to_bytes(2, "big") * 16))
        clock.now_s += 60.0
    said = lines()
    assert sum("elle a été refaite" in line for line in said) == 1
    assert sum(line.startswith("❌ disque plein") for line in said) == min(failures, 1)
    storage.database.close()
    again = NodeStore(Database(path))
    again.database.open()
    after = NodeManager(again)
    assert after.load() == len(KEYS) + failures + 1
    again.database.close()
    assert {num: after.public_key(num) for num in KEYS} == KEYS
    assert [other.public_key for other in after.waiting_keys()] == [OTHER_KEY]
    (refused,) = after.other_keys(BOB)
    assert refused.refused_at


# -- Looking up --------------------------------------------------------------------------------


@pytest.fixture
def named(nodes: NodeManager) -> NodeManager:
    nodes.learn_from_air(ANN, user_of(ANN, long_name="Anna Est", short_name="ANN"))
    nodes.learn_from_air(BOB, user_of(BOB, long_name="Annabelle", short_name="BEL"))
    nodes.learn_from_air(EVE, user_of(EVE, long_name="ann", short_name="EVE"))
    return nodes


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("!b0b0b0b0", [BOB]),
        ("B0B0B0B0", [BOB]),
        ("  bel ", [BOB]),
        ("ANN", [ANN, EVE]),
        ("anna", [ANN, BOB]),
        ("EST", [ANN]),
        ("nobody", []),
        ("", []),
        ("  ", []),
        ("😀" * 1_000, []),
    ],
)
def test_a_node_is_found_by_id_else_by_exact_name_else_by_part(
    named: NodeManager, text: str, found: list[int]
) -> None:
    assert sorted(node.num for node in named.find(text)) == sorted(found)


def test_what_is_handed_out_are_copies(named: NodeManager) -> None:
    named.heard(ANN, snr_db=None, hops=None)
    copies = [named.node(ANN), *named.find("ANN"), *named.recently_heard(5)]
    for node in copies:
        assert node is not None
        node.public_key = OTHER_KEY
    assert named.public_key(ANN) == KEYS[ANN]


def test_a_label_is_name_and_id_or_the_id_alone(named: NodeManager) -> None:
    assert named.label(ANN) == "Anna Est (!0000000a)"
    assert named.label(0x77) == "!00000077"


def test_the_nodes_of_this_run_come_first_and_the_latest_of_them(
    nodes: NodeManager, clock: Clock
) -> None:
    nodes.learn_from_radio([info_of(EVE, last_heard=4_000_000_000), info_of(0x77, b"")])
    for num in (ANN, BOB):
        clock.now_s += 1.0
        nodes.heard(num, snr_db=None, hops=None)
    assert [node.num for node in nodes.recently_heard(10)] == [BOB, ANN, EVE]
    assert [node.num for node in nodes.recently_heard(1)] == [BOB]


def test_hearing_notes_the_latest_signal(nodes: NodeManager) -> None:
    nodes.heard(ANN, snr_db=-3.0, hops=2)
    nodes.heard(ANN, snr_db=None, hops=None)
    node = nodes.node(ANN)
    assert node is not None
    assert (node.last_heard, node.snr_db, node.hops) == (1_700_000_000, None, None)


@pytest.mark.parametrize("jump_s", [YEAR_S, -YEAR_S])
def test_a_wall_clock_that_jumps_by_a_year_does_not_age_the_nodes_of_this_run(
    nodes: NodeManager, clock: Clock, wall_clock: Clock, jump_s: float
) -> None:
    nodes.heard(ANN, snr_db=None, hops=None)
    wall_clock.now_s += jump_s
    clock.now_s += 60.0
    node = nodes.node(ANN)
    assert node is not None
    assert nodes.heard_ago_s(node) == 60.0


def test_a_node_of_an_earlier_run_is_dated_by_the_wall_clock_if_that_makes_sense(
    nodes: NodeManager, wall_clock: Clock
) -> None:
    node = KnownNode(ANN, last_heard=int(wall_clock.now_s) - 30)
    assert nodes.heard_ago_s(node) == 30.0
    assert nodes.heard_ago_s(KnownNode(ANN, last_heard=int(wall_clock.now_s) + 30)) is None
    assert nodes.heard_ago_s(KnownNode(ANN)) is None


# -- Threads -----------------------------------------------------------------------------------


def test_nodes_can_be_learned_and_heard_while_another_thread_syncs(nodes: NodeManager) -> None:
    interface = FakeInterface()
    errors: list[BaseException] = []
    learned = threading.Event()

    def guarded(work: Callable[[], None]) -> threading.Thread:
        def run() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - any of them fails the test
                errors.append(error)

        return threading.Thread(target=run)

    def learn() -> None:
        try:
            for num in range(2, 600):
                nodes.heard(num, snr_db=None, hops=None)
                nodes.learn_from_air(num, user_of(num, num.to_bytes(2, "big") * 16))
                interface.add(num, longName="as the reader thread does")
        finally:
            learned.set()

    def sync() -> None:
        while not learned.is_set():
            nodes.sync_pubkeys_to_interface(interface)
            nodes.find("node")
            nodes.recently_heard(5)

    threads = [guarded(learn), guarded(sync)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20.0)
    assert errors == []
    nodes.sync_pubkeys_to_interface(interface)
    assert nodes.key_counts(interface) == (598, 598)
