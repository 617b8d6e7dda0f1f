"""A session with a node over a serial port. Owns the port; see SupervisedInterface."""

import errno
import logging
import math
import termios
import threading
from collections.abc import Callable

import serial
from meshtastic.protobuf import mesh_pb2

from meshbot.link.frame_decoder import MAX_PAYLOAD_BYTES, START2
from meshbot.link.frame_writer import WRITE_TIMEOUT_S
from meshbot.link.interface_events import InterfaceEvents
from meshbot.link.serial_port_finder import SerialPortFinder, lasting_name, likely_ports
from meshbot.link.session_options import SessionOptions
from meshbot.link.supervised_interface import GOODBYE_TIMEOUT_S, SupervisedInterface
from meshbot.model.cause import Cause
from meshbot.model.link_error import LinkError
from meshbot.text.language import tr
from meshbot.text.typography import labelled

log = logging.getLogger(__name__)

BAUD_RATE = 115_200
READ_TIMEOUT_S = 5.0  # cancel_read() interrupts it
WAKE = bytes([START2] * 32)  # no frame begins with it: it only wakes
WAKE_DELAY_S = 0.1  # a node asleep needs it between the first bytes and the first frame
ASK_AGAIN_S = 5.0  # an ESP32 boots for three to ten seconds
ASKS_AGAIN = 4  # then a port from which not one frame came is called mute: after 25 s, as an
# ESP32-S3 may hold everything back for 20 (firmware#11864)
PAUSE_FACTOR = 3  # nodes make pauses of 10 s while they send their database (meshmonitor#5122)
_UNPLUGGED = ("readiness to read", "[Errno 5]", "[Errno 6]", "[Errno 19]")
"""How pyserial and the system put it; a node on native USB is gone as well while it restarts."""


def find_serial_port(candidates: Callable[[], list[str]] = likely_ports) -> str:
    """Return the one serial port that looks like a node.

    Raises :class:`LinkError` when there is none, or several to choose from.
    """
    found = candidates()
    if not found:
        raise LinkError(Cause.NO_PORT)
    if len(found) > 1:
        names = [lasting_name(path) or path for path in found]
        raise LinkError(Cause.SEVERAL_PORTS, ", ".join(names))
    return found[0]


