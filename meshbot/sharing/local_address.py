"""Which addresses are this machine's own. Asks the system, not the network."""

import ipaddress
import socket

OPEN_TO_ALL = ("0.0.0.0", "::")
"""Where a program waits that is to be found at every address of its machine."""
MAX_ADDRESSES = 16
_LOOPBACK_NAMES = ("localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback")
_OWN_DOMAINS = ("", "local", "localdomain", "lan", "home")
_INNER_INTERFACES = ("docker", "br-", "veth", "virbr", "lxc", "cni")
"""How the names of interfaces begin that lead to containers of this machine, and nowhere else."""

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def is_loopback(host: str) -> bool:
    """Say whether only programs of this machine come to an address."""
    address = _literal(host)
    if address is None:
        return host.casefold() in _LOOPBACK_NAMES
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def machine_of(host: str) -> str:
    """Return one name for all addresses that a program of this machine may come from within it.

    There are 16 million of those, to be had for the asking; of others each is a machine.
    """
    return "localhost" if is_loopback(host) else host


def is_of_this_machine(host: str) -> bool:
    """Say whether ``host`` is an address that this machine has now, or its own name."""
    if is_loopback(host):
        return True
    if _literal(host) is None:
        own_name, _, _ = socket.gethostname().casefold().partition(".")
        name, _, domain = host.casefold().partition(".")
        return name == own_name and domain in _OWN_DOMAINS
    return _can_be_bound(host)


def addresses_to_find(bound: str) -> list[str]:
    """Return where others find what waits at ``bound``; nothing where nobody does, for now.

    A name is looked up, which may take a while. Raises :class:`OSError` where it cannot be.
    """
    if bound not in OPEN_TO_ALL:
        found = socket.getaddrinfo(bound, None, type=socket.SOCK_STREAM)
        place = min((str(entry[4][0]) for entry in found), key=_version)  # as it is bound
        return [] if is_loopback(place) else [place]
    # Here, as a bot that tells nobody where it is does without.
    import ifaddr  # noqa: PLC0415

    all_kinds = bound == "::"
    places = [
        ip.ip if isinstance(ip.ip, str) else ip.ip[0]
        for adapter in ifaddr.get_adapters()
        if not str(adapter.nice_name).startswith(_INNER_INTERFACES)
        for ip in adapter.ips
        if ip.is_IPv4 or all_kinds
    ]
    reached = sorted({place for place in places if _is_reached(place)})
    return sorted(reached, key=_version)[:MAX_ADDRESSES]


def _is_reached(place: str) -> bool:
    """Say whether others reach an address who are told it without an interface."""
    address = ipaddress.ip_address(place)
    scoped = address.version == 6 and address.is_link_local
    return not (address.is_loopback or address.is_multicast or scoped)


def _version(place: str) -> int:
    return ipaddress.ip_address(place).version


def _literal(host: str) -> _Address | None:
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
