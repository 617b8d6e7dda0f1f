"""The one live TCP interface to the node: see InterfaceManager for what it promises."""

from collections.abc import Callable

from meshbot.link.interface_manager import InterfaceManager
from meshbot.link.link_listener import LinkListener
from meshbot.link.link_options import LinkOptions
from meshbot.link.mesh_tcp_interface import MeshTCPInterface
from meshbot.link.session_options import SessionOptions


class TCPInterfaceManager(InterfaceManager):
    """Opens, watches, replaces and closes the TCP connection to ``host:port``."""

    kind = "TCP"

    def __init__(
        self,
        listener: LinkListener,
        options: LinkOptions,
        host: str,
        port: int | Callable[[], int],
    ) -> None:
        """Prepare the link; :meth:`start` opens it. A callable ``port`` is that
        of the simulated node, unknown before it listens."""
        super().__init__(listener, options, "nœud simulé" if callable(port) else f"{host}:{port}")
        self._host = host
        self._port = port

    def _new_interface(self, options: SessionOptions) -> MeshTCPInterface:
        port = self._port() if callable(self._port) else self._port
        return MeshTCPInterface(self, self._host, port, options)
