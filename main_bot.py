"""MeshBot: a Meshtastic bot that stays connected to its node.

Run it with ``python main_bot.py``. Where the node is stands in config.py; how patient the bot is
stands in the constants of :class:`MeshBot`. Edit either by hand.
"""

import sys

if __name__ == "__main__":
    from meshbot.service.process_start import prepare_process

    prepare_process()  # before the imports below, which take a second on a Raspberry Pi

import argparse
import contextlib
import logging
import math
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from meshtastic.protobuf import mesh_pb2

from meshbot import VERSION
from meshbot.cli.arguments import environment_of, language_wanted, parse_arguments
from meshbot.cli.exit_code import EXIT_CONFIG, EXIT_NO, EXIT_OK
from meshbot.diagnosis.link_journal import LinkJournal
from meshbot.link.interface_manager import InterfaceManager
from meshbot.link.link_options import LinkOptions
from meshbot.link.link_policy import LinkSettings
from meshbot.link.link_status import LinkStatus
from meshbot.link.reconnect_choice import ReconnectChoice
from meshbot.link.session_options import SessionOptions
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.messages.air_budget import AirBudgetSettings
from meshbot.messages.bot_view import load_judges
from meshbot.messages.conversation import Conversation, ConversationSettings, Records
from meshbot.messages.key_pusher import PushSettings
from meshbot.messages.sender_settings import SenderSettings
from meshbot.messages.text_message_handler import AnswerSettings
from meshbot.model.link_event import EventKind
from meshbot.model.sync_skip import SyncSkip
from meshbot.service.admin_lines import admin_lines
from meshbot.service.bot_service import run_bot
from meshbot.service.bot_store import BotStore
from meshbot.service.config_error import ConfigError
from meshbot.service.config_file import load_config
from meshbot.service.decision_watch import DecisionWatch
from meshbot.service.fair_coin import fair_coin
from meshbot.service.housekeeping import Housekeeping
from meshbot.service.journal_output import JournalOutput
from meshbot.service.link_summary import LinkSummary
from meshbot.service.live_state import LiveState
from meshbot.service.live_state_view import LiveStateView
from meshbot.service.node_claim import NodeClaim
from meshbot.service.node_introduction import NodeIntroduction
from meshbot.service.operator_constants import constants_of, read_constants
from meshbot.service.outside_settings import is_checkout, settings_files
from meshbot.service.process_privacy import keep_files_private, keep_process_private
from meshbot.service.settings_reader import SettingsReader
from meshbot.service.site_settings import SiteSettings, read_site
from meshbot.store.storage_error import StorageError, StorageVanished
from meshbot.text import counted_lines
from meshbot.text.language import speak, tr
from meshbot.text.log_format import configure_logging, set_log_level
from meshbot.text.quantities import counted
from meshbot.threads.bot_worker import BotWorker
from meshbot.threads.deferred_calls import DeferredCalls
from meshbot.threads.progress_mark import ProgressMark
from meshbot.threads.shortage import shortage_text
from node_manager import NodeManager
from tcp_interface_manager import TCPInterfaceManager

if TYPE_CHECKING:
    from meshbot.service.link_trial import LinkTrial
    from meshbot.service.operator_alerts import OperatorAlerts
    from meshbot.service.status_part import StatusPart
    from meshbot.sharing.node_share import NodeShare
    from meshbot.simulation.simulated_node import SimulatedNode
    from meshbot.status.bot_live_view import BotLiveView

PROGRAM = Path(__file__).parent
KEY_DECISIONS_POLL_S = 5.0  # how soon the operator's decisions about keys are seen
DEFERRED_POLL_S = 5.0  # how late a deferred sync is for which no thread could be had
KEY_PUSH_INTERVAL_S = 5.0
JOURNAL_FLUSH_S = 10.0  # what a crash may cost of the link's journal
JOURNAL_ALIVE_S = 900.0
HOUSEKEEPING_S = 1_800.0
MISANSWERED_S = 2.0  # how long a node that answered another question than ours is listened to
NODES_AT_ONCE = 1_000  # of a node's database: the work of a tenth of a second
STOP_STEP_S = 1.0  # each part of the program has this long to stop; the whole has 5 s

log = logging.getLogger("meshbot")


