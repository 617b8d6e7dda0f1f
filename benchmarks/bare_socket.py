"""Contender: the floor. The bytes are read from the socket and parsed, and nothing else is done."""

import contextlib
import socket
import threading

from meshtastic.protobuf import mesh_pb2

from benchmarks.contender import CONNECT_LIMIT_S, Contender, run
from meshbot.link.frame_decoder import HEADER_BYTES, encode_frame

CONFIG_ID = 7
READ_BYTES = 65_536


class BareSocket(Contender):
    """A socket and protobuf."""

    def __init__(self, port: int, speed: float) -> None:
        """Prepare the reader."""
        super().__init__(port, speed)
        self._socket: socket.socket | None = None
        self._complete = threading.Event()
        self._reader = threading.Thread(target=self._read, name="reader", daemon=True)

    def connect(self) -> None:
        """Ask for everything; return when it has come."""
        self._socket = socket.create_connection(("127.0.0.1", self._port))
        request = mesh_pb2.ToRadio(want_config_id=CONFIG_ID)
        self._socket.sendall(encode_frame(request.SerializeToString()))
        self._reader.start()
        if not self._complete.wait(CONNECT_LIMIT_S):
            raise RuntimeError("not connected")

    def _read(self) -> None:
        assert self._socket is not None
        pending = b""
        while data := self._socket.recv(READ_BYTES):
            pending += data
            position = 0
            while len(pending) - position >= HEADER_BYTES:
                begin = position + HEADER_BYTES
                end = begin + int.from_bytes(pending[position + 2 : begin], "big")
                if len(pending) < end:
                    break
                message = mesh_pb2.FromRadio.FromString(pending[begin:end])
                position = end
                if message.HasField("packet"):
                    self.count_packet()
                elif message.config_complete_id == CONFIG_ID:
                    self._complete.set()
            pending = pending[position:]

    def stop(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()


if __name__ == "__main__":
    run(BareSocket)
