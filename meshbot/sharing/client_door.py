"""Lets clients in: keeps the port open, and takes connections from it at a bearable pace.

Owned by the loop's thread; only :attr:`ClientDoor.address` may be read from others. Where the port
cannot be opened it is tried again for ever: somebody else may hold it, or the address may not be
there yet.
"""

import logging
import math
import socket
from typing import Any

from meshbot.sharing.allowance import Allowance
from meshbot.sharing.listening_socket import (
    NoMeansError,
    host_of,
    label,
    next_connection,
    open_port,
)
from meshbot.sharing.local_address import is_loopback
from meshbot.sharing.server_limits import ServerLimits
from meshbot.sharing.server_narrator import ServerNarrator
from meshbot.sharing.share_settings import ShareSettings
from meshbot.text.language import tr
from meshbot.threads.shortage import shortage_text

log = logging.getLogger(__name__)

MOST_AT_ONCE = 8
"""Connections taken before others have their turn."""
NO_MEANS_PAUSE_S = 1.0
NO_MEANS_LINE_S = 60.0


class ClientDoor:
    """The listening socket, when there is one, and when to look at it."""

    def __init__(
        self,
        settings: ShareSettings,
        narrator: ServerNarrator,
        limits: ServerLimits,
        now_s: float,
    ) -> None:
        """Closed as yet."""
        self._settings = settings
        self._narrator = narrator
        self._retry_s = limits.retry_s
        self._pace = Allowance(limits.accepts_per_s, limits.accept_burst, now_s)
        self._closed_until_s = -math.inf
        """Before that the port is not tried again, or nobody let in."""
        self._said_no_means_s = -math.inf
        self.socket: socket.socket | None = None
        self.address: tuple[str, int] | None = None
        """Where clients come to, None while they cannot."""

    def try_to_open(self, now_s: float) -> None:
        """Open the port, if it is not and its time has come."""
        if self.socket is not None or now_s < self._closed_until_s:
            return
        address, port = self._settings.address, self._settings.port
        try:
            opened = open_port(address, port)
        except (OSError, UnicodeError) as error:  # UnicodeError: no name at all
            self._closed_until_s = now_s + self._retry_s
            failed = error if isinstance(error, OSError) else OSError(str(error))
            self._narrator.not_listening(label(address, port), failed)
            return
        where = opened.getsockname()
        self.socket, self.address = opened, (where[0], where[1])
        self._narrator.listening(label(where[0], where[1]), not is_loopback(host_of(where)))

    def may_accept(self, now_s: float) -> bool:
        """Say whether to look who waits outside."""
        return self.socket is not None and not self.wait_s(now_s)

    def wait_s(self, now_s: float) -> float:
        """Return how long it takes until the port is tried, or somebody let in, again."""
        return max(self._closed_until_s - now_s, self._pace.wait_s(now_s), 0.0)

    def next_connection(self, now_s: float) -> tuple[socket.socket, Any] | None:
        """Return the next client and where it comes from, None if nobody may come in now."""
        if self.socket is None or self.wait_s(now_s):
            return None
        try:
            found = next_connection(self.socket)
        except NoMeansError as error:
            self._closed_until_s = now_s + NO_MEANS_PAUSE_S
            self._say_no_means(error, now_s)
            return None
        except OSError:
            self._pace.take(1)  # so that an error that comes each time does not keep the loop busy
            return None
        if found is not None:
            self._pace.take(1)
        return found

    def _say_no_means(self, error: OSError, now_s: float) -> None:
        if now_s - self._said_no_means_s >= NO_MEANS_LINE_S:
            self._said_no_means_s = now_s
            log.error(
                tr("❌ %s : les nouveaux clients du nœud partagé attendent"),
                shortage_text(error) or error.strerror,
            )

    def close(self) -> None:
        """Let nobody in any more."""
        if self.socket is not None:
            self.socket.close()
        self.socket = self.address = None
