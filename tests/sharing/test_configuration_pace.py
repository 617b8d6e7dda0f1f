"""How often configurations are told."""

import pytest

from meshbot.sharing.configuration_pace import (
    ALL,
    EACH,
    EACH_S,
    MACHINE,
    MOST_MACHINES,
    SHARED_S,
    ConfigurationPace,
)


@pytest.fixture
def pace() -> ConfigurationPace:
    return ConfigurationPace()


def test_a_client_is_told_so_many_in_a_while(pace: ConfigurationPace) -> None:
    pace.came(1, "host")
    assert [pace.allows(1, 0.0) for _ in range(EACH + 1)] == [True] * EACH + [False]
    assert pace.allows(1, EACH_S)


def test_who_comes_back_is_told_no_more_than_who_stays(pace: ConfigurationPace) -> None:
    told = 0
    for client in range(1_000):
        pace.came(client, f"127.0.0.{client % 250 + 1}")
        told += pace.allows(client, client / 1_000)
        pace.gone(client)
    assert told == MACHINE
    pace.came(2_000, "another")
    assert pace.allows(2_000, 1.0), "another machine is"


def test_eight_apps_of_one_machine_are_told_twice_each_at_once(pace: ConfigurationPace) -> None:
    for client in range(8):
        pace.came(client, "host")
        assert pace.allows(client, 0.0)
        assert pace.allows(client, 0.0)


def test_all_are_told_so_many(pace: ConfigurationPace) -> None:
    for client in range(10 * MOST_MACHINES):
        pace.came(client, f"host {client}")
    assert sum(pace.allows(client, 0.0) for client in range(10 * MOST_MACHINES)) == ALL
    assert pace.allows(0, SHARED_S)


def test_what_is_refused_counts_for_nobody(pace: ConfigurationPace) -> None:
    pace.came(1, "host")
    for _ in range(EACH):
        pace.allows(1, 0.0)
    for tenth in range(1, 60):
        assert not pace.allows(1, tenth / 10)
    assert pace.allows(1, EACH_S)


def test_machines_are_not_remembered_for_ever(pace: ConfigurationPace) -> None:
    for client in range(2 * MOST_MACHINES):
        pace.came(client, f"host {client}")
        assert pace.allows(client, client * SHARED_S)
        pace.gone(client)
    assert len(pace._machines) <= MOST_MACHINES
