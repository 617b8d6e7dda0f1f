"""The original bot, as far as its link is concerned, and the lines that journald keeps of it.

It looks every 30 s whether a packet of the mesh came within 120 s, and asks the node nothing. A
RST ends its reader unnoticed; a FIN is seen by a watcher of its socket, while the library connects
again by itself. Read in Tigro14/meshbot: ``main_bot.py``, ``tcp_interface_patch.py``, ``utils.py``.
"""

import math
import random
from dataclasses import dataclass
from datetime import datetime

from meshbot.model.cause import Cause
from tests.diagnosis.weeks.dial import Dial
from tests.diagnosis.weeks.node import Connection, Port
from tests.diagnosis.weeks.site import Site
from tests.diagnosis.weeks.sync_fault import INNOCENT, SyncFault
from tests.diagnosis.weeks.wire import Wire

CHECK_S = 30.0
SILENT_S = 120.0
CLEANUP_S = 15.0
STABILIZATION_S = 3.0
RETRY_DELAYS_S = (15.0, 30.0, 60.0)
CONNECT_S = 127.0
CONFIG_S = 30.0
SKIPPED_IF_YOUNGER_S = 240.0
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WHERE = "192.168.1.38:4403"
ERRORS = {
    Cause.REFUSED: "[Errno 111] Connection refused",
    Cause.UNREACHABLE: "[Errno 113] No route to host",
    Cause.NETWORK_UNREACHABLE: "[Errno 101] Network is unreachable",
    Cause.NO_ANSWER: "[Errno 110] Connection timed out",
    Cause.STALLED: "Timed out waiting for connection completion",
}


@dataclass(frozen=True)
class OriginalTraits:
    """How it is set."""

    sync_delay_s: float = 30.0
    skips: bool = False
    periodic_s: float | None = 300.0
    """How often it syncs beside; None for a version that logs only the deferred ones."""
    scheduled_s: float | None = None
    """``TCP_FORCE_RECONNECT_INTERVAL``."""


