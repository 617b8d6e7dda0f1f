"""One client's connection to the simulated node: the socket, its buffers, its frames.

Owned by the node's loop thread alone; no other thread enters.
"""

import contextlib
import select
import socket
import struct

from meshbot.link.frame_decoder import FrameDecoder

_POLLRDHUP: int = getattr(select, "POLLRDHUP", 0)
_READ_BYTES = 65536
_SEND_BYTES = 262144


class LinkLostError(Exception):
    """The client closed or reset the connection."""


class SimulatedLink:
    """The non-blocking socket of one accepted connection."""

    def __init__(self, sock: socket.socket, opened_at_s: float) -> None:
        """Take over an accepted socket."""
        sock.setblocking(False)
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = sock
        self.opened_at_s = opened_at_s
        self.heard_at_s = opened_at_s
        self.closed = False
        self.frozen = False
        self.reset_when_drained = False
        # How many packets more are lost before the node notices; None: the link is not cut.
        self.losses_left: int | None = None
        self.bytes_sent = 0
        self.frames_sent = 0
        self.bytes_received = 0
        self.out = bytearray()
        self._decoder = FrameDecoder(bytes)

    @property
    def junk_bytes(self) -> int:
        """Bytes received that belonged to no frame."""
        return self._decoder.skipped_bytes

    def receive(self) -> list[bytes]:
        """Read what there is; return the complete frames' payloads.

        Raises :class:`LinkLostError` only when nothing more was there to read before the end, so
        the frames sent just before a close are not lost with it.
        """
        received = bytearray()
        lost = False
        while True:
            try:
                chunk = self.sock.recv(_READ_BYTES)
            except (BlockingIOError, InterruptedError):
                break
            except OSError:
                lost = True
                break
            if not chunk:
                lost = True
                break
            received += chunk
        self.bytes_received += len(received)
        if lost and not received:
            raise LinkLostError
        return self._decoder.feed(bytes(received))

    def flush(self) -> int:
        """Send as much as the socket takes; return how many bytes went out."""
        sent = 0
        while self.out:
            with memoryview(self.out) as view:
                try:
                    count = self.sock.send(view[:_SEND_BYTES])
                except (BlockingIOError, InterruptedError):
                    break
                except OSError as error:
                    raise LinkLostError from error
            del self.out[:count]
            sent += count
        self.bytes_sent += sent
        return sent

    def has_client_hung_up(self) -> bool:
        """Say whether the client's FIN or RST has arrived, even behind data we never read."""
        poll = select.poll()
        poll.register(self.sock, _POLLRDHUP)
        if poll.poll(0):
            return True
        try:
            return self.sock.recv(1, socket.MSG_PEEK) == b""
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            return True

    def close_by_fin(self) -> None:
        """Close as a node does that lets the client go."""
        if self.closed:
            return
        self.closed = True
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)
            # Unread data at close() would turn the FIN into a RST.
            while self.sock.recv(_READ_BYTES):
                pass
        self.sock.close()

    def close_by_rst(self) -> None:
        """Close as a node that crashed, or lost its power, does."""
        if self.closed:
            return
        self.closed = True
        with contextlib.suppress(OSError):
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()
