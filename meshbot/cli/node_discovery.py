"""Looks for nodes around this machine: on its networks and on its USB ports."""

import logging
from collections.abc import Sequence

from meshbot.cli.found_node import FoundNode
from meshbot.link.serial_port_finder import lasting_name, likely_ports, present_ports
from meshbot.link.usb_device import usb_device
from meshbot.sharing.local_address import addresses_to_find
from meshbot.text.foreign_text import printable, quoted
from meshbot.text.language import tr

log = logging.getLogger(__name__)

ALL_NETWORKS = "0.0.0.0"


def nodes_around() -> Sequence[FoundNode]:
    """Return the nodes found, those on USB first: they need no network to go on being there."""
    return [*usb_nodes(), *network_nodes()]


def usb_nodes() -> list[FoundNode]:
    """Return the ports that may be a node's, by a name that lasts where there is one."""
    devices = {port.device: usb_device(port) for port in present_ports()}
    found = []
    for path in likely_ports():
        device = devices.get(path)
        label = quoted(str(device)) if device is not None else ""
        found.append(FoundNode(serial_port=lasting_name(path) or path, label=label))
    return found


def network_nodes() -> list[FoundNode]:
    """Return the nodes that announce themselves; without a network, none and a line."""
    # Only here: it takes a tenth of a second to load.
    from meshbot.cli.mdns_search import announced_nodes  # noqa: PLC0415

    try:
        return announced_nodes(addresses_to_find(ALL_NETWORKS))
    except OSError as error:
        problem = printable(error.strerror or str(error))
        log.warning(tr("⚠️ Pas de recherche sur le réseau (mDNS) : %s"), problem)
        return []
