"""Which USB device is behind a serial port, whatever the port's name. Pure.

``/dev/ttyUSB0`` is the name of a place in a queue: pulled and plugged in again, or with another
device beside it, a node is ``/dev/ttyUSB1``. A device is known again by its serial number where it
has one of its own, else by the socket it is plugged into. Many have none: bridges of the kind CH340
not at all, and cheap CP2102 all say "0001".
"""

import re
from collections.abc import Iterable
from typing import NamedTuple, Protocol

from meshbot.text.language import tr
from meshbot.text.log_format import printable

_COUNTED_NUMBER = re.compile(r"0*1?|0*12345\d{0,5}(abcdef)?", re.IGNORECASE)
"""Serial numbers that a maker gives to all of a kind."""


class PortInfo(Protocol):
    """What pyserial's ``ListPortInfo`` says of a port."""

    device: str
    vid: int | None
    pid: int | None
    serial_number: str | None
    location: str | None
    product: str | None


class UsbDevice(NamedTuple):
    """One port of one USB device, and where it is plugged in."""

    vid: int
    pid: int
    serial_number: str
    socket: str
    """Bus and sockets on the way, such as ``1-1.2``."""
    interface: str
    """Which of the device's own ports, such as ``1.0``; empty where it has one."""
    product: str = ""

    @property
    def is_numbered(self) -> bool:
        """Whether its serial number is its own."""
        return _COUNTED_NUMBER.fullmatch(self.serial_number) is None

    def looks_like(self, other: "UsbDevice") -> bool:
        """Say whether nothing tells the two apart but where they are plugged in."""
        return self._kind() == other._kind()

    def is_surely(self, other: "UsbDevice") -> bool:
        """Say whether the other is this very device, and not one of its kind."""
        return self.looks_like(other) and (self.is_numbered or self.socket == other.socket)

    def _kind(self) -> tuple[object, ...]:
        return self.vid, self.pid, self.serial_number, self.interface

    def __str__(self) -> str:
        """Name it for people."""
        name = self.product or f"USB {self.vid:04x}:{self.pid:04x}"
        return printable(
            tr("{name} n° {serial_number}", name=name, serial_number=self.serial_number)
            if self.serial_number
            else name
        )


def usb_device(port: PortInfo) -> UsbDevice | None:
    """Return the device behind a port; None where it is not on USB."""
    if port.vid is None or port.pid is None:
        return None
    socket, _, interface = (port.location or "").partition(":")
    return UsbDevice(
        port.vid, port.pid, port.serial_number or "", socket, interface, port.product or ""
    )


def surely(device: UsbDevice, ports: Iterable[PortInfo]) -> list[str]:
    """Return the names of the ports that are a device's for sure: at most one, but for twins."""
    found = [(name, other) for name, other in _devices(ports) if device.is_surely(other)]
    if len(found) > 1:  # a number that is not its own after all
        found = [(name, other) for name, other in found if other.socket == device.socket]
    return [name for name, _ in found]


def look_alikes(device: UsbDevice, ports: Iterable[PortInfo]) -> list[str]:
    """Return the names of the ports of devices that nothing but their place tells from this one."""
    return [name for name, other in _devices(ports) if device.looks_like(other)]


def _devices(ports: Iterable[PortInfo]) -> list[tuple[str, UsbDevice]]:
    devices = [(port.device, usb_device(port)) for port in ports]
    return [(name, device) for name, device in devices if device is not None]
