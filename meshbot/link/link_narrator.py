"""Tells the journal and the link's notes what happens to the link, each event once.

Owns what only the telling needs: how long an outage has lasted, how many attempts it took, what
was its cause. Used by the link thread alone, except for :meth:`LinkNarrator.cause_text` and
:meth:`LinkNarrator.outage`.
"""

import logging
from collections.abc import Callable

from meshbot.link.link_policy import Ending
from meshbot.link.node_facts import NodeFacts
from meshbot.link.restart_row import Restarts
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.model.cause import Cause
from meshbot.model.link_error import LinkError
from meshbot.model.link_event import EventKind
from meshbot.model.link_notes import LinkNotes
from meshbot.text import counted_lines
from meshbot.text.cause_texts import cause_text
from meshbot.text.language import tr
from meshbot.text.quantities import duration_text

log = logging.getLogger(__name__)

_NOT_FOR_THE_DOWNLOAD = (
    *(Cause.ENDLESS, Cause.NUMBER_CHANGED),
    *(Cause.NO_MEMORY, Cause.NO_THREAD, Cause.NO_DESCRIPTOR),
)
"""What ends a download though it did not make the node drop the link."""
REMINDER_S = 600.0  # how often an outage that lasts is mentioned


class LinkNarrator:
    """The story of one link, for the operator."""

    def __init__(self, kind: str, where: str, notes: LinkNotes, clock: Callable[[], float]) -> None:
        """Begin before the first attempt. ``kind``: "TCP"; ``where``: the node's place, as text."""
        self._kind = kind
        self._where = where
        self._notes = notes
        self._clock = clock
        self._cause = LinkError(Cause.FIRST)
        self._ever_connected = False
        self._failures = 0
        self._heard_ago_s = 0.0
        """How long before its loss the last session brought its last byte."""
        self._attempted_s = self._down_since_s = self._reminded_s = clock()

    def cause_text(self) -> str:
        """Return why there was no link the last time; for any thread."""
        cause = self._cause
        return cause_text(cause.cause, cause.detail)

    def outage(self) -> tuple[float, int]:
        """Return how long an outage has lasted, and how many attempts failed; for any thread."""
        return self._clock() - self._down_since_s, self._failures

    def attempt(self) -> None:
        """Tell that a session is about to be opened, and of an outage that lasts, now and then."""
        self._notes.next_session()
        self._attempted_s = self._clock()
        if not self._failures:
            log.info(tr("🔌 Connexion %s : %s..."), tr(self._kind), self._where)
            return
        self._note_cause(EventKind.ATTEMPT, self._cause, count=self._failures)
        line, kind = counted_lines.RECONNECTION_ATTEMPT, self._kind
        if not self._ever_connected:
            line, kind = tr("🔄 Tentative de connexion %s n°%d, après : %s"), tr(kind)
        log.info(line, kind, self._failures, self.cause_text())
        if self._clock() - self._reminded_s >= REMINDER_S:
            self._reminded_s = self._clock()
            log.warning(
                tr("⏳ Toujours sans liaison depuis %s : %s"),
                self._outage_text(),
                self.cause_text(),
            )

    def connected(self, nodes_downloaded: int, node: NodeFacts) -> None:
        """Tell of a handshake that is done; the first is a success at once."""
        self._notes.note(
            EventKind.CONNECTED,
            seconds=self._clock() - self._attempted_s,
            count=nodes_downloaded,
        )
        self._notes.note(EventKind.NODE, count=node.reboots, text=node.as_json())
        if not self._ever_connected:
            self._ever_connected = True
            self.settled()
            log.info(tr("✅ Connexion %s établie : %s"), tr(self._kind), self._where)

    def confirmed(self) -> None:
        """Tell of a reconnection that counts."""
        self._notes.note(
            EventKind.RECONNECTED,
            seconds=self._clock() - self._down_since_s,
            count=self._failures,
        )
        log.info(counted_lines.RECONNECTED, self._kind)

    def settled(self) -> None:
        """Tell how long the outage was, if it was ever mentioned."""
        if self._failures:
            log.info(tr("ℹ️ Liaison rétablie après %s d'interruption"), self._outage_text())
        self._failures = 0

    def silence(self, silent_s: float, max_s: float, unanswered_s: float | None) -> None:
        """Tell that the node is silent; ``unanswered_s``: since it was asked, if it was."""
        log.info(counted_lines.SILENCE, self._kind, silent_s, max_s)
        self._notes.note(EventKind.SILENCE, seconds=silent_s)
        if unanswered_s is not None:
            self._notes.note(EventKind.PROBE_UNANSWERED, seconds=unanswered_s)

    def outage_begins(self, at_s: float) -> None:
        """Note when a session that counted was lost, which may be before that was noticed."""
        self._reminded_s = self._clock()
        self._down_since_s = at_s

    def download_cut(self, nodes: int) -> None:
        """Tell that the node dropped the link while it sent its database."""
        log.warning(
            tr(
                "⚠️ Liaison perdue pendant l'envoi de la base du nœud (%d nœuds reçus) : "
                "prochain essai sans elle"
            ),
            nodes,
        )

    def light_given_up(self) -> None:
        """Tell that only full sessions work with this node, and what that means."""
        log.warning(
            tr(
                "⚠️ Le nœud (ou le relais devant lui) ne répond pas correctement à une "
                "demande sans sa "
                "base de nœuds : jusqu'au prochain démarrage, le bot redemande la base entière à "
                "chaque reconnexion, ce qui est plus long"
            )
        )

    def restarting(self, restarts: Restarts) -> None:
        """Tell that the node restarts over and over, and what to do."""
        log.warning(
            tr(
                "⚠️ Le nœud redémarre sans cesse : %d fois de suite, toutes les %s "
                "environ. Vérifier "
                "son alimentation (5 V, 1 A, câble court), puis son firmware et ses "
                "modules ; le bot "
                "revient dès que le nœud répond"
            ),
            restarts.count,
            duration_text(restarts.every_s),
        )

    def ended(self, session: SupervisedInterface, loss: LinkError) -> None:
        """Note the end of a session, or of the attempt to open one."""
        self._cause = loss
        # A crashed node's RST comes only with the next thing that it is sent.
        self._heard_ago_s = heard_ago_s = self._clock() - session.last_received_s
        if session.ready_s is not None and loss.cause is not Cause.INCOMPLETE:
            self._note_cause(EventKind.LOST, loss, seconds=heard_ago_s)
        elif session.nodes_in_download > 1 and loss.cause not in _NOT_FOR_THE_DOWNLOAD:
            # So it was no light one.
            count = session.nodes_in_download
            self._note_cause(EventKind.LOST, loss, count=count, seconds=heard_ago_s)
        else:
            self._heard_ago_s = 0.0
            self._note_cause(EventKind.NOT_OPENED, loss)

    def another_host(self, *, answers: bool) -> None:
        """Note whether another host of our network answers, while the node cannot be reached."""
        self._notes.note(EventKind.GATEWAY, count=int(answers))

    def contested(self, cuts: int, pause_s: float) -> None:
        """Tell that another client takes the node, and that the bot yields for ``pause_s``."""
        log.warning(
            tr(
                "⚠️ Le nœud a coupé %d liaisons de suite en moins d'une minute : un autre client "
                "(téléphone, second bot, domotique) prend sans doute sa seule place TCP ; "
                "le bot lui "
                "cède pour %s"
            ),
            cuts,
            duration_text(round(pause_s)),
        )
        self._notes.note(EventKind.CONTESTED, count=cuts)

    def down(self, ending: Ending, pause_s: float) -> None:
        """Tell that there is no link, and when the next attempt comes."""
        self._failures += 1
        level = logging.WARNING if self._failures == 1 else logging.DEBUG
        lost = self._ever_connected and ending is not Ending.CLOSED_BY_US
        what = tr("perdue") if self._ever_connected else tr("impossible")
        heard = tr(" ; dernier octet il y a {heard_ago:.0f} s", heard_ago=self._heard_ago_s)
        when = tr("dans {pause:.0f} s", pause=pause_s) if pause_s >= 1 else tr("aussitôt")
        if ending is Ending.CLOSED_BY_NODE and pause_s >= 1:
            when += tr(" (quelqu'un utilise peut-être le nœud)")
        if ending is Ending.CLOSED_BY_US:
            level, what = logging.INFO, tr("fermée")
        log.log(
            level,
            tr("🔌 Liaison %s %s (%s) : %s%s ; nouvel essai %s"),
            tr(self._kind),
            what,
            self._where,
            self.cause_text(),
            heard if self._heard_ago_s >= 1 and lost else "",
            when,
        )

    def _note_cause(
        self,
        kind: EventKind,
        loss: LinkError,
        *,
        count: int | None = None,
        seconds: float | None = None,
    ) -> None:
        self._notes.note(kind, seconds=seconds, count=count, cause=loss.cause, text=loss.detail)

    def _outage_text(self) -> str:
        return duration_text(self._clock() - self._down_since_s)
