"""Tells by HTTP how the bot is. Not loaded where no ``STATUS_PORT`` asks for that.

Owned by the main thread. What it needs beyond the bot's own libraries is imported when it starts.
"""

import logging
from typing import TYPE_CHECKING

from meshbot.diagnosis.link_journal import LinkJournal
from meshbot.link.interface_manager import InterfaceManager
from meshbot.messages.conversation import Conversation
from meshbot.service.service_notifier import STUCK_S
from meshbot.status.bot_counters import BotCounters
from meshbot.status.status_settings import StatusSettings
from meshbot.status.status_sources import StatusSources
from meshbot.text.language import tr

if TYPE_CHECKING:
    from meshbot.status.bot_live_view import BotLiveView
    from meshbot.status.bot_status import Pages
    from meshbot.status.status_server import StatusServer

log = logging.getLogger(__name__)


class StatusPart:
    """The status server, where its libraries are."""

    def __init__(self, settings: StatusSettings, sources: StatusSources) -> None:
        """Take the settings and the bot's parts; starts nothing."""
        self._settings = settings
        self._sources = sources
        self._counters = BotCounters(sources.clock())
        self._server: StatusServer | None = None
        self._view: BotLiveView | None = None

    def count(
        self, journal: LinkJournal, link: InterfaceManager, conversation: Conversation
    ) -> None:
        """Have the parts tell what is counted, before they start."""
        journal.listen(self._counters.note_event)
        link.count_with(self._counters)
        conversation.count_with(self._counters)

    def show(self, view: "BotLiveView") -> None:
        """Have the live page show what a view sees; before :meth:`start`."""
        self._view = view

    def start(self) -> None:
        """Start the server. Without its libraries the bot runs on, and says what is missing."""
        try:
            from meshbot.status.bot_status import new_status_server  # noqa: PLC0415
        except ImportError as error:
            log.error(
                tr(
                    "❌ STATUS_PORT sans effet, il manque %s : « make extras », ou pipx install "
                    "--force '.[status]' ; le bot continue"
                ),
                error.name or error,
            )
            return
        self._server = new_status_server(
            self._settings,
            self._sources,
            self._counters,
            stuck_s=STUCK_S,
            pages=self._pages() if self._view is not None else None,
        )
        if self._view is not None:
            self._view.start()
        self._server.start()

    def _pages(self) -> "Pages":
        from meshbot.status.page.live_routes import live_routes  # noqa: PLC0415

        view = self._view
        assert view is not None
        return lambda is_over: live_routes(view, is_over)

    def stop(self, timeout_s: float) -> bool:
        """End it; return whether it ended in time."""
        if self._server is None:
            return True
        served = self._server.stop(timeout_s)
        return (self._view is None or self._view.stop(timeout_s)) and served
