"""A session with a node over a serial port. Owns the port; see SupervisedInterface."""

import errno
import termios
import threading
from collections.abc import Callable

import serial
from meshtastic.util import findPorts

from meshbot.link.frame_writer import WRITE_TIMEOUT_S
from meshbot.link.interface_events import InterfaceEvents
from meshbot.link.session_options import SessionOptions
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.model.cause import Cause
from meshbot.model.link_error import LinkError

BAUD_RATE = 115_200
READ_TIMEOUT_S = 5.0  # cancel_read() interrupts it
WAKE_DELAY_S = 0.1  # a node asleep needs it between the first bytes and the first frame


def find_serial_port(candidates: Callable[[], list[str]] = lambda: findPorts(True)) -> str:
    """Return the one serial port that looks like a node.

    Raises :class:`LinkError` when there is none, or several to choose from.
    """
    found = candidates()
    if not found:
        raise LinkError(Cause.NO_PORT)
    if len(found) > 1:
        raise LinkError(Cause.SEVERAL_PORTS, ", ".join(found))
    return found[0]


class MeshSerialInterface(SupervisedInterface):
    """One opened serial port. It never reopens; a new session is a new object."""

    loses_bytes = True

    def __init__(self, events: InterfaceEvents, path: str | None, options: SessionOptions) -> None:
        """Prepare a session on ``path``, or on the port found by itself where it is None."""
        super().__init__(events, options)
        self._path = path
        self._port: serial.Serial | None = None

    def __repr__(self) -> str:
        """Name the port, and nothing of the node's configuration."""
        return f"MeshSerialInterface({self._path!r})"

    def _open_stream(self, stop: threading.Event) -> None:
        path = self._path or find_serial_port()
        try:
            # exclusive: two programs on one port would each read half of every frame.
            self._port = serial.Serial(
                path,
                BAUD_RATE,
                timeout=READ_TIMEOUT_S,
                write_timeout=WRITE_TIMEOUT_S,
                exclusive=True,
            )
            self._keep_node_running(self._port.fileno())
        except (OSError, ValueError, termios.error) as error:
            raise _open_failure(path, error) from error
        stop.wait(WAKE_DELAY_S)

    @staticmethod
    def _keep_node_running(descriptor: int) -> None:
        """Keep the line up when the port is closed: many boards take its fall for a reset."""
        attributes = termios.tcgetattr(descriptor)
        attributes[2] &= ~termios.HUPCL
        termios.tcsetattr(descriptor, termios.TCSANOW, attributes)

    def _read_stream(self) -> bytes | None:
        port = self._port
        if port is None:
            return b""
        # At least one byte, then whatever else has come: blocks without waiting for a full one.
        try:
            first = port.read(1)
            return bytes(first + port.read(port.in_waiting)) if first else None
        except TypeError:  # pyserial, when the port is closed under a read
            return b""

    def _write_stream(self, data: bytes, timeout_s: float) -> None:
        port = self._port
        if port is None:
            raise OSError(errno.ENOTCONN, "port closed")
        port.write_timeout = timeout_s
        port.write(data)

    def has_unread_input(self) -> bool:
        """Say whether bytes wait at the port."""
        port = self._port
        try:
            return port is not None and bool(port.in_waiting)
        except (OSError, TypeError):  # gone, or closed meanwhile
            return False

    def _wake_stream(self) -> None:
        if self._port is not None:
            self._port.cancel_read()
            self._port.cancel_write()

    def _close_stream(self) -> None:
        with self._state:
            port, self._port = self._port, None
        if port is not None:
            port.close()

    def _loss(self, error: Exception | None) -> LinkError:
        if error is None:
            return LinkError(Cause.PORT_CLOSED)
        if isinstance(error, LinkError):
            return error
        return LinkError(Cause.PORT_LOST, str(error))


def _open_failure(path: str, error: Exception) -> LinkError:
    number = getattr(error, "errno", None)
    text = str(error)
    if number == errno.ENOENT:
        return LinkError(Cause.PORT_ABSENT, path)
    if number == errno.EACCES:
        return LinkError(Cause.PORT_FORBIDDEN, path)
    if number in (errno.EBUSY, errno.EAGAIN) or "exclusively lock" in text:
        return LinkError(Cause.PORT_BUSY, path)
    return LinkError(Cause.PORT_FAILED, f"{path} : {text}")
