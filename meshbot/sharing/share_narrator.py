"""Tells the journal and the link's notes who comes to the shared node, and what he is refused.

Any thread; ``_lock`` guards what was said and what is not noted yet, and is a leaf: lines and notes
are given without it. Whatever clients do, lines are limited, for each host and in all, and so are
events (:class:`ClientLedger`).
"""

import logging
import threading
import time
from collections.abc import Callable, Hashable, Iterable, Sequence

from meshbot.model.client_status import ClientStatus
from meshbot.model.link_notes import LinkNotes
from meshbot.sharing.client_ledger import ClientLedger, host_of
from meshbot.sharing.fair_allowance import FairAllowance
from meshbot.text.foreign_text import printable
from meshbot.text.language import tr
from meshbot.text.port_texts import port_error_text
from meshbot.text.quantities import counted, duration_text

log = logging.getLogger(__name__)

MOST_LINES = 40
LINE_EACH_S = 60.0
HOST_EACH_S = 600.0
MOST_OPEN = 1_000
"""More connections at a time than any limit of clients allows."""
AGAIN_S = 3_600.0
"""How often it is said that the port cannot be opened for the same reason."""
NO_ROOM = "no room"
"""The kind of refusal of a client that finds no place."""
DROPPED = "dropped"
"""The same of one that the bot closed, as it read nothing or sent too much."""

NOT_SENT = "not sent"
"""The same of a packet that was taken, and did not reach the node after all."""


class ShareNarrator:
    """The story of the shared node, for the operator."""

    def __init__(
        self,
        notes: LinkNotes,
        grants: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nobody came yet. ``grants``: what clients may do beside, see ``ShareSettings.grants``."""
        self._grants = grants
        self._notes = notes
        self._clock = clock
        self._lock = threading.Lock()
        self._ledger = ClientLedger()
        self._visits = FairAllowance(MOST_LINES, LINE_EACH_S, key_each_s=HOST_EACH_S)
        self._refusals = FairAllowance(MOST_LINES, LINE_EACH_S, key_each_s=HOST_EACH_S)
        self._said: set[str] = set()
        """The addresses of those who are there and of whom that was said."""
        self._unsaid = 0
        """How many came of whom nothing was said."""
        self._closed: tuple[str, float] | None = None
        """Why the port could not be opened, and when that was said."""

    # -- The port ------------------------------------------------------------------------------

    def listening(self, where: str, open_to_network: bool) -> None:
        """Clients may come; ``where``: address and port, as text."""
        with self._lock:
            self._closed = None
        log.info(tr("🔗 Nœud partagé sur %s : les autres clients s'y connectent"), where)
        if open_to_network:
            log.warning(
                tr(
                    "⚠️ Partage ouvert au réseau : le protocole n'a pas de mot de passe, quiconque "
                    "atteint %s lit les messages et en envoie au nom du nœud%s"
                ),
                where,
                "".join(f", {grant}" for grant in self._grants),
            )

    def not_listening(self, where: str, error: OSError) -> None:
        """The port cannot be opened; said again only when the reason changes, or each hour."""
        why = port_error_text(error)
        now_s = self._clock()
        with self._lock:
            closed = self._closed
            if closed is not None and closed[0] == why and now_s - closed[1] < AGAIN_S:
                return
            self._closed = (why, now_s)
        log.error(
            tr("❌ Nœud non partagé, %s : %s (le bot continue, nouvel essai plus tard)"), where, why
        )

    # -- Clients -------------------------------------------------------------------------------

    def client_came(self, address: str) -> None:
        """A client was given a place."""
        with self._lock:
            if not self._may_say(self._visits, host_of(address)):
                self._unsaid += 1
                return
            unsaid, self._unsaid = self._unsaid, 0
            if len(self._said) < MOST_OPEN:
                self._said.add(address)
        more = (
            tr(" (et {unsaid} avant)", unsaid=counted(unsaid, "autre visite", "autres visites"))
            if unsaid
            else ""
        )
        log.info(tr("🔗 Client connecté : %s%s"), address, more)

    def client_left(self, client: ClientStatus, why: str, *, dropped: bool = False) -> None:
        """A client is gone; ``dropped``: the bot closed it, as it read nothing or sent too much."""
        with self._lock:
            self._ledger.left(client, self._clock())
            was_said = client.address in self._said
            self._said.discard(client.address)
            if dropped:
                host = host_of(client.address)
                self._ledger.refused(host, DROPPED)
                was_said = self._may_say(self._refusals, (host, DROPPED))
        self._note_due()
        if not was_said:
            return
        level, what = (
            (logging.WARNING, tr("⚠️ Client écarté"))
            if dropped
            else (logging.INFO, tr("🔗 Client parti"))
        )
        refused = ", " + counted(client.refused, "refusé", "refusés") if client.refused else ""
        log.log(
            level,
            tr("%s : %s, après %s, %s%s (%s)"),
            what,
            client.address,
            duration_text(client.connected_s),
            counted(client.packets, "paquet", "paquets"),
            refused,
            printable(why),
        )

    def no_room(self, address: str, most: int) -> None:
        """A client was turned away, as ``most`` are there."""
        if self._refusal_is_due(address, NO_ROOM):
            log.warning(
                tr("⚠️ Client refusé, %s : déjà %s (SHARE_MAX_CLIENTS)"),
                address,
                counted(most, "client", "clients"),
            )

    def refused(self, address: str, text: str, kind: str) -> None:
        """Something a client sent does not go to the node; ``kind`` is a lasting name of why."""
        if self._refusal_is_due(address, kind):
            log.warning(tr("⛔ Refusé à %s : %s"), address, printable(text))

    def not_sent(self, address: str, text: str) -> None:
        """A packet that was taken did not reach the node: no room, no air, or no node."""
        if self._refusal_is_due(address, NOT_SENT):
            log.warning(tr("⚠️ Paquet de %s non transmis : %s"), address, printable(text))

    def look(self, clients: Iterable[ClientStatus]) -> None:
        """Be told who is connected; every second or so, and with nobody there too."""
        with self._lock:
            self._ledger.look(clients)
        self._note_due()

    def stopped(self) -> None:
        """Clients cannot come any more: note what waited."""
        self._note_due(everything=True)

    def _refusal_is_due(self, address: str, kind: str) -> bool:
        """Count a refusal and say whether a line about it is due."""
        host = host_of(address)
        with self._lock:
            self._ledger.refused(host, kind)
            return self._may_say(self._refusals, (host, kind))

    def _may_say(self, lines: FairAllowance, key: Hashable) -> bool:
        return lines.allows(key, self._clock())

    def _note_due(self, *, everything: bool = False) -> None:
        with self._lock:
            due = self._ledger.due(self._clock(), everything=everything)
        for note in due:
            self._notes.note(note.kind, count=note.times, seconds=note.seconds, text=note.text)
