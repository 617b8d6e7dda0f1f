"""Nodes that tell the network of themselves (mDNS), as the firmware does in Wi-Fi.

Anybody on the network can announce anything, and any number of it: what is taken is bounded, and
what is shown is quoted. ``zeroconf`` has a thread of its own, which is gone when the search is
over. Imported only where something is searched.
"""

import contextlib
import logging
import queue
import time
from collections.abc import Callable, Iterable, Sequence

import zeroconf

from meshbot.cli.found_node import FoundNode
from meshbot.service.node_address import MAX_PORT, AddressError, parse_address
from meshbot.sharing.local_address import is_of_this_machine
from meshbot.sharing.mdns_responder import SERVICE_TYPE
from meshbot.text.foreign_text import quoted

SEARCH_S = 3.0
ASK_S = 1.0
"""How long those are asked, all together, that did not say by themselves where they are."""
MAX_SERVICES = 100
MAX_LABEL_CHARS = 40
_ASK_ONE_MS = 300


def announced_nodes(
    addresses: Sequence[str],
    *,
    search_s: float = SEARCH_S,
    wait: Callable[[float], object] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> list[FoundNode]:
    """Return the nodes heard of on the networks of this machine's ``addresses``.

    Raises :class:`OSError` where there is no network to hear anything on.
    """
    logging.getLogger("zeroconf").setLevel(logging.CRITICAL + 1)  # what strangers send is no news
    own = [address for address in addresses if is_of_this_machine(address)]
    if not own:
        return []
    try:
        network = zeroconf.Zeroconf(interfaces=own)
    except (RuntimeError, zeroconf.Error) as error:
        raise OSError(str(error)) from error
    thread = getattr(network, "_loop_thread", None)
    if thread is not None:
        thread.name = "setup-mdns-loop"
    try:
        names = _names(network, search_s, wait)
        return _nodes(network, names, clock() + ASK_S, clock)
    finally:
        network.close()


def _names(
    network: zeroconf.Zeroconf, search_s: float, wait: Callable[[float], object]
) -> list[str]:
    """Return the first names that are announced."""
    heard: queue.Queue[str] = queue.Queue(MAX_SERVICES)

    def note(*, name: str, state_change: zeroconf.ServiceStateChange, **_: object) -> None:
        if state_change is zeroconf.ServiceStateChange.Added:
            with contextlib.suppress(queue.Full):
                heard.put_nowait(name)

    browser = zeroconf.ServiceBrowser(network, SERVICE_TYPE, handlers=[note])
    try:
        wait(search_s)
    finally:
        browser.cancel()
    return list(dict.fromkeys(heard.get_nowait() for _ in range(heard.qsize())))


def _nodes(
    network: zeroconf.Zeroconf, names: Iterable[str], until_s: float, clock: Callable[[], float]
) -> list[FoundNode]:
    """Return where the services of those names are; those first that have said it already."""
    found: dict[str, FoundNode] = {}
    silent: list[zeroconf.ServiceInfo] = []
    for name in names:
        with contextlib.suppress(zeroconf.Error, ValueError):
            info = zeroconf.ServiceInfo(SERVICE_TYPE, name)
            if info.load_from_cache(network):
                _enter(found, info)
            else:
                silent.append(info)
    for info in silent:
        if clock() >= until_s:
            break
        with contextlib.suppress(zeroconf.Error, ValueError):
            if info.request(network, _ASK_ONE_MS):
                _enter(found, info)
    return list(found.values())


def _enter(found: dict[str, FoundNode], info: zeroconf.ServiceInfo) -> None:
    port = info.port or 0
    if not 1 <= port <= MAX_PORT:
        return
    versions = (zeroconf.IPVersion.V4Only, zeroconf.IPVersion.V6Only)
    for text in [one for version in versions for one in info.parsed_scoped_addresses(version)]:
        with contextlib.suppress(AddressError):
            host = parse_address(text).host
            found.setdefault(f"{host} {port}", FoundNode(host, port, label=_label(info)))
            return


def _label(info: zeroconf.ServiceInfo) -> str:
    """Return the names that a service gives itself, quoted one by one."""
    told = (info.properties.get(name) or b"" for name in (b"shortname", b"id"))
    names = [
        info.name.removesuffix(f".{SERVICE_TYPE}"),
        *(one.decode("utf-8", "replace") for one in told),
    ]
    return " ".join(filter(None, (quoted(name, MAX_LABEL_CHARS) for name in names)))
