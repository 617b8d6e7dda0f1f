"""The thread ``status``: answers by HTTP how the bot is.

One asyncio loop, which belongs to the thread, serves everybody; what it shows are the parts'
snapshots, so nobody of the bot waits for it.
"""

import asyncio
import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute

from meshbot.sharing.listening_socket import label, open_port
from meshbot.sharing.local_address import is_loopback
from meshbot.status.host_guard import HostGuard
from meshbot.status.quiet_server import QuietServer
from meshbot.status.status_limits import StatusLimits
from meshbot.text.language import mark, tr
from meshbot.text.line_limiter import LineLimiter
from meshbot.text.port_texts import port_error_text
from meshbot.threads.bot_thread import BotThread
from meshbot.threads.shortage import shortage_text

log = logging.getLogger(__name__)

ERROR_LINE_S = 600.0
RECOVERY_S = 5.0


class StatusServer(BotThread):
    """An HTTP server that only tells; everything that is asked of it is bounded."""

    error_line = mark("❌ Erreur inattendue au serveur d'état")

    def __init__(
        self,
        address: str,
        port: int,
        routes: Sequence[BaseRoute],
        *,
        allowed_hosts: Collection[str] = (),
        limits: StatusLimits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; the port is opened by the thread, so that the bot starts without it, too.

        ``allowed_hosts``: names of this machine beyond those that it knows itself. The routes'
        endpoints are coroutines and must not block.
        """
        super().__init__("status", clock)
        self._address = address
        self._port = port
        self._limits = limits or StatusLimits()
        self._error_lines = LineLimiter(ERROR_LINE_S)
        self._routes = Starlette(routes=routes, exception_handlers={Exception: self._failed})
        self._app = HostGuard(self._routes, {address, *allowed_hosts})
        self._end: Callable[[], object] = lambda: None
        """Ends the loop, from any thread; nothing where there is none."""
        self._is_refused = self._said_open = False
        self.bound_port = 0
        """At which it listens, 0 while it does not; for any thread."""
        self.listening = threading.Event()
        """Set while it listens."""

    @property
    def is_ending(self) -> bool:
        """Whether the server is to end; for any thread."""
        return self._stopping.is_set()

    def add_routes(self, routes: Sequence[BaseRoute]) -> None:
        """Serve more, before :meth:`start`."""
        self._routes.router.routes.extend(routes)

    def _wake(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed just now
            self._end()

    def _recover(self) -> None:
        self._stopping.wait(RECOVERY_S)

    def _do_next(self) -> None:
        """Serve until the end, or say that the port cannot be had, and wait."""
        self.progress.idle()  # to wait for somebody who asks is no lack of progress
        try:
            with open_port(self._address, self._port) as listening:
                asyncio.run(self._serve(listening))
        except OSError as error:
            self._say_refused(error)
            self._stopping.wait(self._limits.retry_s)
        finally:
            self.listening.clear()
            self.bound_port = 0

    async def _serve(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._loop_failed)
        port = listening.getsockname()[1]
        server = QuietServer(self._app, self._limits, lambda: self._opened(port))
        self._end = lambda: loop.call_soon_threadsafe(server.end)
        if not self._stopping.is_set():  # else nothing tells it to end any more
            await server.serve([listening])

    def _opened(self, port: int) -> None:
        self.bound_port = port
        self._say_open()
        self.listening.set()

    def _say_refused(self, error: OSError) -> None:
        if self._is_refused:
            return
        self._is_refused = True
        log.error(
            tr(
                "❌ Serveur d'état : port %s inutilisable (%s) ; nouvel essai chaque minute, le "
                "bot continue"
            ),
            label(self._address, self._port),
            port_error_text(error),
        )

    def _say_open(self) -> None:
        self._is_refused = False
        log.info(
            tr("📈 État du bot sur http://%s/, /healthz et /metrics"),
            label(self._address, self.bound_port),
        )
        if not (is_loopback(self._address) or self._said_open):
            self._said_open = True
            log.warning(
                tr(
                    "⚠️ État ouvert au réseau (STATUS_ADDRESS) : il n'y a pas de mot de passe, qui "
                    "atteint ce port le lit"
                )
            )

    async def _failed(self, request: Request, error: Exception) -> Response:
        """Tell of an error in an answer, now and then."""
        self._tell(error)
        return PlainTextResponse("internal error\n", status_code=500)

    def _loop_failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Tell of an error for which nobody waited, such as that of a lack of descriptors."""
        self._tell(context.get("exception"))
        log.debug("status loop: %s", context.get("message"))

    def _tell(self, error: BaseException | None) -> None:
        if not self._error_lines.allows(repr(type(error)), self._clock()):
            return
        lacking = shortage_text(error) if error is not None else None
        if lacking is not None:
            log.error(tr("❌ Serveur d'état en attente : %s"), lacking)
        else:
            log.error(tr(self.error_line), exc_info=error)
