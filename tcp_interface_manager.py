"""The one live TCP interface to the node: see InterfaceManager for what it promises."""

import random
import time
from collections.abc import Callable

from meshbot.link.interface_manager import InterfaceManager, LinkListener
from meshbot.link.link_policy import LinkSettings
from meshbot.link.mesh_tcp_interface import MeshTCPInterface
from meshbot.model.link_notes import LinkNotes


class TCPInterfaceManager(InterfaceManager):
    """Opens, watches, replaces and closes the TCP connection to ``host:port``."""

    kind = "TCP"

    def __init__(
        self,
        listener: LinkListener,
        settings: LinkSettings,
        host: str,
        port: int | Callable[[], int],
        *,
        connect_timeout_s: float,
        queue_wait_s: float,
        light_reconnect: bool,
        notes: LinkNotes | None = None,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Prepare the link; :meth:`start` opens it. A ``port`` to be called is that
        of the simulated node, unknown before it listens."""
        super().__init__(
            listener,
            settings,
            "nœud simulé" if callable(port) else f"{host}:{port}",
            light_reconnect=light_reconnect,
            notes=notes,
            clock=clock,
            jitter=jitter,
        )
        self._host = host
        self._port = port
        self._connect_timeout_s = connect_timeout_s
        self._queue_wait_s = queue_wait_s

    def _new_interface(self, *, without_nodes: bool) -> MeshTCPInterface:
        return MeshTCPInterface(
            self,
            self._host,
            self._port() if callable(self._port) else self._port,
            without_nodes=without_nodes,
            connect_timeout_s=self._connect_timeout_s,
            queue_wait_s=self._queue_wait_s,
            clock=self._clock,
        )
