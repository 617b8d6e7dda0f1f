"""Sees to it that no two bots of this machine use one node, whatever their databases are.

A node serves one client and the newest wins, so two bots would take it from each other for ever.
What is claimed is each address of the node with its port, and the name that the operator wrote; on
a wire, the device. A name that cannot be resolved yet, as before the network is up, is claimed as
it is written. In simulated mode each bot has a node of its own, and nothing is claimed.
"""

import contextlib
import ipaddress
import os
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Any

from meshbot.service.node_address import place_text
from meshbot.service.process_claim import ProcessClaim, holder_of
from meshbot.service.site_settings import SiteSettings
from meshbot.store.instance_lock import AlreadyRunning
from meshbot.store.service_unit import DEFAULT_UNIT, unit_of
from meshbot.text.language import tr

RESOLVE_S = 2.0
"""How long the start waits for the name of the node; a name server that is away takes longer."""

Resolver = Callable[[str, int], Sequence[Any]]


class NodeTaken(AlreadyRunning):
    """Another bot uses the node. ``pid`` is its process, 0 where nobody knows."""

    def __init__(self, node: str, pid: int, unit: str = DEFAULT_UNIT) -> None:
        """Name the node, the process and its service."""
        what, remedy = tr("le nœud {node}", node=node), tr("régler un autre nœud dans config.py")
        super().__init__(what, pid, remedy, unit)


class NodeClaim:
    """The claim on the node that a bot is set to use. Belongs to the main thread."""

    def __init__(self, site: SiteSettings, *, resolve: Resolver = socket.getaddrinfo) -> None:
        """Name the settings; nothing is claimed, and nobody asked, yet."""
        self._site = site
        self._resolve = resolve
        self._claim = ProcessClaim()

    def take(self) -> None:
        """Claim the node. Raises :class:`NodeTaken`, with nothing claimed."""
        for name in self._names():
            if not self._claim.take(name):
                self._claim.release()
                pid = holder_of(name) or 0
                raise NodeTaken(self._node_text(), pid, unit_of(pid))

    def release(self) -> None:
        """Give the node back. Harmless when it is not claimed."""
        self._claim.release()

    def holder(self) -> int | None:
        """Return the process that uses the node, 0 for an unknown one, None for nobody."""
        found = (holder_of(name) for name in self._names())
        return next((pid for pid in found if pid is not None), None)

    def _names(self) -> list[str]:
        site = self._site
        if site.connection_mode == "serial":
            from meshbot.link.serial_port_finder import likely_ports  # noqa: PLC0415

            # Which of several it will be, nobody knows yet.
            ports = [site.serial_port] if site.serial_port else likely_ports()
            return [f"serial:{os.path.realpath(ports[0])}"] if len(ports) == 1 else []
        if site.connection_mode != "tcp":
            return []
        hosts = {site.tcp_host, *self._addresses()}
        return [f"tcp:{place_text(host, site.tcp_port)}" for host in sorted(hosts)]

    def _node_text(self) -> str:
        if self._site.connection_mode == "serial":
            return self._site.serial_port or tr("du port série")
        return place_text(self._site.tcp_host, self._site.tcp_port)

    def _addresses(self) -> set[str]:
        """Return the addresses of the host, none if that takes long: the system sets no limit."""
        host, port = self._site.tcp_host, self._site.tcp_port
        found: set[str] = set()

        def ask() -> None:
            with contextlib.suppress(OSError, UnicodeError):
                answers = self._resolve(host, port)
                found.update(_address_in(answer) for answer in answers)

        if _is_address(host):
            ask()
            return found
        # A daemon: it cannot be stopped, and must not keep the program from ending.
        asking = threading.Thread(target=ask, name="node-name", daemon=True)
        try:
            asking.start()
        except RuntimeError:
            return found  # the system has no thread left: that is for others to say
        asking.join(RESOLVE_S)
        return set() if asking.is_alive() else found


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _address_in(answer: Any) -> str:
    """Return the address in an answer of ``getaddrinfo``, written in one way.

    An IPv4 address in IPv6's clothes is the same host, and this machine is by either protocol; the
    interface of a link's own address is a number there, whatever name it was written with.
    """
    place = answer[4]
    address = ipaddress.ip_address(str(place[0]).partition("%")[0])
    if address == ipaddress.IPv6Address("::1"):
        return "127.0.0.1"
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        return str(mapped)
    scope = place[3] if len(place) > 3 else 0
    return f"{address}%{scope}" if scope else str(address)
