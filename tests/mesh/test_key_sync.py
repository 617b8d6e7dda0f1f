"""The key sync: what it puts into an interface, and when it has nothing to do."""

import base64
import random
import threading
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from meshtastic.protobuf import mesh_pb2

from meshbot.model.known_node import node_id
from node_manager import NodeManager
from tests.mesh.fake_interface import FakeInterface
from tests.mesh.known_mesh import (
    ANN,
    BOB,
    EVE,
    KEYS,
    OTHER_KEY,
    OWN,
    YEAR_S,
    Lines,
    decide,
    info_of,
    user_of,
)
from tests.mesh.syncs import START_LINE, ran, synced
from tests.support.clock import Clock
from tests.support.fake_storage import FakeStorage

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


def test_texts_that_the_library_has_too_are_kept_once(nodes: NodeManager) -> None:
    user = user_of(ANN, KEYS[ANN], long_name="Ann's Haus", short_name="ANN", hw_model=4, role=2)
    nodes.learn_from_air(ANN, user)
    interface = FakeInterface()

    def hear() -> dict[str, str]:
        copied = {name: "".join(list(text)) for name, text in MessageToDict(user).items()}
        interface.add(ANN, **copied)
        return copied

    heard = hear()
    nodes.sync_pubkeys_to_interface(interface, force=True)
    synced_user = interface.nodesByNum[ANN]["user"]
    assert synced_user == heard
    ours = nodes.node(ANN)
    assert ours is not None
    assert synced_user["longName"] is ours.long_name
    assert synced_user["shortName"] is ours.short_name
    assert synced_user["hwModel"] is ours.hw_model
    assert synced_user["role"] is ours.role
    hear()
    nodes.put_key_back(interface, ANN)
    for name in ("longName", "shortName", "hwModel", "role", "publicKey"):
        assert interface.nodesByNum[ANN]["user"][name] is synced_user[name], name


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
            decide(nodes, storage, num, key, accept=True)
        elif change == 3:
            decide(nodes, storage, num, key, accept=False)
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
