"""Notices what changes about our own node, and what that means for others. On the worker thread.

A node that changed, or another one, was perhaps asked for its configuration only: then it is asked
for its database, once.
"""

import logging
import time
from collections.abc import Callable, Sequence

from meshtastic.protobuf import mesh_pb2

from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.messages.key_book import KeyBook
from meshbot.messages.own_packets import own_user
from meshbot.model.public_key import fingerprint
from meshbot.model.weak_keys import is_weak_key
from meshbot.text.language import tr
from meshbot.text.line_limiter import LineLimiter

log = logging.getLogger(__name__)

KEY_LINE_S = 3_600.0
MAX_KEY_LINES = 3  # an hour; a node that has a new key each time is asked for nothing, either


class OwnNode:
    """The node as it was last."""

    def __init__(
        self,
        keys: KeyBook,
        want_nodes: Callable[[SupervisedInterface], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Name who knows keys, and who has a session's node send its database."""
        self._clock = clock
        self._key_lines = LineLimiter(KEY_LINE_S, MAX_KEY_LINES)
        self._keys = keys
        self._want_nodes = want_nodes
        self._num = 0
        self._told_key = b""
        """The key that was last said to be new."""
        self._warned_of = b""
        """The weak key that was last warned of."""
        self._licensed = False

    def hear(self, interface: SupervisedInterface, packet: mesh_pb2.MeshPacket) -> None:
        """Take what a packet says of our node; from then on its settings are obeyed."""
        user = own_user(interface, packet)
        if user is not None:
            interface.own_user = user
            self._look_at_licence(interface)

    def entries_told(
        self, interface: SupervisedInterface, infos: Sequence[mesh_pb2.NodeInfo]
    ) -> None:
        """Look at entries of the node's database, before anybody learns from them."""
        own_num = interface.own_num
        for info in infos:
            if info.num == own_num:
                self._look_at_number(interface)
                self._look_at_key(interface, bytes(info.user.public_key))
                self._look_at_licence(interface)

    def _look_at_number(self, interface: SupervisedInterface) -> None:
        before, self._num = self._num, interface.own_num
        if before not in (0, self._num):
            self._want_nodes(interface)  # the introduction says that it is another

    def _look_at_key(self, interface: SupervisedInterface, key: bytes) -> None:
        known = self._keys.public_key(interface.own_num) or self._warned_of
        self._warn_of_weak(key)
        if not key or not known or key in (known, self._told_key):
            return
        self._told_key = key
        if not self._key_lines.allows(key, self._clock()):
            return
        log.warning(
            tr(
                "⚠️ La clé de notre nœud a changé (%s, et non plus %s) : qui a l'ancienne "
                "ne lit plus "
                "ses messages directs et ne peut plus lui en écrire. Chacun doit supprimer "
                "ce nœud de "
                "sa liste, puis attendre son prochain NodeInfo"
            ),
            fingerprint(key),
            fingerprint(known),
        )
        self._want_nodes(interface)

    def _warn_of_weak(self, key: bytes) -> None:
        if not is_weak_key(key) or key == self._warned_of:
            return
        self._warned_of = key
        log.warning(
            tr(
                "⚠️ La clé de notre nœud, %s, est connue d'avance (hasard trop faible, "
                "avis de sécurité "
                "GHSA-gq7v-jr8c-mfr7) : d'autres lisent ses messages directs et peuvent "
                "lui écrire au "
                "nom de n'importe qui ; rien ne prouve donc qui écrit, et aucun ordre "
                "n'est exécuté. "
                "Mettre son firmware à jour (2.6.11 au moins), qui refait la clé au "
                "démarrage, ou la "
                "refaire dans l'application (Sécurité)"
            ),
            fingerprint(key),
        )

    def _look_at_licence(self, interface: SupervisedInterface) -> None:
        user = interface.own_user
        if user is None:
            return  # it could not be read: nothing is sealed then, and nothing is known to be new
        before, self._licensed = self._licensed, user.is_licensed
        if self._licensed and not before:
            log.warning(
                tr(
                    "📻 Station radioamateur (licence) : les messages directs partent en "
                    "clair ; le "
                    "bot ne scelle rien, et ne demande ni ne donne aucune clé. Rien n'y prouve qui "
                    "écrit : ni ordres d'ADMIN_NODES, ni réponses avec REQUIRE_PKI"
                )
            )
        elif before and not self._licensed:
            log.info(tr("📻 Plus de licence radioamateur : les messages directs sont scellés"))
