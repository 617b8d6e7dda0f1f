"""The state of the link in words, for systemd and for an operator who sends SIGUSR1."""

import logging
from collections.abc import Callable

from meshbot.link.interface_manager import InterfaceManager
from meshbot.text.language import tr
from meshbot.text.quantities import counted, duration_text

log = logging.getLogger(__name__)


class LinkSummary:
    """Says how the link is. Keeps nothing."""

    def __init__(self, link: InterfaceManager, clock: Callable[[], float]) -> None:
        """Name the link, and the clock that its interfaces go by."""
        self._link = link
        self._clock = clock

    def text(self) -> str:
        """Return the state in a few words, which change only when it does."""
        link = self._link.status()
        if link.up_s is None:
            return tr(
                "Sans liaison ({where}) : {last_cause}",
                where=link.where,
                last_cause=link.last_cause,
            )
        return tr("Liaison établie ({where})", where=link.where)

    def log(self) -> None:
        """Log the state in one line."""
        link = self._link.status()
        state = (
            tr("établie depuis {up}", up=duration_text(link.up_s))
            if link.up_s is not None
            else tr("coupée")
        )
        interface = self._link.interface
        heard = ""
        if interface is not None and link.up_s is not None:
            ago_s = self._clock() - interface.last_received_s
            heard = tr(", dernier octet du nœud il y a {ago}", ago=duration_text(ago_s))
        log.info(
            tr("ℹ️ État : liaison %s (%s)%s, rétablie %s en 1 h et %d en 24 h"),
            state,
            link.where,
            heard,
            counted(link.reconnections_last_hour, "fois", "fois"),
            link.reconnections_last_day,
        )
