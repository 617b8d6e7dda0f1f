"""A serial port whose other end is a simulated node, with what is between them on a real board.

The bridge (a pseudo-terminal) stays while the chip behind it dies, boots or hangs. The chip reads
as the firmware does (``StreamAPI.cpp``, ``SerialConsole.cpp``, ``PhoneAPI.cpp`` of 2.7.26): half a
frame stays in its reader from one session to the next, what comes before its configuration is
loaded is dropped, and without a session it answers heartbeats, as 2.7.5 and later do, and nothing
else.
"""

import contextlib
import os
import pty
import select
import socket
import termios
import threading
import tty
from collections.abc import Callable

from google.protobuf.message import DecodeError
from meshtastic.protobuf import mesh_pb2

from meshbot.link.frame_decoder import MAX_PAYLOAD_BYTES, START1, START2, encode_frame
from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.limits import WAIT_S

ROM_LOG = (
    b"ets Jul 29 2019 12:21:46\r\n\r\nrst:0xc (SW_CPU_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n"
    b"configsip: 0, SPIWP:0xee\r\nclk_drv:0x00,q_drv:0x00,d_drv:0x00,cs0_drv:0x00,hd_drv:0x00,"
    b"wp_drv:0x00\r\nmode:DIO, clock div:2\r\nload:0x3fff0030,len:1184\r\nload:0x40078000,len:13232"
    b"\r\nload:0x40080400,len:3028\r\nentry 0x400805e4\r\n"
)
"""What an ESP32's ROM says when it starts."""
DEBUG_LOG = b"\x1b[34mDEBUG \x1b[0m| ??:??:?? 3 [Power] Battery: usbPower=1, isCharging=0\r\n"
BUFFER_BYTES = 256  # HWCDC of the ESP32 core
HELLO = encode_frame(mesh_pb2.FromRadio(rebooted=True).SerializeToString())


class FirmwareReader:
    """The firmware's reader of frames: no way back from half a frame but its length."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Return the payloads that are complete now."""
        frames = []
        for byte in data:
            buffer = self._buffer
            buffer.append(byte)
            wanted = (START1, START2)
            if len(buffer) <= 2:
                if byte != wanted[len(buffer) - 1]:
                    buffer.clear()
                continue
            length = int.from_bytes(buffer[2:4], "big")
            if len(buffer) == 4 and length > MAX_PAYLOAD_BYTES:
                buffer.clear()
            elif len(buffer) >= 4 and len(buffer) >= 4 + length:
                frames.append(bytes(buffer[4:]))
                buffer.clear()
        return frames


class Cable:
    """Carries frames between a pseudo-terminal and a simulated node's socket."""

    def __init__(self, node: SimulatedNode) -> None:
        self._node = node
        self._master, slave = pty.openpty()
        tty.setraw(slave)
        attributes = termios.tcgetattr(slave)
        attributes[3] &= ~termios.ECHO
        termios.tcsetattr(slave, termios.TCSANOW, attributes)
        self.path = os.ttyname(slave)
        self._slave = slave
        self._wake_read, self._wake_write = os.pipe()
        self._lock = threading.Lock()
        self._reader = FirmwareReader()
        self._socket: socket.socket | None = None
        self._deaf = False
        self._held: bytes | None = None
        """What waits in the chip's buffer, while it does not look."""
        self.heard = threading.Semaphore(0)
        """Released for each frame that reaches the chip, and each that it is deaf to."""
        self.frames: list[mesh_pb2.ToRadio] = []
        """Those the chip has understood."""
        self._unplugged = False
        self._thread = threading.Thread(target=self._carry, name="cable", daemon=True)
        self._thread.start()

    # -- What happens to the chip --------------------------------------------------------------

    def die(self) -> None:
        """Have the chip stop: the port stays, and swallows everything."""
        with self._lock:
            self._deaf = True
            self._end_session()

    def boot(self, *output: bytes, hears: bool = True) -> None:
        """Have the chip start again, with this on the line; it ``hears`` when it has loaded."""
        with self._lock:
            self._end_session()
            self._reader = FirmwareReader()
            self._deaf = not hears
            for part in output:
                os.write(self._master, part)

    def come_up(self) -> None:
        """Have the chip's configuration loaded."""
        with self._lock:
            self._deaf = False

    def hold_back(self) -> None:
        """Have the chip not look at its buffer; what does not fit there is lost."""
        with self._lock:
            self._held = b""

    def let_go(self) -> None:
        """Have it look again."""
        with self._lock:
            data, self._held = self._held or b"", None
            self._from_computer(data)

    def say(self, data: bytes) -> None:
        """Put bytes on the line to the computer."""
        os.write(self._master, data)

    def stop_reading(self) -> None:
        """Have the bridge take no more bytes."""
        os.write(self._wake_write, b"x")
        self._thread.join(WAIT_S)

    def attributes(self) -> list[int]:
        """Return the settings of the port."""
        return termios.tcgetattr(self._slave)

    def put_half_a_frame_into_the_chip(self) -> None:
        """Leave the chip waiting for the rest of the longest frame."""
        with self._lock:
            self._reader.feed(bytes((START1, START2, 2, 0)) + b"half")

    def wait_for(self, holds: Callable[[mesh_pb2.ToRadio], bool], times: int = 1) -> bool:
        """Wait until the chip has understood frames of a kind."""
        while sum(map(holds, list(self.frames))) < times:
            if not self.heard.acquire(timeout=WAIT_S):
                return False
        return True

    # -- The thread ----------------------------------------------------------------------------

    def _carry(self) -> None:
        while True:
            with self._lock:
                node = self._socket
            ends: list[int | socket.socket] = [self._master, self._wake_read]
            readable, _, _ = select.select(ends if node is None else [*ends, node], [], [], 0.05)
            if self._wake_read in readable:
                return
            with contextlib.suppress(OSError), self._lock:
                if self._master in readable:
                    self._from_computer(os.read(self._master, 4096))
                if node is not None and node is self._socket and node in readable:
                    self._from_node(node.recv(4096))

    def _from_computer(self, data: bytes) -> None:
        if self._deaf:
            self.heard.release()
            return
        if self._held is not None:
            self._held = (self._held + data)[:BUFFER_BYTES]
            self.heard.release()
            return
        for payload in self._reader.feed(data):
            try:
                message = mesh_pb2.ToRadio.FromString(payload)
            except DecodeError:
                continue  # the firmware ignores it
            self.frames.append(message)
            self._obey(message, payload)
            self.heard.release()

    def _obey(self, message: mesh_pb2.ToRadio, payload: bytes) -> None:
        if message.HasField("want_config_id") and self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._node.port))
        if self._socket is not None:
            self._socket.sendall(encode_frame(payload))
            if message.disconnect:
                self._end_session()
        elif message.HasField("heartbeat"):
            status = mesh_pb2.QueueStatus(free=16, maxlen=16)
            reply = mesh_pb2.FromRadio(queueStatus=status).SerializeToString()
            os.write(self._master, encode_frame(reply))

    def _from_node(self, data: bytes) -> None:
        if data:
            os.write(self._master, data)
        else:
            self._end_session()

    def _end_session(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def unplug(self) -> None:
        """Pull the cable: the port is gone. Harmless when it is."""
        if self._unplugged:
            return
        self._unplugged = True
        os.write(self._wake_write, b"x")
        self._thread.join(WAIT_S)
        self._end_session()
        for descriptor in (self._master, self._slave, self._wake_read, self._wake_write):
            with contextlib.suppress(OSError):
                os.close(descriptor)