class MeshSerialInterface(SupervisedInterface):
    """One opened serial port. It never reopens; a new session is a new object."""

    loses_bytes = True

    def __init__(
        self,
        events: InterfaceEvents,
        path: str | None,
        options: SessionOptions,
        *,
        finder: SerialPortFinder | None = None,
        ask_again_s: float = ASK_AGAIN_S,
    ) -> None:
        """Prepare a session on ``path``, or on the port found by itself where it is None.

        ``finder`` knows where the node of the sessions before is now.
        """
        super().__init__(events, options)
        self._path = path
        self._finder = finder or SerialPortFinder(path)
        self._ask_again_s = ask_again_s
        self._port: serial.Serial | None = None
        self._stop = threading.Event()
        self._asked_s = -math.inf
        """When the configuration was asked for again; with the count, the reader's own."""
        self._asked_again = 0
        self._spoken = False
        """Whether one frame came; the reader's own."""

    def __repr__(self) -> str:
        """Name the port, and nothing of the node's configuration."""
        return f"MeshSerialInterface({self._path!r})"

    def _open_stream(self, stop: threading.Event) -> None:
        path = self._finder.path() or find_serial_port()
        self._path, self._stop = path, stop
        try:
            # exclusive: two programs on one port would each read half of every frame.
            # DTR and RTS are raised, both together, by the system as it opens the port and by
            # pyserial. So it must be: native USB (nRF52, RP2040) takes a low DTR for nobody being
            # there, and the two transistors that let an ESP32 be flashed reset it only while one
            # line is up and the other down.
            self._port = serial.Serial(
                path,
                BAUD_RATE,
                timeout=min(READ_TIMEOUT_S, self._ask_again_s),
                write_timeout=WRITE_TIMEOUT_S,
                exclusive=True,
            )
            self._keep_node_running(self._port.fileno())
            self._port.write(WAKE)
        except (OSError, ValueError, termios.error) as error:
            raise _open_failure(path, error) from error
        self._finder.opened(path)
        stop.wait(WAKE_DELAY_S)

    @staticmethod
    def _keep_node_running(descriptor: int) -> None:
        """Keep the line up when the port is closed: many boards take its fall for a reset."""
        attributes = termios.tcgetattr(descriptor)
        attributes[2] &= ~termios.HUPCL
        termios.tcsetattr(descriptor, termios.TCSANOW, attributes)

    def _read_stream(self) -> bytes | None:
        if self.ready_s is None:
            self._press_for_configuration()
        port = self._port
        if port is None:
            return b""
        # At least one byte, then whatever else has come: blocks without waiting for a full one.
        try:
            first = port.read(1)
            return bytes(first + port.read(port.in_waiting)) if first else None
        except TypeError:  # pyserial, when the port is closed under a read
            return b""

    def _press_for_configuration(self) -> None:
        """Ask once more where it stands still: a node that boots hears nothing for seconds.

        Nothing else would tell. The hello of a node that restarts may be garbled, and it answers
        nothing but heartbeats until it is asked. Raises :class:`LinkError` where not one frame ever
        came of all the asking.
        """
        now_s = self._clock()
        # A node in the middle of it begins anew when it is asked: one that pauses must not be for
        # ever, yet one that restarted there must be.
        begun = self.own_num != 0
        patience_s = self._ask_again_s * (PAUSE_FACTOR if begun else 1)
        if now_s - max(self.last_progress_s, self._asked_s) < patience_s:
            return
        if begun and self._asked_again >= ASKS_AGAIN:
            return
        if self._asked_again >= ASKS_AGAIN and not self._spoken:
            raise LinkError(Cause.PORT_MUTE, str(self._path))
        self._asked_s = now_s
        self._asked_again += 1
        # Half a frame may be left in the node from a session that was cut: it outlives that. The
        # node's buffer is half as long, and what does not fit is lost: the question comes later.
        self._writeBytes(bytes([START2] * MAX_PAYLOAD_BYTES))
        self._stop.wait(WAKE_DELAY_S)
        self._startConfig()

    @property
    def _ends_with_node(self) -> bool:
        return False

    def shows_session(self, message: mesh_pb2.FromRadio) -> bool:
        """Say whether the node sends this only to somebody whose session it knows of."""
        self._spoken = True
        return super().shows_session(message)

    def ask_heartbeat(self) -> None:
        """Ask for the metadata: a heartbeat is answered without a session, too."""
        self.ask_metadata()

    def _write_stream(self, data: bytes, timeout_s: float) -> None:
        port = self._port
        if port is None:
            raise OSError(errno.ENOTCONN, "port closed")
        try:
            if port.write_timeout != timeout_s:
                port.write_timeout = timeout_s
            port.write(data)
        except serial.SerialTimeoutException:
            raise LinkError(Cause.NOT_READING) from None
        except (TypeError, termios.error) as error:  # closed, or gone, just now
            raise OSError(errno.EIO, str(error)) from error

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
            _drop_unsent(port)
            port.close()

    def _loss(self, error: Exception | None) -> LinkError:
        if error is None:
            return LinkError(Cause.PORT_CLOSED)
        if isinstance(error, LinkError):
            return error
        log.debug("port lost: %s", error)
        unplugged = any(sign in str(error) for sign in _UNPLUGGED)
        return LinkError(
            Cause.PORT_LOST, tr("câble débranché, ou nœud redémarré") if unplugged else str(error)
        )


def _drop_unsent(port: serial.Serial) -> None:
    """Forget what a node that hangs does not take, once the goodbye had its time.

    The system would keep whoever closes the port waiting for it, half a minute on USB
    (``closing_wait``), and so the end of the program.
    """
    try:
        if port.out_waiting:
            threading.Event().wait(GOODBYE_TIMEOUT_S)
        if port.out_waiting:
            port.reset_output_buffer()
    except (OSError, TypeError, termios.error) as error:  # gone
        log.debug("dropping what was not sent: %s", error)


def _open_failure(path: str, error: Exception) -> LinkError:
    if isinstance(error, serial.SerialTimeoutException):
        return LinkError(Cause.NOT_READING)
    number = getattr(error, "errno", None)
    text = str(error)
    if number in (errno.EMFILE, errno.ENFILE):
        return LinkError(Cause.NO_DESCRIPTOR)
    if number == errno.ENOENT:
        return LinkError(Cause.PORT_ABSENT, path)
    if number == errno.EACCES:
        return LinkError(Cause.PORT_FORBIDDEN, path)
    if number in (errno.EBUSY, errno.EAGAIN) or "exclusively lock" in text:
        return LinkError(Cause.PORT_BUSY, path)
    return LinkError(Cause.PORT_FAILED, labelled(path, text))
