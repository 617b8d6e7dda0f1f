"""The one live TCP interface to the node: see InterfaceManager for what it promises."""

import ipaddress
from collections.abc import Callable

from meshbot.link.interface_manager import InterfaceManager
from meshbot.link.link_listener import LinkListener
from meshbot.link.link_options import LinkOptions
from meshbot.link.mesh_tcp_interface import MeshTCPInterface
from meshbot.link.other_host import OtherHost
from meshbot.link.session_options import SessionOptions
from meshbot.service.node_address import place_text
from meshbot.text.language import tr


class TCPInterfaceManager(InterfaceManager):
    """Opens, watches, replaces and closes the TCP connection to ``host:port``."""

    kind = "TCP"

    def __init__(
        self,
        listener: LinkListener,
        options: LinkOptions,
        host: str,
        port: int | Callable[[], int],
        *,
        other_host: OtherHost | None = None,
    ) -> None:
        """Prepare the link; :meth:`start` opens it. A callable ``port`` is that
        of the simulated node, unknown before it listens. ``other_host`` is asked
        when the node cannot be reached; by default this machine's gateway."""
        where = tr("nœud simulé") if callable(port) else place_text(host, port)
        super().__init__(listener, options, where)
        self._host = host
        self._port = port
        self._other_host = other_host or OtherHost(clock=self._clock)

    def _new_interface(self, options: SessionOptions) -> MeshTCPInterface:
        port = self._port() if callable(self._port) else self._port
        previous = self.interface
        address = previous.address if isinstance(previous, MeshTCPInterface) else ""
        return MeshTCPInterface(self, self._host, port, options, address=address)

    def _another_host_answers(self) -> bool | None:
        if _is_this_machine(self._host):
            return None
        return self._other_host.answers(self._host, self._stopping)


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