class OriginalBot:
    """The bot. It is the node's guest and the wire's owner."""

    label = "bot"

    def __init__(
        self,
        site: Site,
        traits: OriginalTraits = OriginalTraits(),
        sync_fault: SyncFault = INNOCENT,
    ) -> None:
        """Plan the start."""
        self.lines: list[str] = []
        self._site = site
        self._agenda = site.agenda
        self._traits = traits
        self._fault = sync_fault
        self._chance = random.Random(site.rng.random())
        self._wire: Wire | None = None
        self._session = 0
        self._busy = False
        self._tries = 0
        self._packet_s = 0.0
        self._connected_s = 0.0
        self._forced_s = 0.0
        self._synced_s = -math.inf
        site.node.before_change = self._catch_up
        for fade in site.air.fades:
            self._agenda.at(fade.start_s - 1e-6, self._catch_up)
            self._agenda.at(fade.start_s, self._fade_begins)
            self._agenda.at(fade.end_s, self._fade_ends)
        self._agenda.at(1.0, self._start)

    # -- Its health check ----------------------------------------------------------------------

    def _start(self) -> None:
        self._say("🚀 MESHBOT STARTUP")
        self._say(f"🔧 Initialisation OptimizedTCPInterface pour {WHERE}")
        self._packet_s = self._now_s
        self._busy = True
        Dial(self._site, self, CONNECT_S, self._first_dialed)

    def _first_dialed(self, result: Connection | Cause) -> None:
        if isinstance(result, Cause):  # systemd starts it again
            self._agenda.after(10.0, self._start)
            return
        self._take(result)
        self._busy = False
        self._packet_s = self._forced_s = self._now_s
        self._agenda.after(5.0, lambda: self._sync(0))
        first_s = self._now_s + CHECK_S + CHECK_S
        self._agenda.every(CHECK_S, self._check, first_s)
        if self._traits.periodic_s is not None:
            self._agenda.every(
                self._traits.periodic_s, self._periodic, self._now_s + self._traits.periodic_s
            )

    def _check(self) -> None:
        if self._busy:
            return
        self._catch_up()
        scheduled_s = self._traits.scheduled_s
        if scheduled_s and self._now_s - self._forced_s >= scheduled_s:
            self._say(f"🔄 Reconnexion TCP programmée (intervalle: {scheduled_s:.0f}s)")
            self._say_figures()
            self._note_truth("scheduled")
            self._reconnect()
            self._forced_s = self._now_s
            return
        silent_s = self._now_s - self._packet_s
        if silent_s > SILENT_S:
            self._say(f"⚠️ SILENCE TCP: {silent_s:.0f}s sans paquet (max: {SILENT_S:.0f}s)")
            self._say_figures()
            self._say("🔄 Forçage reconnexion TCP (silence détecté)...")
            if self._wire is not None:
                self._note_truth("quiet")
            self._reconnect()
            self._packet_s = self._now_s

    def _note_truth(self, otherwise: str) -> None:
        wire = self._wire
        if wire is not None:
            if otherwise == "scheduled" and wire.flows():
                wire.connection.fault = otherwise
            self._site.note_truth(wire.connection, self._packet_s, otherwise)

    # -- Its reconnection ----------------------------------------------------------------------

    def _reconnect(self) -> None:
        self._busy = True
        self._tries += 1
        self._say(f"🔄 Reconnexion TCP #{self._tries} à {WHERE}...")
        self._attempt(0)

    def _attempt(self, retry: int) -> None:
        if self._wire is not None:
            self._catch_up()
            self._wire.close()
            self._wire = None
        wait_s = CLEANUP_S if retry == 0 else RETRY_DELAYS_S[retry]

        def dialed(result: Connection | Cause) -> None:
            if isinstance(result, Cause):
                self._failed(retry, result)
            else:
                self._configure(retry, result)

        def dial() -> None:
            Dial(self._site, self, CONNECT_S, dialed)

        self._agenda.after(wait_s, dial)

    def _failed(self, retry: int, cause: Cause) -> None:
        error = ERRORS.get(cause, "[Errno 104] Connection reset by peer")
        if retry < 2:
            self._say_error(f"❌ Erreur reconnexion tentative {retry + 1}: {error}")
            self._agenda.after(RETRY_DELAYS_S[retry], lambda: self._attempt(retry + 1))
        else:
            self._say_error(f"❌ Échec reconnexion TCP après 3 tentatives: {error}")
            self._busy = False

    def _configure(self, retry: int, connection: Connection) -> None:
        traits = self._site.node.traits
        wire = self._take(connection)
        lasts_s = self._chance.uniform(*traits.full_s)
        if self._chance.random() < traits.dump_fails:
            breaks_s = lasts_s * self._chance.uniform(0.3, 1.2)
            self._agenda.after(breaks_s, lambda: self._dump_breaks(connection))
        began_s = self._now_s

        def look() -> None:
            if wire is not self._wire:
                return
            if wire.open and wire.flows() and self._now_s - began_s >= lasts_s:
                self._agenda.after(STABILIZATION_S, lambda: self._stabilized(retry, wire))
            elif self._now_s - began_s >= lasts_s + CONFIG_S:
                wire.close()
                self._wire = None
                self._failed(retry, Cause.STALLED)
            else:
                self._agenda.after(0.5, look)

        look()

    def _dump_breaks(self, connection: Connection) -> None:
        if self._site.node.client is connection:
            self._site.node.drop_client("dump", Cause.RESET)

    def _stabilized(self, retry: int, wire: Wire) -> None:
        if wire is not self._wire:
            return
        if not wire.open:
            self._say_error("❌ Connexion échouée, nouvelle tentative dans 30s...")
            self._agenda.after(0.0, lambda: self._attempt(min(retry + 1, 2)))
            return
        self._tries = 0
        self._session += 1
        self._packet_s = self._forced_s = self._connected_s = self._now_s
        if self._traits.skips:
            self._say(
                "ℹ️ Synchronisation clés publiques skippée (TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT=True)"
            )
            self._say("   Prochaine sync au prochain cycle périodique (5min)")
        else:
            delay_s = self._traits.sync_delay_s
            self._say(f"🔑 Synchronisation clés publiques programmée dans {delay_s:g}s...")
            self._agenda.after(delay_s, lambda: self._deferred(wire))
        self._say("✅ Reconnexion TCP réussie (background)")
        self._busy = False

    def _take(self, connection: Connection) -> Wire:
        self._wire = Wire(self._site, connection, self)
        self._site.traffic.restart(self._now_s)
        return self._wire

    # -- Its syncs -----------------------------------------------------------------------------

    def _deferred(self, wire: Wire) -> None:
        if wire is not self._wire and not self._busy:
            self._say("ℹ️ Interface changée pendant le délai, skip sync")
        elif self._busy:
            self._say("ℹ️ Reconnexion en cours, skip sync différé")
        else:
            self._say("🔑 Démarrage synchronisation clés publiques différée...")
            self._sync(42 if self._chance.random() < 0.6 else 0)

    def _periodic(self) -> None:
        if not self._busy and self._now_s - self._synced_s >= SKIPPED_IF_YOUNGER_S:
            self._sync(1 if self._chance.random() < 0.05 else 0)

    def _sync(self, keys: int) -> None:
        self._synced_s = self._now_s
        self._say("🔄 Starting public key synchronization to interface.nodes...")
        if keys:
            self._say(f"✅ SYNC COMPLETE: {keys} public keys synchronized to interface.nodes")
        else:
            self._say("ℹ️ SYNC COMPLETE: No new keys to inject (all already present)")
        self._fault.ran(self._agenda, self._site.node, self._chance)

    # -- What the wire and the node tell -------------------------------------------------------

    def closed(self, connection: Connection, how: Cause) -> None:
        """Have the wire told, if it is still this one."""
        if self._wire is not None and self._wire.connection is connection:
            self._wire.node_closed(how)

    def wire_heard(self, wire: Wire) -> None:
        """Take in what a fade held up."""
        self._packet_s = self._now_s

    def wire_ended(self, wire: Wire, how: Cause) -> None:
        """A RST ends the reader, which nobody sees; a FIN is seen."""
        if how is Cause.RESET or self._busy:
            return
        self._say("🔌 Socket TCP mort: détecté par moniteur")
        self._note_truth("unknown")
        self._agenda.after(1.0, self._library_reconnects)
        self._reconnect()

    def _library_reconnects(self) -> None:
        if self._site.port() is Port.OPEN:
            connection = self._site.node.accept(self)
            self._agenda.after(1.0, lambda: self._site.node.leave(connection))

    def _catch_up(self) -> None:
        if self._wire is not None and self._wire.flows():
            self._packet_s = self._site.traffic.last_until(self._now_s, self._packet_s)

    def _fade_begins(self) -> None:
        if self._wire is not None:
            self._wire.fade_begins()

    def _fade_ends(self) -> None:
        if self._wire is not None:
            self._wire.fade_ends()

    # -- Its lines -----------------------------------------------------------------------------

    @property
    def _now_s(self) -> float:
        return self._agenda.now_s

    def _say_figures(self) -> None:
        lasted_s = max(self._now_s - self._connected_s, 1.0)
        packets = int(lasted_s / 20.0)
        self._say(
            f"📊 Session stats: {packets} paquets en {lasted_s:.0f}s "
            f"({packets * 60 / lasted_s:.1f} pkt/min)"
        )

    def _say(self, message: str) -> None:
        self.lines.append(f"{self._prefix()}[INFO] {message}\n")

    def _say_error(self, message: str) -> None:
        at = datetime.fromtimestamp(self._site.wall_s(self._now_s))
        self.lines.append(f"{self._prefix()}[ERROR] {at:%H:%M:%S} - {message}\n")

    def _prefix(self) -> str:
        at = datetime.fromtimestamp(self._site.wall_s(self._now_s))
        return f"{MONTHS[at.month - 1]} {at.day:2} {at:%H:%M:%S} DietPi meshtastic-bot[38776]: "
