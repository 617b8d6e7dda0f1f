"""Finds the port again that a node is on, after it has got another name.

Remembers the USB device that answered as a node, for as long as the program runs, and never takes a
different one for it. Entered by the link thread; :meth:`SerialPortFinder.is_the_node` by a
session's reader, between the opening of that session and of the next.
"""

import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from meshtastic.util import findPorts
from serial.tools import list_ports

from meshbot.link.usb_device import PortInfo, UsbDevice, look_alikes, surely, usb_device
from meshbot.model.cause import Cause
from meshbot.model.link_error import LinkError
from meshbot.text.language import tr

log = logging.getLogger(__name__)

BY_ID = Path("/dev/serial/by-id")


def present_ports() -> Sequence[PortInfo]:
    """Return the serial ports of this machine."""
    try:
        return list(list_ports.comports())
    except (OSError, TypeError, ValueError):  # one was unplugged while pyserial looked at it
        return []


def likely_ports() -> list[str]:
    """Return the names of the ports that may be a node's, as the library judges."""
    try:
        return list(findPorts(True))
    except (OSError, TypeError, ValueError):  # as above
        return []


def lasting_name(path: str, folder: Path | None = None) -> str:
    """Return the name of a port that stays its device's wherever it is plugged in, or nothing."""
    target = os.path.realpath(path)
    try:
        names = sorted((folder or BY_ID).iterdir())
    except OSError:  # no such folder without udev
        return ""
    return next((str(name) for name in names if os.path.realpath(name) == target), "")


class SerialPortFinder:
    """Where the node is now."""

    def __init__(
        self, setting: str | None, *, ports: Callable[[], Sequence[PortInfo]] = present_ports
    ) -> None:
        """``setting`` is the port that the operator named, None for any."""
        self._setting = setting
        self._ports = ports
        self._opened: tuple[str, UsbDevice | None] = ("", None)
        self._node: tuple[str, UsbDevice] | None = None
        """The device that answered as a node last, and the name that its port had."""
        self._told = setting or ""

    def path(self) -> str | None:
        """Return the port to open; None where any that looks like a node will do.

        Raises :class:`LinkError` when the node's device is not there, but another in its place.
        """
        if self._node is None:
            return self._setting
        last_path, device = self._node
        ports = self._ports()
        if self._setting is not None:
            return _named(self._setting, device, ports)
        found = surely(device, ports) or look_alikes(device, ports)
        if len(found) != 1:
            raise LinkError(Cause.PORT_ABSENT, last_path)
        return found[0]

    def opened(self, path: str) -> None:
        """Note the port that a session was opened on."""
        self._opened = path, _device_at(path, self._ports())

    def is_the_node(self) -> None:
        """Hear that a node answers on the port that was opened."""
        path, device = self._opened
        if device is None:
            return
        self._node = path, device
        if self._told and os.path.realpath(self._told) != os.path.realpath(path):
            lasting = lasting_name(path)
            log.info(
                tr("ℹ️ Le nœud (%s) est passé de %s à %s%s"),
                device,
                self._told,
                path,
                tr(" ; SERIAL_PORT={lasting} le suit toujours", lasting=lasting) if lasting else "",
            )
        self._told = path


def _named(setting: str, device: UsbDevice, ports: Sequence[PortInfo]) -> str:
    """Return the port that the operator named, or where its device is now."""
    there = _device_at(setting, ports)
    if there is not None and device.is_surely(there):
        return setting
    found = surely(device, ports)
    if len(found) == 1:
        return found[0]
    if there is None:  # the name may be there already, but nobody knows yet whose it is
        raise LinkError(Cause.PORT_ABSENT, setting)
    if not device.looks_like(there):
        raise LinkError(Cause.PORT_OF_ANOTHER, f"{setting} ({there})")
    return setting


def _device_at(path: str, ports: Sequence[PortInfo]) -> UsbDevice | None:
    target = os.path.realpath(path)
    for port in ports:
        if os.path.realpath(port.device) == target:
            return usb_device(port)
    return None