class MeshBot:
    """The bot: its constants, its parts, and the syncs that put the keys back.

    ``__init__`` reads the settings, :meth:`start` starts everything, :meth:`stop` ends it. As the
    link's listener it is called on the link's threads and only hands over to the worker.
    """

    # All times in seconds. Each can be overridden by the environment variable MESHBOT_<NAME>.

    # Between a successful reconnection and the deferred key sync. 15 was too short for slow
    # ESP32s; 60 is the conservative choice.
    TCP_PUBKEY_SYNC_DELAY: float = 30
    # True: no key sync after a reconnection, the periodic one brings them (up to 5 min later).
    TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT: bool = False
    # After closing a link that went silent, so that the ESP32 lets go of it.
    TCP_INTERFACE_CLEANUP_DELAY: float = 15
    # A new link must still be up this long after its handshake to count as a success.
    TCP_INTERFACE_STABILIZATION_DELAY: float = 3
    # Longest silence before the link is declared dead. The node is asked before that.
    TCP_SILENT_TIMEOUT: float = 120
    # How long the node has to answer when it is asked whether it is alive.
    TCP_PROBE_TIMEOUT: float = 10
    # The periodic key sync.
    PUBKEY_SYNC_INTERVAL: float = 300
    # True: a coin decides after each reconnection, sync or not, until it is clear whether the sync
    # costs the link; see docs/trial.md. Wins over TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT.
    TCP_SYNC_TRIAL: bool = False
    # True: a reconnection asks the node for its configuration only, not for its 200 nodes, the
    # sending of which makes nodes drop the link. Names and keys come from our own store.
    TCP_LIGHT_RECONNECT: bool = True
    # True: a coin decides that at each reconnection, until it is clear whether sending its nodes
    # costs the link. Not together with TCP_SYNC_TRIAL.
    TCP_LIGHT_TRIAL: bool = False
    # How long a trial observes a session: three quarters for an effect, the rest until it is
    # noticed. The periodic sync waits for the end of it.
    TCP_TRIAL_WINDOW: float = 120

    # One attempt to connect.
    TCP_CONNECT_TIMEOUT: float = 10
    # How long a node may stand still while it sends its configuration.
    TCP_HANDSHAKE_TIMEOUT: float = 30
    # A quiet node is sent a heartbeat this often: finds a node that lost its power early.
    TCP_HEARTBEAT_INTERVAL: float = 30
    # The node hears from us at least this often (it drops a client silent for 15 minutes).
    TCP_KEEPALIVE_INTERVAL: float = 300
    # A session shorter than this does not make the next retries fast again.
    TCP_LASTING_SESSION: float = 60
    # Longest pause between two attempts in the first minute of an outage, and later on. A node
    # that reboots is away for 5 to 20 s: 2 s finds it within one on average.
    TCP_RETRY_MAX_EARLY: float = 2
    TCP_RETRY_MAX: float = 60

    # After a FIN, which most often says that somebody's tool (the meshtastic command, an app) takes
    # the node's one place for a moment: so long it may work before the bot takes it back.
    TCP_COURTESY_PAUSE: float = 2.5
    # When another client keeps taking the node's one place: the first pause, and the longest.
    TCP_YIELD_FIRST: float = 10
    TCP_YIELD_MAX: float = 600

    # Between two texts. The firmware silently drops a text less than 2 s after another.
    TEXT_INTERVAL: float = 2.5
    # How long a send waits for room in the node's transmit queue before the link is asked again.
    TEXT_QUEUE_WAIT: float = 20
    # Older commands (kept by the node while we were away) and replies are dropped.
    MESSAGE_MAX_AGE: float = 600
    # One sender gets FLOOD_BURST texts at once, then one every this many seconds. A long answer
    # is several texts.
    FLOOD_REFILL_INTERVAL: float = 15
    # How much of an hour the bot's texts may be on the air, in percent; and of that the replies to
    # strangers, all together. Never more than half of what the region allows the node.
    AIR_BUDGET: float = 5
    AIR_BUDGET_STRANGERS: float = 1
    # When nodes were heard is written this often. Keys are written when they are learned.
    HEARD_SAVE_INTERVAL: float = 300

    # True: write keys of people who talk to the bot into the radio where it lacks them, for
    # firmware (2.8) that drops what it cannot open. It writes the node's flash and makes them
    # favourites there. At most so many a day, on a link that has been up for so long.
    TCP_PUSH_KEYS_TO_RADIO: bool = False
    TCP_PUSH_KEYS_PER_DAY = 10
    TCP_PUSH_KEYS_AFTER: float = 300

    FLOOD_BURST = 5

    # At most so many nodes are known, not counting numbers that never said a name or key. Beyond,
    # the least valuable are forgotten: who proved nothing, of the day that brought most.
    NODES_MAX = 20_000

    # An outage this long is told by the services of ALERT_URLS, and so is its end.
    ALERT_LINK_DOWN: float = 300

    def __init__(
        self,
        *,
        environment: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        coin: Callable[[], bool] = fair_coin,
    ) -> None:
        """Read config.py, the constants and the environment; starts nothing.

        ``coin`` is what a trial tosses. Raises :class:`ConfigError` when they make no sense.
        """
        reader = SettingsReader(environment)
        self.site = read_site(reader, load_config())
        read_constants(reader, self)
        if self.TCP_SYNC_TRIAL and self.TCP_LIGHT_TRIAL:
            reader.problems.append(
                tr("TCP_SYNC_TRIAL et TCP_LIGHT_TRIAL : un seul essai à la fois")
            )
        reader.check()
        self._odd_settings = reader.odd_lines()
        unspoken = speak(self.site.language)
        if unspoken is not None:
            self._odd_settings.append(
                tr("{unspoken} illisible : les textes restent en français", unspoken=unspoken)
            )
        self._clock = clock
        self._wall_clock = wall_clock
        self._stopped = False
        self._said_unloaded = False
        self._deferred_syncs = DeferredCalls("pubkey-sync", clock)
        self._introduction = NodeIntroduction()
        self.on_change: Callable[[], object] = lambda: None
        """Called on the link's thread when the state of the link has changed; must not block."""
        self.is_to_end: Callable[[], bool] = lambda: False
        """Whether :meth:`start` is to give up, as the bot is to end."""
        self._new_store()
        self._node_claim = NodeClaim(self.site)
        self._worker = BotWorker(clock)
        self._trial = self._new_trial(coin)
        self._sync_held_until_s = -math.inf
        """Until when the periodic sync waits; written by the link thread."""
        self._held_sync_waits = False
        self._link = self._new_link()
        self._link_summary = LinkSummary(self._link, clock)
        self._conversation = self._new_conversation()
        self._live_state = LiveStateView(self._link, self.node_manager, self._conversation, clock)
        self._share = self._new_share()
        self._alerts = self._new_alerts()
        self._status = self._new_status()

    def _new_store(self) -> None:
        """Name what is kept on disk and who keeps it; nothing is opened."""
        clocks = {"clock": self._clock, "wall_clock": self._wall_clock}
        self.simulated_node = _new_simulated_node(self.site.connection_mode)
        self._store = BotStore(
            self.site.database_path,
            simulated=self.simulated_node is not None,
            wall_clock=self._wall_clock,
        )
        self.link_journal = LinkJournal(
            self._store.link_events, on_vanished=self._rebuild_store, **clocks
        )
        self.node_manager = NodeManager(
            self._store.nodes, notes=self.link_journal, nodes_max=self.NODES_MAX, **clocks
        )
        self.node_manager.keep(self.site.admin_nodes)
        self._housekeeping = Housekeeping(
            self._store.backup,
            self._store.database.compact,
            self.link_journal.prune,
            self._rebuild_store,
            **clocks,
        )
        self._decision_watch = DecisionWatch(
            self._store.database, self.node_manager.carry_out_decisions, self._keys_decided
        )

    def _new_link(self) -> InterfaceManager:
        """Return the link that config.py asks for, not yet started."""
        options = LinkOptions(
            link_settings_of(self),
            SessionOptions(
                self.TCP_CONNECT_TIMEOUT,
                self.TEXT_QUEUE_WAIT,
                clock=self._clock,
                on_packet_id=self._own_packet_named,
                nodes_max=self.NODES_MAX,
            ),
            light_reconnect=self.TCP_LIGHT_RECONNECT,
            notes=self.link_journal,
            choice=self._new_choice(),
        )
        if self.site.connection_mode == "serial":
            from meshbot.link.serial_interface_manager import (  # noqa: PLC0415
                SerialInterfaceManager,
            )

            return SerialInterfaceManager(self, options, self.site.serial_port)
        simulated_node = self.simulated_node
        if simulated_node is not None:
            return TCPInterfaceManager(self, options, "127.0.0.1", lambda: simulated_node.port)
        return TCPInterfaceManager(self, options, self.site.tcp_host, self.site.tcp_port)

    def _new_trial(self, coin: Callable[[], bool]) -> "LinkTrial | None":
        """Return the trial that the operator wants, nothing read yet; None where he wants none."""
        if not (self.TCP_SYNC_TRIAL or self.TCP_LIGHT_TRIAL):
            return None
        from meshbot.diagnosis.trial.trial_kind import TrialKind  # noqa: PLC0415
        from meshbot.service.link_trial import LinkTrial  # noqa: PLC0415

        kind = TrialKind.SYNC if self.TCP_SYNC_TRIAL else TrialKind.LIGHT
        return LinkTrial(kind, self.link_journal, self._worker.post, coin=coin, clock=self._clock)

    def _new_choice(self) -> ReconnectChoice:
        """Return what decides whether a reconnection asks the node for its nodes."""
        if self._trial is None or not self.TCP_LIGHT_TRIAL:
            return ReconnectChoice()
        from meshbot.service.light_choice import LightChoice  # noqa: PLC0415

        return LightChoice(self._trial)

    def _new_conversation(self) -> Conversation:
        """Return who hears and answers, not yet started."""
        return Conversation(
            self.node_manager,
            self._link,
            Records(self.link_journal, self._store.orders, self._rebuild_store),
            ConversationSettings(
                answers=self._answer_settings(self.site),
                sender=SenderSettings(self.TEXT_INTERVAL, self.MESSAGE_MAX_AGE),
                push=PushSettings(
                    self.TCP_PUSH_KEYS_AFTER,
                    self.TCP_PUSH_KEYS_PER_DAY,
                    allowed=self.TCP_PUSH_KEYS_TO_RADIO,
                ),
                air=AirBudgetSettings(self.AIR_BUDGET, self.AIR_BUDGET_STRANGERS),
                flood_burst=self.FLOOD_BURST,
                flood_refill_s=self.FLOOD_REFILL_INTERVAL,
                admin_nodes=self.site.admin_nodes,
            ),
            post=self._worker.post,
            clock=self._clock,
            wall_clock=self._wall_clock,
        )

    def _new_share(self) -> "NodeShare | None":
        """Return what lets other clients use the node, not yet started; None where none may."""
        if not self.site.share.port:
            return None
        from meshbot.sharing.node_share import NodeShare  # noqa: PLC0415

        share = NodeShare(
            self.site.share,
            self._link,
            self.node_manager,
            self._conversation.guest_tools,
            notes=self.link_journal,
            clock=self._clock,
            wall_clock=self._wall_clock,
        )
        self._conversation.share_with(
            on_opened=share.message_opened,
            on_unopened=share.message_unopened,
            on_text_sent=share.text_sent,
            clients=share.clients,
        )
        return share

    def new_live_view(self) -> "BotLiveView":
        """Return what the live page shows of this bot, not yet started."""
        # Without a page all of this would be loaded for nothing.
        from meshbot.status.bot_live_view import BotLiveView, LiveParts  # noqa: PLC0415
        from meshbot.status.link_reading import LinkReading  # noqa: PLC0415
        from meshbot.status.log_ring import LogRing  # noqa: PLC0415
        from meshbot.status.message_ring import MessageRing  # noqa: PLC0415

        clock, wall_clock = self._clock, self._wall_clock
        parts = LiveParts(
            self.node_manager,
            self._link,
            LinkReading(
                self.site.database_path,
                self.link_journal,
                simulated=self.simulated_node is not None,
                clock=clock,
                wall_clock=wall_clock,
            ),
            MessageRing(wall_clock),
            LogRing(),
            lambda: self._conversation.node_metrics,
            self._share.clients if self._share is not None else None,
        )
        self._conversation.note_messages(parts.messages)
        return BotLiveView(parts, clock=clock, wall_clock=wall_clock)

    def _new_alerts(self) -> "OperatorAlerts | None":
        """Return what tells the operator by other services, not yet started; None without any."""
        if not self.site.alert_urls:
            return None
        from meshbot.service.operator_alerts import AlertSources, OperatorAlerts  # noqa: PLC0415

        return OperatorAlerts(
            self.site,
            self.ALERT_LINK_DOWN,
            AlertSources(self.link_journal, self.node_manager, self._store, self._conversation),
            clock=self._clock,
            wall_clock=self._wall_clock,
        )

    def _new_status(self) -> "StatusPart | None":
        """Return what tells by HTTP how the bot is, not yet started; None without a port."""
        if not self.site.status.port:
            return None
        from meshbot.service.status_part import StatusPart  # noqa: PLC0415
        from meshbot.status.status_sources import StatusSources  # noqa: PLC0415

        status = StatusPart(
            self.site.status,
            StatusSources(
                self._link,
                self.node_manager,
                self._conversation,
                self._share.clients if self._share is not None else list,
                self.site.database_path,
                self.progress_marks,
                self._clock,
            ),
        )
        status.count(self.link_journal, self._link, self._conversation)
        status.show(self.new_live_view())
        return status

    def _answer_settings(self, site: SiteSettings) -> AnswerSettings:
        return AnswerSettings(site.answer_channels, self.MESSAGE_MAX_AGE, site.require_pki)

    # -- The bot as others see it --------------------------------------------------------------

    @property
    def interface(self) -> SupervisedInterface | None:
        """The interface in use; after a loss the old one, until another is ready."""
        return self._link.interface

    @property
    def reconnecting(self) -> bool:
        """Whether the link is down, or back for too short a time to count as a success."""
        return self._link.reconnecting

    @property
    def tried(self) -> bool:
        """Whether the first attempt to connect is over, one way or the other."""
        return self._link.tried.is_set()

    def load_rest(self) -> None:
        """Load what answers need, once the link was tried, and not as late as they are asked.

        What cannot be loaded now, as no file can be opened or an upgrade is half done, is tried
        again at the next call, and by who needs it.
        """
        try:
            load_judges()
        except Exception as error:  # whatever the files hold by now: the link must not end for it
            if not self._said_unloaded:
                self._said_unloaded = True
                log.warning(
                    tr(
                        "⚠️ Ce qui juge la liaison ne se charge pas (%s) ; après une mise à "
                        "jour, relancer le bot"
                    ),
                    shortage_text(error) or repr(error),
                    exc_info=log.isEnabledFor(logging.DEBUG),
                )

    def link_status(self) -> LinkStatus:
        """Return the link at a glance."""
        return self._link.status()

    def progress_marks(self) -> dict[str, ProgressMark]:
        """Return the signs of life of the bot's threads, by name."""
        return {
            "link": self._link.progress,
            "bot-worker": self._worker.progress,
            "bot-sender": self._conversation.progress,
            **(self._share.progress_marks() if self._share is not None else {}),
        }

    @property
    def exhausted(self) -> bool:
        """Whether the bot ends because there is no memory left to go on with."""
        share_exhausted = self._share is not None and self._share.exhausted
        bot_exhausted = self._worker.exhausted or self._conversation.exhausted
        return self._link.exhausted or bot_exhausted or share_exhausted

    def state_text(self) -> str:
        """Return the state of the link in a few words, which change only when it does."""
        return self._link_summary.text()

    def live_state(self) -> LiveState:
        """Return what a terminal shows of the bot all the time; waits for nobody."""
        return self._live_state.state()

    def log_state(self) -> None:
        """Log the state of the link in one line, for SIGUSR1."""
        self._link_summary.log()

    def request_reconnection(self, by: str) -> None:
        """Have the link replaced, in the background; ``by``, who asks, goes to the journal."""
        self._link.request_reconnection(by)

    def reload(self, environment: Mapping[str, str]) -> None:
        """Follow the settings that can change while the bot runs, as they are written now.

        Those are LOG_LEVEL, ADMIN_NODES, REQUIRE_PKI and ANSWER_CHANNELS. Raises
        :class:`ConfigError`, and changes nothing, when any setting makes no sense.
        """
        reader = SettingsReader(environment)
        site = read_site(reader, load_config(again=True))
        reader.check()
        answers = self._answer_settings(site)
        self.node_manager.keep(site.admin_nodes)
        self._worker.post(partial(self._conversation.change_settings, answers, site.admin_nodes))
        set_log_level(site.log_level)
        log.info(
            tr(
                "🔁 Réglages relus : LOG_LEVEL, ADMIN_NODES, REQUIRE_PKI et ANSWER_CHANNELS ; les "
                "autres comptent au prochain démarrage"
            )
        )

    # -- Life ----------------------------------------------------------------------------------

    def start(self) -> None:
        """Open the store and start every part; returns at once, the link opens by itself.

        Raises :class:`StorageError` when the database cannot be used, or the bot is to end,
        :class:`ConfigError` when nothing knows a service that alerts are to be sent by.
        """
        if self._alerts is not None:
            self._alerts.prepare(self.is_to_end)
        self._store.open(self.is_to_end)
        try:
            self._node_claim.take()
            keys = self.node_manager.load(self.is_to_end)
            self.link_journal.start(
                {**self._constants(), "CONNECTION_MODE": self.site.connection_mode}
            )
        except BaseException:
            self._node_claim.release()
            self._store.close()
            raise
        self._say_hello(keys)
        if self._trial is not None:
            self._trial.start()
        if self.simulated_node is not None:
            self.simulated_node.start()
            self.simulated_node.start_demo()
            log.info(
                tr(
                    "🧪 Nœud SIMULÉ dans le bot : aucune radio n'est utilisée. Pour la "
                    "vôtre, régler "
                    "CONNECTION_MODE et TCP_HOST dans %s"
                ),
                "config.py" if is_checkout(PROGRAM) else settings_files(PROGRAM, os.environ)[0],
            )
        self._schedule_upkeep()
        if self._alerts is not None:
            self._alerts.start()
        self._worker.start()
        self._conversation.start()
        if self._share is not None:
            self._share.start()
        if self._status is not None:
            self._status.start()
        self._link.start()

    def _constants(self) -> dict[str, object]:
        share = self.site.share
        return {
            **{name: getattr(self, name) for name in constants_of(type(self))},
            **({"SHARE_PORT": share.port, "SHARE_ADDRESS": share.address} if share.port else {}),
        }

    def _say_hello(self, keys: int) -> None:
        known = counted(keys, "clé publique connue", "clés publiques connues")
        log.info(tr("🤖 MeshBot %s : %s"), VERSION, known)
        if self.site.mode_decided_by not in ("", "CONNECTION_MODE"):
            log.info(
                tr(
                    "ℹ️ CONNECTION_MODE n'est pas réglé : mode %s, car %s l'est ; pour le nœud "
                    "simulé : --simulate"
                ),
                self.site.connection_mode,
                self.site.mode_decided_by,
            )
        for line in self._odd_settings:
            log.warning("⚠️ %s", line)
        if self.TCP_SYNC_TRIAL and self.TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT:
            log.warning(
                tr("⚠️ TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT sans effet : TCP_SYNC_TRIAL décide")
            )
        for line in admin_lines(self.node_manager, self.site.admin_nodes):
            log.info("%s", line)
        if self.site.require_pki:
            log.info(tr("🔒 Les messages directs sans preuve d'origine restent sans réponse"))

    def _schedule_upkeep(self) -> None:
        """Tell the worker what it does at intervals."""
        every = self._worker.every
        every(self.PUBKEY_SYNC_INTERVAL, self._periodic_pubkey_sync)
        every(self.HEARD_SAVE_INTERVAL, self.node_manager.save_heard)
        every(KEY_DECISIONS_POLL_S, self._decision_watch)
        every(DEFERRED_POLL_S, self._deferred_syncs.run_due)
        every(JOURNAL_FLUSH_S, self.link_journal.flush)
        every(JOURNAL_FLUSH_S, self._store.orders.tend)
        every(JOURNAL_ALIVE_S, self._link.note_alive)
        every(HOUSEKEEPING_S, self._housekeeping)
        if self._trial is not None:
            every(self.TCP_TRIAL_WINDOW / 4, self._trial.look_again)
        every(KEY_PUSH_INTERVAL_S, self._conversation.tend_keys)
        if self.node_manager.has_forgotten():
            self._worker.post(self.node_manager.save_heard)
        self._worker.post(self.link_journal.prune)
        self._worker.post(self._decision_watch)

    def stop(self) -> None:
        """Stop every part, within 5 s, and save what is known."""
        if self._stopped:
            return
        self._stopped = True
        self._deferred_syncs.cancel()
        self.node_manager.hurry()
        # The link first: that wakes those who wait for the node.
        stopped = [
            self._link.stop(2 * STOP_STEP_S),
            self._conversation.stop(STOP_STEP_S),
            self._share is None or self._share.stop(STOP_STEP_S / 2),
            self._worker.stop(STOP_STEP_S),
            self._alerts is None or self._alerts.stop(STOP_STEP_S / 2),
            self._status is None or self._status.stop(STOP_STEP_S / 2),
        ]
        self._deferred_syncs.join(STOP_STEP_S / 2)
        if not all(stopped):
            log.debug("threads still ending: %s", [thread.name for thread in threading.enumerate()])
        self.link_journal.note(EventKind.STOPPED)
        self.link_journal.flush()
        if not self.node_manager.save_heard(STOP_STEP_S):
            log.debug("not all nodes written before the end")
        self._store.orders.tend()
        self._store.close()
        self._node_claim.release()
        if self.simulated_node is not None:
            self.simulated_node.stop()
        log.info(tr("👋 Bot arrêté"))

    # -- LinkListener, on the link's threads ---------------------------------------------------

    def link_failed(self) -> None:
        """Have those who show the state of the bot look again."""
        self.on_change()
        if self._trial is not None:
            self._trial.link_failed()

    def link_opened(self, interface: SupervisedInterface, *, first: bool) -> None:
        """After the first handshake, put every stored key in place at once."""
        self.on_change()
        self._introduction.tell(interface)
        if first:
            self._worker.post(
                partial(self.node_manager.sync_pubkeys_to_interface, interface, force=True)
            )

    def reconnection_succeeded(self, interface: SupervisedInterface) -> None:
        """Schedule the deferred key sync, or say why there is none."""
        interface_ref = interface
        skip = self._sync_skip()
        if skip is not None:
            self.link_journal.note(EventKind.SYNC_SKIPPED, text=skip)
            log.info(counted_lines.SYNC_SKIPPED_BY_FLAG)
            log.info(counted_lines.NEXT_PERIODIC_SYNC, _interval_text(self.PUBKEY_SYNC_INTERVAL))
            return
        if not self._deferred_syncs.schedule(
            self.TCP_PUBKEY_SYNC_DELAY, partial(self._deferred_pubkey_sync, interface_ref)
        ):
            return
        self.link_journal.note(EventKind.SYNC_SCHEDULED, seconds=self.TCP_PUBKEY_SYNC_DELAY)
        log.info(counted_lines.SYNC_SCHEDULED, self.TCP_PUBKEY_SYNC_DELAY)

    def _sync_skip(self) -> SyncSkip | None:
        """Return why there is to be no sync after this reconnection, None where there is to be."""
        if self._trial is not None and self.TCP_SYNC_TRIAL:
            synced = self._trial.with_suspect()
            if self._trial.begins():
                observed_s = self.TCP_PUBKEY_SYNC_DELAY + self.TCP_TRIAL_WINDOW
                self._sync_held_until_s = self._clock() + observed_s
            if synced is not None:
                return None if synced else SyncSkip.TRIAL
        return SyncSkip.FLAG if self.TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT else None

    def frame_received(
        self, interface: SupervisedInterface, message: mesh_pb2.FromRadio, payload: bytes
    ) -> None:
        """Have the clients of the shared node see what it sends."""
        if self._share is not None:
            self._share.frame_came(interface, payload)

    def _own_packet_named(self, packet_id: int) -> None:
        """Have what comes back about a packet of the bot's own be the bot's, not a client's."""
        if self._share is not None:
            self._share.own_packet_named(packet_id)

    def nodes_downloaded(
        self, interface: SupervisedInterface, nodes: list[mesh_pb2.NodeInfo]
    ) -> None:
        """Have the worker learn what the node knows."""
        complete = interface.ready_s is not None and not interface.noNodes
        learn = self._conversation.learn_from_radio
        # In parts where there are more than any radio holds: the worker can end between them.
        complete = complete and len(nodes) <= NODES_AT_ONCE
        for start in range(0, len(nodes), NODES_AT_ONCE):
            part = nodes[start : start + NODES_AT_ONCE]
            self._worker.post(partial(learn, interface, part, complete=complete))

    def packet_received(self, interface: SupervisedInterface, packet: mesh_pb2.MeshPacket) -> None:
        """Have the worker deal with a packet."""
        self._worker.post_heard(partial(self._conversation.hear, interface, packet, self._clock()))

    def node_told(self, interface: SupervisedInterface, message: mesh_pb2.FromRadio) -> None:
        """Have the worker tell what the node says to its client."""
        self._worker.post(partial(self._conversation.hear_node, interface, message))

    # -- On the worker thread ------------------------------------------------------------------

    def _rebuild_store(self, error: StorageVanished) -> None:
        """Make the database again of all that the bot knows. Raises :class:`StorageError`."""
        self.node_manager.rebuild_store(error)

    def _keys_decided(self) -> None:
        """Follow the operator, who has decided on keys."""
        interface = self._link.live_interface
        if interface is not None:
            self.node_manager.sync_pubkeys_to_interface(interface, force=False)
            self._conversation.open_waiting(interface)

    # -- The key syncs -----------------------------------------------------------------------

    def _deferred_pubkey_sync(self, interface_ref: SupervisedInterface) -> None:
        """Body of the ``pubkey-sync`` timer: sync the interface it was scheduled for, or none."""
        try:
            if interface_ref is not self.interface:
                self.link_journal.note(EventKind.SYNC_SKIPPED, text=SyncSkip.CHANGED)
                log.info(counted_lines.SYNC_SKIPPED_INTERFACE_CHANGED)
                return
            if self.reconnecting:
                self.link_journal.note(EventKind.SYNC_SKIPPED, text=SyncSkip.RECONNECTING)
                log.info(counted_lines.SYNC_SKIPPED_RECONNECTING)
                return
            log.info(counted_lines.DEFERRED_SYNC_STARTS)
            self.node_manager.sync_pubkeys_to_interface(interface_ref, force=True)
        except MemoryError:
            log.error(
                tr(
                    "❌ Mémoire insuffisante sur cette machine : la synchronisation différée est "
                    "abandonnée"
                )
            )
        except Exception:  # top of a thread
            log.exception(tr("❌ Erreur inattendue dans la synchronisation différée"))

    def _periodic_pubkey_sync(self) -> None:
        """Sync if anything changed; while a trial observes the session, when it has done so."""
        held_s = self._sync_held_until_s - self._clock()
        if held_s > 0:
            if not self._held_sync_waits:
                held_sync = partial(self._worker.post, self._held_pubkey_sync)
                self._held_sync_waits = self._deferred_syncs.schedule(held_s, held_sync)
            return
        if self.TCP_SYNC_TRIAL and self._link.reconnecting:
            return  # the coin of this session is not tossed yet
        interface = self._link.live_interface
        if interface is not None:
            self.node_manager.sync_pubkeys_to_interface(interface, force=False)

    def _held_pubkey_sync(self) -> None:
        self._held_sync_waits = False
        self._periodic_pubkey_sync()


