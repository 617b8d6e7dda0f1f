"""One announcement by ``zeroconf``, from its sockets to its goodbye.

Imported only where something is announced: it costs a tenth of a second. ``zeroconf`` has a thread
of its own, ``share-mdns-loop``; everything here is called on one other thread.
"""

import asyncio
import concurrent.futures
import logging
import threading
from collections.abc import Awaitable, Sequence

import zeroconf

from meshbot.sharing.local_address import is_of_this_machine
from meshbot.sharing.mdns_service import MdnsService
from meshbot.text.language import tr

SERVICE_TYPE = "_meshtastic._tcp.local."
REGISTER_LIMIT_S = 10.0  # it takes two seconds, to ask whether the name is free
POLL_S = 0.1
_LIBRARY_LOG = "zeroconf"


class MdnsError(Exception):
    """Why nothing can be announced."""


class MdnsResponder:
    """Announces one service at the addresses given until it is closed."""

    def __init__(self, addresses: Sequence[str]) -> None:
        """Open the sockets. Raises :class:`MdnsError`."""
        # Its warnings are in English and many; what goes wrong is said here.
        logging.getLogger(_LIBRARY_LOG).setLevel(logging.CRITICAL + 1)
        self._addresses = list(addresses)
        self._broadcast: asyncio.Future[object] | None = None
        gone = [place for place in addresses if not is_of_this_machine(place)]
        if gone:  # the library would leave a socket behind
            raise MdnsError(tr("cette machine n'a pas l'adresse {gone}", gone=", ".join(gone)))
        try:
            self._zeroconf = zeroconf.Zeroconf(
                interfaces=self._addresses, ip_version=_ip_version(self._addresses)
            )
        except (OSError, RuntimeError, zeroconf.Error) as error:
            raise MdnsError(_text(error)) from error
        thread = getattr(self._zeroconf, "_loop_thread", None)
        if thread is not None:
            thread.name = "share-mdns-loop"

    def announce(self, service: MdnsService, stopping: threading.Event) -> str:
        """Announce a service, unless it is to end meanwhile; return the name it was given.

        Another one, should somebody have it already. Raises :class:`MdnsError`.
        """
        loop = self._zeroconf.loop
        assert loop is not None
        try:
            info = zeroconf.ServiceInfo(
                SERVICE_TYPE,
                f"{service.instance}.{SERVICE_TYPE}",
                port=service.port,
                properties=service.texts,
                server=service.host,
                parsed_addresses=self._addresses,
            )
            registering = asyncio.run_coroutine_threadsafe(
                self._zeroconf.async_register_service(info, allow_name_change=True), loop
            )
            self._broadcast = _result(registering, stopping)
        except (OSError, zeroconf.Error) as error:
            raise MdnsError(_text(error)) from error
        if not self._zeroconf.engine.senders and not stopping.is_set():
            raise MdnsError(tr("aucune interface de cette machine ne s'y prête"))  # it says nothing
        return info.name.removesuffix(f".{SERVICE_TYPE}")

    def close(self) -> None:
        """Say goodbye, and end ``zeroconf`` and its thread; takes a quarter of a second."""
        loop = self._zeroconf.loop
        try:
            if self._broadcast is not None and loop is not None:
                loop.call_soon_threadsafe(self._broadcast.cancel)  # or it would follow the goodbye
            self._zeroconf.close()
        except (OSError, RuntimeError, zeroconf.Error, concurrent.futures.TimeoutError) as error:
            logging.getLogger(__name__).debug("mDNS not closed in order: %s", error)


def _result(
    registering: "concurrent.futures.Future[Awaitable[object]]", stopping: threading.Event
) -> "asyncio.Future[object] | None":
    """Return the announcements under way; None when it is to end before there are any."""
    for _ in range(int(REGISTER_LIMIT_S / POLL_S)):
        if stopping.is_set():
            break
        try:
            result = registering.result(POLL_S)
        except concurrent.futures.TimeoutError:
            continue
        return result if isinstance(result, asyncio.Future) else None
    registering.cancel()
    if not stopping.is_set():
        raise MdnsError(tr("délai dépassé"))
    return None


def _ip_version(addresses: Sequence[str]) -> zeroconf.IPVersion:
    kinds = {":" in address for address in addresses}
    if len(kinds) == 2:
        return zeroconf.IPVersion.All
    return zeroconf.IPVersion.V6Only if True in kinds else zeroconf.IPVersion.V4Only


def _text(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
