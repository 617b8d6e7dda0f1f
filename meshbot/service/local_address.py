"""Whether an address is this machine's own. Asks the system, never the network."""

import ipaddress
import socket

_LOOPBACK_NAMES = ("localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback")


def is_loopback(host: str) -> bool:
    """Say whether only programs of this machine come to an address."""
    address = _literal(host)
    if address is None:
        return host.casefold() in _LOOPBACK_NAMES
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def is_of_this_machine(host: str) -> bool:
    """Say whether ``host`` is an address that this machine has now, or its own name."""
    if is_loopback(host):
        return True
    if _literal(host) is None:
        own_name, _, _ = socket.gethostname().casefold().partition(".")
        name, _, domain = host.casefold().partition(".")
        return name == own_name and domain in ("", "local", "localdomain", "lan", "home")
    return _can_be_bound(host)


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None  # a name


def _can_be_bound(host: str) -> bool:
    """Say whether the system gives a socket this address, which it does for its own only."""
    flags = socket.AI_NUMERICHOST  # an interface's name becomes its number; nobody is asked
    try:
        found = socket.getaddrinfo(host, 0, type=socket.SOCK_DGRAM, flags=flags)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as bound:
            bound.bind(address)
    except OSError:
        return False
    return True
