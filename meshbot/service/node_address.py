"""A node's address as people write it: a name or an address, with a port or without. Pure.

``192.168.1.38``, ``meshtastic.local.``, ``host:4403``, ``::1``, ``[::1]:4403``, ``fe80::1%wlan0``,
``tcp://host:4403/``, in quotation marks or with blanks around it: all say clearly what is meant.
What does not is refused, with what to write instead.
"""

import ipaddress
import re
import unicodedata
from typing import NamedTuple

from meshbot.sharing.local_address import OPEN_TO_ALL
from meshbot.text.language import mark, tr

DEFAULT_PORT = 4403
MAX_PORT = 65_535
_QUOTES = "\"'`«»“”‘’"
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://(.*)", re.IGNORECASE | re.DOTALL)
_BRACKETS = re.compile(r"\[([^\[\]]*)\](?::(.*))?", re.DOTALL)
_LABEL = re.compile(r"(?!-)[\w-]{1,63}(?<!-)")
_MAX_NAME = 253
_TO_ALL = "255.255.255.255"
_ALONE = mark("il faut une adresse seule, le port va dans TCP_PORT")


class AddressError(ValueError):
    """What is no address. ``str()`` says what is wrong and what to write."""


class NodeAddress(NamedTuple):
    """Where a node is; ``port`` is None where it was not said."""

    host: str
    port: int | None = None


def parse_address(text: str) -> NodeAddress:
    """Return the address that a text means. Raises :class:`AddressError`."""
    text = _as_seen(text).strip().strip(_QUOTES).strip()
    scheme = _SCHEME.fullmatch(text)
    if scheme is not None:
        text = _without_scheme(scheme.group(1).casefold(), scheme.group(2))
    text = text.removesuffix("/")
    if any(char.isspace() for char in text):
        raise AddressError(tr("un blanc est de trop ; {alone}", alone=tr(_ALONE)))
    if "/" in text or "\\" in text:
        raise AddressError(tr("une barre oblique est de trop ; {alone}", alone=tr(_ALONE)))
    host, port = _split(text)
    return NodeAddress(_host(host), None if port is None else _port(port))


def parse_own_address(text: str) -> str:
    """Return the address that a program of this machine is to be found at, without a port.

    ``0.0.0.0`` and ``::`` stand for all that it has. Raises :class:`AddressError`.
    """
    seen = _as_seen(text).strip().strip(_QUOTES).strip()
    if seen.removeprefix("[").removesuffix("]") in OPEN_TO_ALL:
        return seen.strip("[]")
    address = parse_address(text)
    if address.port is not None:
        raise AddressError(tr("il faut une adresse seule, le port va dans SHARE_PORT"))
    if lacks_interface(address.host):
        raise AddressError(tr("il manque l'interface, telle que {host}%wlan0", host=address.host))
    return address.host


def lacks_interface(host: str) -> bool:
    """Say whether an address is of a kind that means nothing without the interface it is on."""
    try:
        address = ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return address.is_link_local and address.scope_id is None


def place_text(host: str, port: int) -> str:
    """Return an address with its port as people write it."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _as_seen(text: str) -> str:
    """Return a text without what nobody sees in it and a copy from a web page or a PDF brings."""
    seen = "".join(char for char in text if unicodedata.category(char) != "Cf")
    return unicodedata.normalize("NFC", seen)  # a Mac writes é as two characters


def _without_scheme(scheme: str, rest: str) -> str:
    if scheme == "tcp":
        return rest
    if scheme in ("http", "https"):
        raise AddressError(
            tr(
                "c'est l'adresse d'une page web ; {alone} ({default_port})",
                alone=tr(_ALONE),
                default_port=DEFAULT_PORT,
            )
        )
    raise AddressError(
        tr("« {scheme}:// » n'est pas connu ; {alone}", scheme=scheme, alone=tr(_ALONE))
    )


def _split(text: str) -> tuple[str, str | None]:
    """Return the host and what stands for a port, not yet looked at."""
    brackets = _BRACKETS.fullmatch(text)
    if brackets is not None:
        return brackets.group(1), brackets.group(2)
    if text.count(":") == 1:
        host, _, port = text.partition(":")
        return host, port
    return text, None


def _port(text: str) -> int:
    if re.fullmatch("[0-9]{1,5}", text) and 1 <= int(text) <= MAX_PORT:
        return int(text)
    raise AddressError(
        tr(
            "le port va de 1 à {max_port}, celui du nœud est en général {default_port}",
            max_port=MAX_PORT,
            default_port=DEFAULT_PORT,
        )
    )


def _host(text: str) -> str:
    if ":" in text:
        return _ipv6(text)
    name = text.removesuffix(".").lower()
    if not name:
        raise AddressError(tr("quelle adresse ? par exemple 192.168.1.38"))
    if re.fullmatch(r"[0-9.]+", name):
        return _ipv4(name)
    if len(name) > _MAX_NAME or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise AddressError(tr("ni une adresse ni un nom de machine"))
    try:
        name.encode("idna")  # as the system will be asked
    except UnicodeError:
        raise AddressError(tr("ce nom de machine est trop long")) from None
    return name


def _ipv4(text: str) -> str:
    # The system would take "192.168.1" for 192.168.0.1, and "010" for 8.
    try:
        address = ipaddress.IPv4Address(text)
    except ValueError:
        raise AddressError(tr("une adresse IPv4 a quatre nombres, tels que 192.168.1.38")) from None
    return _of_one_machine(address)


def _ipv6(text: str) -> str:
    # In a URL the sign before the interface is written "%25"; "%25" may be an interface's number.
    try:
        address = ipaddress.IPv6Address(re.sub(r"%25(?=\D)", "%", text, count=1))
    except ValueError:
        address = None
    if address is None or ":" in (address.scope_id or ""):
        raise AddressError(tr("pas une adresse IPv6 ; avec un port : [fe80::1]:4403"))
    return _of_one_machine(address)


def _of_one_machine(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    if address.is_unspecified or address.is_multicast or str(address) == _TO_ALL:
        raise AddressError(tr("pas l'adresse d'une machine ; celle-ci même : 127.0.0.1"))
    return str(address)
