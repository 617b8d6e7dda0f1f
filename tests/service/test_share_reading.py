"""The settings of the shared node: defaults, limits, and a bot that would be its own client."""

import socket

import pytest

import config as real_config
from meshbot.service.settings_reader import SettingsReader
from meshbot.service.site_settings import read_site
from meshbot.sharing.local_address import is_loopback, is_of_this_machine
from meshbot.sharing.share_settings import ShareSettings
from tests.service.test_settings import config_with, refusal, site

OTHER = "203.0.113.1"
"""Of nobody: kept for documents (RFC 5737)."""


def doubts(**changes: object) -> list[str]:
    reader = SettingsReader({})
    read_site(reader, config_with(**changes))
    reader.check()
    return reader.doubts


def test_a_file_from_before_there_were_any_shares_nothing() -> None:
    assert site().share == ShareSettings()
    assert site().share.port == 0


def test_the_file_as_delivered_says_the_same_as_none() -> None:
    assert read_site(SettingsReader({}), real_config).share == ShareSettings()


def test_they_come_from_the_file() -> None:
    share = site(
        SHARE_PORT=4500,
        SHARE_ADDRESS="10.0.0.2",
        SHARE_MAX_CLIENTS=32,
        SHARE_ALLOW_ADMIN=True,
        SHARE_PRIVATE_KEY=True,
        SHARE_REPLAY=True,
        SHARE_MDNS=False,
        SHARE_AIR_BUDGET=0.5,
    ).share
    assert share == ShareSettings(4500, "10.0.0.2", 32, True, True, True, False, 0.5)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("SHARE_PORT", (-1, 65_536, 4403.0, None, "", "http", True)),
        ("SHARE_MAX_CLIENTS", (0, 33, -1, "many", None)),
        ("SHARE_ALLOW_ADMIN", ("maybe", 2, None, "")),
        ("SHARE_PRIVATE_KEY", ("maybe",)),
        ("SHARE_REPLAY", ("maybe",)),
        ("SHARE_MDNS", ("maybe",)),
        ("SHARE_AIR_BUDGET", (0, -1, 101, "much", None, True)),
        ("SHARE_ADDRESS", ("", "  ", None, 1, "a b", "10.0.0.2/24", "10.0.0", "255.255.255.255")),
        ("SHARE_ADDRESS", ("224.0.0.251", "ff02::fb", "http://10.0.0.2", "0.0.0.0:4403")),
        ("SHARE_ADDRESS", ("10.0.0.2:4403", "[::1]:4403", "localhost:4403", "fe80::1")),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(name: str, values: tuple[object, ...]) -> None:
    for value in values:
        assert f"{name} = " in refusal({}, **{name: value})


def test_a_port_in_the_address_is_sent_where_it_belongs() -> None:
    assert "le port va dans SHARE_PORT" in refusal(SHARE_ADDRESS="10.0.0.2:4403")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *(("0.0.0.0", "0.0.0.0"), ("::", "::"), ("[::]", "::"), (" 0.0.0.0 ", "0.0.0.0")),
        *(("Toit.local.", "toit.local"), ("[::1]", "::1"), ("fe80::1%wlan0", "fe80::1%wlan0")),
    ],
)
def test_an_address_may_stand_for_all_of_them(written: str, meant: str) -> None:
    assert site(SHARE_ADDRESS=written).share.address == meant


# -- The bot is not its own client -------------------------------------------------------------


def own_address() -> str:
    """Return an address of this machine, and of no other: of a network where there is one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect((OTHER, 9))  # no byte goes out
        except OSError:
            return "127.0.0.1"
        return str(asked.getsockname()[0])


OWN_PLACES = ["127.0.0.1", "localhost", "::1", "127.3.2.1", "[::ffff:127.0.0.1]", own_address()]


@pytest.mark.parametrize("host", [*OWN_PLACES, socket.gethostname()])
def test_a_node_at_the_shared_port_of_this_machine_is_refused(host: str) -> None:
    for address in ("127.0.0.1", "0.0.0.0"):
        line = refusal(TCP_HOST=host, TCP_PORT=4500, SHARE_PORT=4500, SHARE_ADDRESS=address)
        assert "se connecterait à lui-même" in line
        assert "SHARE_PORT" in line


def test_the_port_in_the_host_counts() -> None:
    assert "à lui-même" in refusal(TCP_HOST="127.0.0.1:4500", SHARE_PORT=4500)
    assert site(TCP_HOST="127.0.0.1:4500", SHARE_PORT=4403).share.port == 4403


@pytest.mark.parametrize("host", [OTHER, "2001:db8::1", "meshtastic.local", "node.example"])
def test_a_node_elsewhere_may_have_the_same_port(host: str) -> None:
    assert site(TCP_HOST=host, SHARE_PORT=4403, SHARE_ADDRESS="0.0.0.0").share.port == 4403


@pytest.mark.parametrize("mode", ["simulated", "serial"])
def test_where_there_is_no_node_on_the_network_there_is_nothing_to_refuse(mode: str) -> None:
    reader = SettingsReader({"MESHBOT_CONNECTION_MODE": mode})
    share = read_site(reader, config_with(TCP_HOST="127.0.0.1", SHARE_PORT=4403)).share
    reader.check()
    assert share.port == 4403


def test_a_bot_that_shares_nothing_may_have_its_node_here() -> None:
    assert site(TCP_HOST="127.0.0.1", SHARE_PORT=0).tcp_host == "127.0.0.1"


@pytest.mark.parametrize(
    ("host", "own", "loopback"),
    [
        *(("127.0.0.1", True, True), ("::1", True, True), ("localhost", True, True)),
        *((OTHER, False, False), ("2001:db8::1", False, False), ("fe80::1%nowhere", False, False)),
        *(("node.local", False, False), ("0.0.0.0", True, False)),
        (socket.gethostname() + ".local", True, False),
    ],
)
def test_addresses_of_this_machine(host: str, own: bool, loopback: bool) -> None:
    assert is_of_this_machine(host) is own
    assert is_loopback(host) is loopback
