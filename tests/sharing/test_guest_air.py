"""How much of the air the clients' packets may take."""

import math
from types import SimpleNamespace
from typing import cast

import pytest
from meshtastic.protobuf import localonly_pb2, mesh_pb2, portnums_pb2

from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.messages.air_budget import AirBudget, AirBudgetSettings
from meshbot.sharing.guest_air import MOST_CLIENTS, GuestAir
from tests.support.clock import Clock

HOUR_S = 3_600.0


@pytest.fixture
def clock() -> Clock:
    return Clock(10_000.0)


@pytest.fixture
def budget(clock: Clock) -> AirBudget:
    return AirBudget(AirBudgetSettings(5.0, 1.0), clock)


@pytest.fixture
def air(budget: AirBudget, clock: Clock) -> GuestAir:
    return GuestAir(5.0, budget, clock)


def test_a_client_has_his_share_of_an_hour(air: GuestAir, clock: Clock) -> None:
    assert air.wait_s(1, 180.0) == 0.0
    air.charge(1, 180.0)
    clock.now_s += 100.0
    assert air.wait_s(1, 1.0) == pytest.approx(HOUR_S - 100.0)
    assert air.wait_s(2, 1.0) == 0.0
    assert air.used_percent(1) == pytest.approx(5.0)
    clock.now_s += HOUR_S
    assert air.wait_s(1, 180.0) == 0.0


def test_what_is_more_than_a_share_never_goes(air: GuestAir) -> None:
    assert math.isinf(air.wait_s(1, 180.1))


def test_all_together_take_a_fifth_of_an_hour_at_most(air: GuestAir) -> None:
    for client in range(4):
        air.charge(client, 180.0)
    assert air.wait_s(9, 1.0) > 0


def test_all_together_take_half_of_what_the_region_allows(air: GuestAir, budget: AirBudget) -> None:
    budget.note_node(None, None, 10.0)
    air.charge(1, 100.0)
    assert air.wait_s(2, 80.0) == 0.0
    assert air.wait_s(2, 80.1) > 0


def test_the_nodes_own_limit_holds_for_clients(air: GuestAir, budget: AirBudget) -> None:
    budget.note_node(8.99, None, 10.0)
    assert air.wait_s(1, 1.0) > 0
    budget.note_node(1.0, None, 10.0)
    assert air.wait_s(1, 1.0) == 0.0


def test_a_node_that_is_mute_gets_nothing(air: GuestAir, budget: AirBudget, clock: Clock) -> None:
    budget.note_mute(clock.now_s + 60.0)
    assert air.wait_s(1, 1.0) == pytest.approx(60.0)
    assert air.wait_s(1, 0.0) == 0.0, "but for what is for itself"


def test_the_bot_sees_that_the_nodes_air_is_used(air: GuestAir, budget: AirBudget) -> None:
    budget.note_node(8.0, None, 10.0)
    assert budget.wait_s(20.0, stranger=False) == 0.0
    air.charge(1, 30.0)
    assert budget.wait_s(20.0, stranger=False) > 0


def test_what_clients_send_is_not_on_the_bots_account(air: GuestAir, budget: AirBudget) -> None:
    air.charge(1, 100.0)
    assert budget.used_percent() == (0.0, 0.0)


def test_what_the_node_gave_up_was_sent_three_times(air: GuestAir) -> None:
    air.charge(1, 36.0)
    air.charge_retries(1, 36.0)
    assert air.used_percent(1) == pytest.approx(3.0)


def test_a_bounded_number_of_clients_is_kept(air: GuestAir) -> None:
    for client in range(10 * MOST_CLIENTS):
        air.charge(client, 0.001)
    assert len(air._clients) == MOST_CLIENTS


def interface() -> SupervisedInterface:
    node = SimpleNamespace(localConfig=localonly_pb2.LocalConfig())
    metadata = mesh_pb2.DeviceMetadata(firmware_version="2.7.26.54e0d8d")
    made = SimpleNamespace(own_num=1, localNode=node, metadata=metadata)
    return cast(SupervisedInterface, made)


def test_a_packet_for_the_node_itself_costs_nothing() -> None:
    packet = mesh_pb2.MeshPacket(to=1)
    packet.decoded.portnum = portnums_pb2.PortNum.ADMIN_APP
    assert GuestAir.cost_s(interface(), packet) == 0.0


def test_a_packet_costs_by_its_length() -> None:
    packet = mesh_pb2.MeshPacket(to=0xFFFFFFFF)
    packet.decoded.payload = b"x" * 10
    short_s = GuestAir.cost_s(interface(), packet)
    packet.decoded.payload = b"x" * 200
    long_s = GuestAir.cost_s(interface(), packet)
    packet.to = 0x0A
    sealed_s = GuestAir.cost_s(interface(), packet)
    assert 0.2 < short_s < long_s < sealed_s < 3.0
    sealed = mesh_pb2.MeshPacket(to=0x0A, encrypted=b"x" * 30)
    assert short_s < GuestAir.cost_s(interface(), sealed) < long_s


def test_who_hangs_up_and_comes_back_has_no_new_hour(air: GuestAir) -> None:
    air.came(1, "phone")
    air.charge(1, 180.0)
    air.gone(1)
    air.came(2, "phone")
    assert air.wait_s(2, 1.0) > 0
    air.came(3, "another phone")
    assert air.wait_s(3, 1.0) == 0.0


def test_what_it_left_to_be_sent_counts_as_well(air: GuestAir) -> None:
    air.came(1, "phone")
    air.charge(1, 100.0)
    air.gone(1)
    air.charge(1, 80.0)
    air.came(2, "phone")
    assert air.used_percent(2) == pytest.approx(5.0)


def test_programs_of_one_machine_have_an_hour_each(air: GuestAir) -> None:
    air.came(1, "127.0.0.1")
    air.came(2, "127.0.0.1")
    air.charge(1, 180.0)
    assert air.wait_s(2, 1.0) == 0.0
    air.gone(1)
    air.came(3, "127.0.0.1")
    assert air.wait_s(3, 1.0) > 0, "the one that is free is the one that was used up"
    assert air.wait_s(2, 1.0) == 0.0


def test_the_hours_of_those_who_are_there_are_kept(air: GuestAir) -> None:
    air.came(1, "phone")
    air.charge(1, 1.0)
    for number in range(2, 3 * MOST_CLIENTS):
        air.charge(number, 0.001)
    assert air.used_percent(1) == pytest.approx(100 / HOUR_S, rel=0.01)


def test_coming_and_going_is_not_remembered_for_ever(air: GuestAir) -> None:
    air.came(1, "host")
    air.charge(1, 1.0)
    for client in range(1, 10 * MOST_CLIENTS):
        air.gone(client)
        air.came(client + 1, "host")
    assert len(air._clients) <= MOST_CLIENTS
    assert air.used_percent(10 * MOST_CLIENTS) == pytest.approx(1 / 36), "it goes on with its hour"