def _new_simulated_node(connection_mode: str) -> "SimulatedNode | None":
    if connection_mode != "simulated":
        return None
    # With a real node it would take a megabyte and a tenth of the start-up for nothing.
    from meshbot.simulation.simulated_node import SimulatedNode  # noqa: PLC0415
    from meshbot.simulation.traits import SimulatedTraits  # noqa: PLC0415

    return SimulatedNode(traits=SimulatedTraits(long_name=tr("Noeud simulé")))


def link_settings_of(constants: MeshBot | type[MeshBot]) -> LinkSettings:
    """Return the numbers of the link's policy that a bot's constants stand for."""
    return LinkSettings(
        silent_timeout_s=constants.TCP_SILENT_TIMEOUT,
        probe_timeout_s=constants.TCP_PROBE_TIMEOUT,
        heartbeat_s=constants.TCP_HEARTBEAT_INTERVAL,
        keepalive_s=constants.TCP_KEEPALIVE_INTERVAL,
        cleanup_s=constants.TCP_INTERFACE_CLEANUP_DELAY,
        stabilization_s=constants.TCP_INTERFACE_STABILIZATION_DELAY,
        handshake_timeout_s=constants.TCP_HANDSHAKE_TIMEOUT,
        misanswered_s=MISANSWERED_S,
        courtesy_s=constants.TCP_COURTESY_PAUSE,
        lasting_session_s=constants.TCP_LASTING_SESSION,
        early_retry_max_s=constants.TCP_RETRY_MAX_EARLY,
        retry_max_s=constants.TCP_RETRY_MAX,
        contested_s=constants.TCP_LASTING_SESSION,
        yield_first_s=constants.TCP_YIELD_FIRST,
        yield_max_s=constants.TCP_YIELD_MAX,
    )


