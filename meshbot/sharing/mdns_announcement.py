"""The thread ``share-mdns``: the network is told of the shared node, as a node tells it itself.

Only where clients may come from a network, and only once there is a node to tell of. Everything is
done on the thread, which is started with the first announcement: that takes seconds, and a network
may be missing for longer. It looks each minute whether this machine has other addresses now.

``announce`` and ``close`` may be called from any thread; ``_lock``, a leaf, guards what is wanted.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from meshbot.sharing.local_address import addresses_to_find, is_loopback
from meshbot.sharing.mdns_service import MdnsService
from meshbot.sharing.share_settings import ShareSettings
from meshbot.text.foreign_text import printable
from meshbot.text.language import mark, tr
from meshbot.threads.bot_thread import BotThread
from meshbot.threads.shortage import NoThreadError

if TYPE_CHECKING:
    from meshbot.sharing.mdns_responder import MdnsResponder

log = logging.getLogger(__name__)

LOOK_S = 60.0
CLOSE_S = 1.0


class MdnsAnnouncement(BotThread):
    """Announces the shared node, again when it changed, and takes it back at the end."""

    error_line = mark("❌ Erreur inattendue dans l'annonce du nœud sur le réseau (mDNS)")

    def __init__(
        self,
        settings: ShareSettings,
        *,
        addresses: Callable[[], Sequence[str]] | None = None,
        look_s: float = LOOK_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare. ``addresses``: where others find the port; those of this machine if not said."""
        super().__init__("share-mdns", clock)
        self._allowed = bool(settings.port and settings.mdns and not is_loopback(settings.address))
        self._addresses = addresses or partial(addresses_to_find, settings.address)
        self._look_s = look_s
        self._lock = threading.Lock()
        self._wanted: MdnsService | None = None
        self._started = False
        self._news = threading.Event()
        self._told: tuple[MdnsService, tuple[str, ...]] | None = None
        """What is announced, and where; the thread's own, as the rest."""
        self._responder: MdnsResponder | None = None
        self._said_problem = ""

    # -- For any thread ------------------------------------------------------------------------

    def announce(self, short_name: str, node_id: str, pio_env: str, port: int) -> None:
        """Have the network told of a node from now on, instead of the one before; returns at once.

        Without effect where nobody is to be told, and when nothing changed.
        """
        if not self._allowed or self._stopping.is_set():
            return
        with self._lock:
            self._wanted = MdnsService(node_id, short_name, pio_env, port)
            first, self._started = not self._started, True
        self._news.set()
        if first:
            try:
                self.start()
            except NoThreadError:
                log.warning(tr("⚠️ Nœud non annoncé sur le réseau (mDNS) : plus de fil d'exécution"))

    def close(self) -> bool:
        """Take it back, and end; return whether that was done within a second."""
        return self.stop(CLOSE_S)

    # -- The thread ----------------------------------------------------------------------------

    def _wake(self) -> None:
        self._news.set()

    def _do_next(self) -> None:
        self.progress.idle()
        self._news.wait(self._look_s)
        self._news.clear()
        if self._stopping.is_set():
            return
        with self._lock:
            wanted = self._wanted
        try:
            addresses = tuple(self._addresses())
        except OSError as error:
            self._say_problem(error.strerror or str(error))
            return
        if wanted is None or (wanted, addresses) == self._told:
            return
        self._withdraw()
        if addresses:
            self._tell(wanted, addresses)

    def _tell(self, wanted: MdnsService, addresses: tuple[str, ...]) -> None:
        # Only here: a bot that tells nobody starts without it.
        from meshbot.sharing.mdns_responder import MdnsError, MdnsResponder  # noqa: PLC0415

        try:
            self._responder = MdnsResponder(addresses)
            name = self._responder.announce(wanted, self._stopping)
        except MdnsError as error:
            self._withdraw()
            self._say_problem(str(error))
            return
        self._told = (wanted, addresses)
        if self._stopping.is_set():
            return
        self._said_problem = ""
        log.info(
            tr("📣 Nœud partagé annoncé sur le réseau (mDNS) : « %s », port %d de %s"),
            name,
            wanted.port,
            ", ".join(addresses),
        )

    def _withdraw(self) -> None:
        responder, self._responder, self._told = self._responder, None, None
        if responder is not None:
            responder.close()

    def _say_problem(self, problem: str) -> None:
        """Tell the operator, once while it stays the same."""
        if problem != self._said_problem:
            self._said_problem = problem
            log.warning(
                tr("⚠️ Nœud non annoncé sur le réseau (mDNS) : %s ; nouvel essai chaque minute"),
                printable(problem),
            )

    def _recover(self) -> None:
        self._withdraw()
        self._stopping.wait(self._look_s)  # not the same error again at once

    def _finish(self) -> None:
        self._withdraw()
