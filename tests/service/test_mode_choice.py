"""Nobody who said where his node is gets the simulated one."""

from collections.abc import Mapping

import pytest

import config
from meshbot.service import mode_choice
from meshbot.service.config_error import ConfigError
from meshbot.service.settings_reader import SettingsReader
from meshbot.service.site_settings import SiteSettings, read_site
from tests.service.test_settings import config_with

DELIVERED = {"CONNECTION_MODE": "simulated", "TCP_HOST": "192.168.1.38"}
NOTHING: Mapping[str, str] = {}


def site(environment: Mapping[str, str] = NOTHING, /, **changes: object) -> SiteSettings:
    """Return the settings of a config.py as it is delivered, but for some changes."""
    outside = {f"MESHBOT_{name}": value for name, value in environment.items()}
    reader = SettingsReader(outside)
    settings = read_site(reader, config_with(**{**DELIVERED, **changes}))
    reader.check()
    return settings


def test_as_delivered_the_node_is_simulated_and_nothing_decided_it() -> None:
    settings = site()
    assert (settings.connection_mode, settings.mode_decided_by) == ("simulated", "")


@pytest.mark.parametrize(
    ("name", "value", "mode"),
    [
        ("TCP_HOST", "192.168.1.40", "tcp"),
        ("TCP_HOST", "192.168.1.40:4500", "tcp"),
        ("TCP_PORT", "4500", "tcp"),
        ("SERIAL_PORT", "/dev/ttyUSB0", "serial"),
    ],
)
def test_where_the_node_is_says_which_mode(name: str, value: str, mode: str) -> None:
    for settings in (site({name: value}), site(**{name: value})):
        assert (settings.connection_mode, settings.mode_decided_by) == (mode, name)


@pytest.mark.parametrize("name", ["TCP_HOST", "TCP_PORT"])
def test_the_delivered_value_counts_where_somebody_wrote_it_outside_the_file(name: str) -> None:
    value = {"TCP_HOST": "192.168.1.38", "TCP_PORT": "4403"}[name]
    assert site({name: value}).connection_mode == "tcp"
    assert site(**{name: value}).connection_mode == "simulated"


@pytest.mark.parametrize("value", ["", " ", "None"])
def test_a_serial_port_that_is_left_empty_says_nothing(value: str) -> None:
    assert site({"SERIAL_PORT": value}).connection_mode == "simulated"


@pytest.mark.parametrize(
    "place", [{"TCP_HOST": "node.local"}, {"SERIAL_PORT": "/dev/ttyUSB0"}, {"TCP_PORT": "4500"}]
)
@pytest.mark.parametrize("mode", ["simulated", "tcp", "serial"])
def test_a_mode_that_is_said_wins(place: dict[str, str], mode: str) -> None:
    settings = site({"CONNECTION_MODE": mode, **place})
    assert (settings.connection_mode, settings.mode_decided_by) == (mode, "CONNECTION_MODE")
    assert site({"CONNECTION_MODE": mode}, **place).connection_mode == mode
    if mode != "simulated":
        assert site(place, CONNECTION_MODE=mode).connection_mode == mode


@pytest.mark.parametrize("network", [{"TCP_HOST": "node.local"}, {"TCP_PORT": "4500"}])
def test_two_nodes_and_no_mode_are_refused(network: dict[str, str]) -> None:
    (name,) = network
    usb = {"SERIAL_PORT": "/dev/ttyUSB0"}
    places: list[tuple[dict[str, str], dict[str, str]]] = [
        ({**network, **usb}, {}),
        (network, usb),
        ({}, {**network, **usb}),
    ]
    for environment, changes in places:
        with pytest.raises(ConfigError, match=f"{name} et SERIAL_PORT .* CONNECTION_MODE"):
            site(environment, **changes)
    assert site({**network, "SERIAL_PORT": "x", "CONNECTION_MODE": "serial"}).serial_port


def test_the_delivered_values_are_those_of_the_file() -> None:
    assert {name: getattr(config, name) for name in mode_choice.DELIVERED} == mode_choice.DELIVERED
    assert config.SERIAL_PORT is None