def _interval_text(seconds: float) -> str:
    return f"{seconds / 60:g}min" if seconds >= 60 else f"{seconds:g}s"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bot until SIGTERM or SIGINT, or do what a command asks; return the exit code.

    0: stopped as asked. 2: settings or a database that make no sense, until somebody changes them.
    1: the database cannot be used right now, this machine lacks memory, threads or files, or the
    command cannot do what was asked.
    """
    options = _parsed(argv)
    keep_process_private()
    if options.command != "report":  # it makes no file but the page that it is asked for
        keep_files_private()
    if options.command is not None:
        configure_logging("INFO")
        return _do_command(options)
    with JournalOutput() as output:
        return _run(options, output)


def _parsed(argv: Sequence[str] | None) -> argparse.Namespace:
    speak(language_wanted(PROGRAM))
    try:
        return parse_arguments(argv)
    finally:
        try:
            if sys.stdout is not None:
                sys.stdout.flush()
        except OSError:  # of --help, of which its reader has enough
            _forget_output()


def _forget_output() -> None:
    """Have the interpreter not write the rest at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _do_command(options: argparse.Namespace) -> int:
    # A bot that runs has no use for the commands, and for most of what judges the link.
    from meshbot.cli.command_line import run_command  # noqa: PLC0415

    try:
        return run_command(options, environment_of(options, PROGRAM), MeshBot, PROGRAM)
    except BrokenPipeError:
        _forget_output()  # its reader has enough of it
        return EXIT_OK
    except (ConfigError, StorageError) as error:
        return _refused(error)
    except (MemoryError, RuntimeError, OSError) as error:
        text = shortage_text(error) or getattr(error, "strerror", None)
        if text is None and not isinstance(error, OSError):
            raise
        with contextlib.suppress(OSError):  # it may be the same file
            sys.stderr.write(f"❌ {text or error}\n")
        os._exit(EXIT_NO)  # the output cannot be written: nor can the interpreter at its end


def _run(options: argparse.Namespace, output: JournalOutput) -> int:
    try:
        bot = MeshBot(environment=environment_of(options, PROGRAM))
        set_log_level(bot.site.log_level)
        output.show(bot.live_state)
        if not bot.site.mode_decided_by and sys.stdin is not None and sys.stdin.isatty():
            log.info(tr("👉 Aucun réglage : « main_bot.py setup » cherche votre nœud et les écrit"))
        run_bot(bot, lambda: environment_of(options, PROGRAM))
        return EXIT_NO if bot.exhausted else EXIT_OK
    except (ConfigError, StorageError) as error:
        return _refused(error)
    except Exception as error:  # the top of the main thread: stderr may block
        text = shortage_text(error)
        if text is not None:
            log.error(tr("❌ %s : le bot s'arrête"), text)
        else:
            log.exception(tr("❌ Erreur inattendue, le bot s'arrête"))
        return EXIT_NO


def _refused(error: ConfigError | StorageError) -> int:
    log.error("❌ %s", error)
    return EXIT_NO if isinstance(error, StorageError) and error.passing else EXIT_CONFIG


if __name__ == "__main__":
    from meshbot.service.process_start import run_process

    sys.exit(run_process(main))
