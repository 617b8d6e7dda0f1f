"""Addresses as people write them: what is meant, and what makes no sense."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshbot.service.node_address import (
    AddressError,
    NodeAddress,
    lacks_interface,
    parse_address,
    place_text,
)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("192.168.1.38", "192.168.1.38", None),
        ("192.168.1.38:4403", "192.168.1.38", 4403),
        ("[192.168.1.38]:4403", "192.168.1.38", 4403),
        ("192.168.1.38/", "192.168.1.38", None),
        ("  192.168.1.38\t\n", "192.168.1.38", None),
        ("'192.168.1.38'", "192.168.1.38", None),
        ('" host:4500 "', "host", 4500),
        ("« host »", "host", None),
        ("meshtastic.local", "meshtastic.local", None),
        ("Meshtastic.LOCAL.", "meshtastic.local", None),
        ("meshtastic.local.:4403", "meshtastic.local", 4403),
        ("nœud-du_toit.local", "nœud-du_toit.local", None),
        ("localhost", "localhost", None),
        ("::1", "::1", None),
        ("[::1]", "::1", None),
        ("[::1]:4403", "::1", 4403),
        ("2001:DB8::7", "2001:db8::7", None),
        ("2001:db8:0:0:0:0:0:4403", "2001:db8::4403", None),
        ("fe80::1%wlan0", "fe80::1%wlan0", None),
        ("[fe80::1%wlan0]:4403", "fe80::1%wlan0", 4403),
        ("tcp://[fe80::1%25wlan0]:4403/", "fe80::1%wlan0", 4403),
        ("tcp://host", "host", None),
        ("tcp://host/", "host", None),
        ("TCP://host:4403/", "host", 4403),
        ("tcp://::1", "::1", None),
        ("host:04403", "host", 4403),
        ("\ufeff192.168.1.38\u200b", "192.168.1.38", None),
        ("\u202ahost\u202c:4403", "host", 4403),
        ("me\u0301te\u0301o.local", "météo.local", None),
        ("xn--mto-bmab.local", "xn--mto-bmab.local", None),
        ("fe80::1%25", "fe80::1%25", None),
        ("fe80::1%251", "fe80::1%251", None),
        ("fe80::1%25eth0", "fe80::1%eth0", None),
    ],
)
def test_what_is_meant_is_understood(text: str, host: str, port: int | None) -> None:
    assert parse_address(text) == NodeAddress(host, port)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "quelle adresse ?"),
        ("''", "quelle adresse ?"),
        (".", "quelle adresse ?"),
        ("/", "quelle adresse ?"),
        (":4403", "quelle adresse ?"),
        ("[]:4403", "quelle adresse ?"),
        ("tcp://", "quelle adresse ?"),
        ("tcp://:4403", "quelle adresse ?"),
        ("my node", "un blanc est de trop"),
        ("192.168.1. 38", "un blanc est de trop"),
        ("host: 4403", "un blanc est de trop"),
        ("host/path", "une barre oblique est de trop"),
        ("tcp://host:4403/path", "une barre oblique est de trop"),
        ("\\\\host", "une barre oblique est de trop"),
        ("/dev/ttyUSB0", "une barre oblique est de trop"),
        ("http://192.168.1.38", "page web"),
        ("https://host:443/", "page web"),
        ("ssh://host", "« ssh:// » n'est pas connu"),
        ("host:", "le port va de 1 à 65535"),
        ("host:0", "le port va de 1 à 65535"),
        ("host:65536", "le port va de 1 à 65535"),
        ("host:99999", "le port va de 1 à 65535"),
        ("host:0000004403", "le port va de 1 à 65535"),
        ("host:-1", "le port va de 1 à 65535"),
        ("host:４４０３", "le port va de 1 à 65535"),
        ("host:http", "le port va de 1 à 65535"),
        ("[::1]:", "le port va de 1 à 65535"),
        ("192.168.1", "quatre nombres"),
        ("192.168.1.256", "quatre nombres"),
        ("192.168.1.038", "quatre nombres"),
        ("4403", "quatre nombres"),
        ("a..b", "ni une adresse ni un nom"),
        ("-a", "ni une adresse ni un nom"),
        ("user@host", "ni une adresse ni un nom"),
        ("a" * 64, "ni une adresse ni un nom"),
        (".".join(["a" * 60] * 5), "ni une adresse ni un nom"),
        ("!a1b2c3d4", "ni une adresse ni un nom"),
        ("::1:4403:x", "pas une adresse IPv6"),
        ("[::1", "pas une adresse IPv6"),
        ("::1]:4403", "pas une adresse IPv6"),
        ("a:b:c", "pas une adresse IPv6"),
        ("fe80::1%", "pas une adresse IPv6"),
        ("fe80::1%eth0:4403", "avec un port : [fe80::1]:4403"),
        ("0.0.0.0", "pas l'adresse d'une machine"),
        ("0.0.0.0:4403", "pas l'adresse d'une machine"),
        ("[::]:4403", "pas l'adresse d'une machine"),
        ("255.255.255.255", "pas l'adresse d'une machine"),
        ("239.0.0.1", "pas l'adresse d'une machine"),
        ("ff02::1%eth0", "pas l'adresse d'une machine"),
        ("éàü" * 21 + ".local", "trop long"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_to_write(text: str, said: str) -> None:
    with pytest.raises(AddressError) as refusal:
        parse_address(text)
    assert said in str(refusal.value)


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_refused_in_one_line(text: str) -> None:
    try:
        address = parse_address(text)
    except AddressError as refusal:
        assert str(refusal) and len(str(refusal).splitlines()) == 1
    else:
        assert address.host and not any(char.isspace() for char in address.host)
        address.host.encode("utf-8")


def may_be_a_machine(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return not (address.is_unspecified or address.is_multicast or str(address) == "255.255.255.255")


@given(
    st.one_of(
        st.ip_addresses().filter(may_be_a_machine).map(str),
        st.from_regex(r"[a-z]([a-z0-9-]{0,10}[a-z0-9])?(\.[a-z]{2,8})?", fullmatch=True),
    ),
    st.integers(1, 65_535),
)
def test_what_is_shown_can_be_written_down_again(host: str, port: int) -> None:
    assert parse_address(place_text(host, port)) == NodeAddress(host, port)
    assert parse_address(host) == NodeAddress(host)


def test_an_ipv6_address_is_shown_in_brackets_before_its_port() -> None:
    assert place_text("fe80::1%wlan0", 4403) == "[fe80::1%wlan0]:4403"
    assert place_text("192.168.1.38", 4403) == "192.168.1.38:4403"


def test_only_a_link_local_address_lacks_its_interface() -> None:
    assert lacks_interface("fe80::1")
    for host in ("fe80::1%wlan0", "2001:db8::7", "::1", "192.168.1.38", "169.254.1.1", "toit"):
        assert not lacks_interface(host)
    assert ipaddress.ip_address("fe80::1").is_link_local
