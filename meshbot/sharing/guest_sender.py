"""The thread ``share-sender``: gives the node what its clients want sent, in turn with the bot.

Any thread may queue, which never blocks; only this thread sends. ``_changed`` guards the queue and
what is known of the packets given, and is a leaf: nobody is called with it held.

What is next says the :class:`GuestQueue`, whether a text may go the :class:`TextTurn`, whether the
air has room the :class:`GuestAir`. A packet whose fate is unknown, because the link died first,
goes out again under the same id, which is harmless: node and mesh drop a copy. Not so an order to
the node itself, which forgets its ids when it restarts: one to restart would have it do so again.
"""

import logging
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from meshtastic.protobuf import mesh_pb2

from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.mesh.direct_messages import CannotOpen
from meshbot.messages.live_link import LiveLink
from meshbot.messages.routing_errors import (
    QUEUE_FULL_RESULT,
    is_given_up,
    is_queued,
    lacks_key,
    queue_result_text,
)
from meshbot.messages.sender_settings import SenderSettings
from meshbot.messages.text_turn import TextTurn, TurnSide, pause_s
from meshbot.model.link_error import LinkError
from meshbot.sharing.admin_rules import asks_only
from meshbot.sharing.guest_air import GuestAir
from meshbot.sharing.guest_events import GuestEvents
from meshbot.sharing.guest_packet import GuestPacket
from meshbot.sharing.guest_queue import MOST_CLIENTS, GuestQueue
from meshbot.sharing.guest_record import GuestRecord
from meshbot.sharing.guest_seal import GuestSeal
from meshbot.sharing.guest_task import GuestTask, Lane, lane_of
from meshbot.sharing.local_address import machine_of
from meshbot.sharing.write_watch import WriteWatch
from meshbot.text.language import mark, tr
from meshbot.text.quantities import duration_text
from meshbot.threads.bot_thread import BotThread

log = logging.getLogger(__name__)

LINK_POLL_S = 0.5
TURN_POLL_S = 0.5
IDLE_POLL_S = 5.0
WORD_POLL_S = 0.25
FULL_PAUSE_S = 2.0
MOST_TRIES = 4
MOST_RECORDS = 256
_Error = mesh_pb2.Routing.Error
_DRIVER_RESULTS = range(QUEUE_FULL_RESULT, QUEUE_FULL_RESULT + 4)
"""Results that are no routing errors, so that the node tells nobody."""
_LOST_TEXT = mark("la liaison avec le nœud s'est perdue pendant l'envoi, plusieurs fois")
_UNSURE_TEXT = mark(
    "la liaison avec le nœud s'est perdue pendant l'envoi : on ne sait pas s'il a obéi"
)
_KEY_TEXT = mark("la clé du destinataire ne permet pas de sceller le message")
_TOO_LARGE_TEXT = mark("paquet trop long pour la radio")
_UNEXPECTED_TEXT = mark("erreur inattendue du bot")


class GuestSender(BotThread):
    """Sends what clients give it."""

    error_line = mark("❌ Erreur inattendue, un paquet d'un client est perdu")

    def __init__(
        self,
        link: LiveLink,
        turn: TextTurn,
        air: GuestAir,
        seal: GuestSeal,
        settings: SenderSettings,
        *,
        events: GuestEvents,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; :meth:`start` starts the thread. ``turn`` is the one that the bot uses."""
        super().__init__("share-sender", clock)
        self._link = link
        self._turn = turn
        self._air = air
        self._seal = seal
        self._settings = settings
        self._events = events
        self._changed = threading.Condition()
        self._queue = GuestQueue(MOST_CLIENTS)
        self._full: set[int] = set()
        """Clients that have no room left: they wait for the word that there is some."""
        self._own_num = 0
        """The node's, as it was last known; one number, written as a whole."""
        self._is_news = False
        self._records: OrderedDict[int, GuestRecord] = OrderedDict()
        self._watch = WriteWatch()
        self._under_way: GuestTask | None = None
        turn.listen(self._tell_thread)

    # -- For any thread ------------------------------------------------------------------------

    def put(self, packet: GuestPacket) -> bool:
        """Queue a packet; return whether there was room. Never blocks."""
        interface = self._link.wait_live(0.0)
        if interface is not None:
            self._own_num = interface.own_num
        lane = lane_of(packet.packet, self._own_num)
        if packet.writes:
            lane = Lane.OWN
        task = GuestTask(packet.client, packet.queued_s, lane, packet=packet)
        with self._changed:
            has_room = self._queue.put(task)
            if not self._queue.room(packet.client) and len(self._full) < MOST_CLIENTS:
                self._full.add(packet.client)
            self._is_news = True
            self._changed.notify_all()
        return has_room

    def put_frame(self, client: int, message: mesh_pb2.ToRadio) -> bool:
        """Queue what is no packet, for the node as it is; return whether there was room."""
        task = GuestTask(client, self._clock(), Lane.FRAME, frame=message)
        with self._changed:
            has_room = self._queue.put(task)
            self._is_news = True
            self._changed.notify_all()
        return has_room

    def room(self, client: int) -> int:
        """Return for how many packets of a client there is room."""
        with self._changed:
            return self._queue.room(client)

    def welcome(self, client: int, host: str) -> None:
        """Note that a client is there, and from which machine."""
        machine = machine_of(host)
        self._air.came(client, machine)
        with self._changed:
            self._queue.welcome(client, machine)

    def forget(self, client: int) -> None:
        """Note that a client is gone. What was taken of it goes out all the same."""
        self._air.gone(client)
        with self._changed:
            self._queue.forget(client)
            self._full.discard(client)

    def routing_error(self, packet_id: int, error: int) -> bool:
        """Take our own node's routing error about a packet, under the id it has on the air.

        True: it goes out again, under another id or our own seal, and nobody is to be told.
        """
        with self._changed:
            record = self._records.get(packet_id)
            if record is None:
                return False
            if record.again_for:
                return True
            if is_given_up(error):
                del self._records[packet_id]
        task = record.task
        if is_given_up(error):
            self._air.charge_retries(task.client, task.cost_s)
        elif self._goes_again(task, error):
            with self._changed:
                record.again_for = error
                if not record.under_way:
                    self._put_again(task, error)
            return True
        return False

    def _goes_again(self, task: GuestTask, error: int) -> bool:
        packet = task.packet
        if packet is None or task.tries >= MOST_TRIES:
            return False
        if error == _Error.RATE_LIMIT_EXCEEDED:
            return task.lane == Lane.TEXT
        interface = self._link.wait_live(0.0)
        return _may_lack_key(packet, error) and self._seal.can_seal(interface, packet.packet)

    def _put_again(self, task: GuestTask, error: int) -> None:
        """Have a packet go again that the node refused; with the lock held."""
        task.tries += 1
        task.is_new_id_needed = True
        if task.packet is not None and _may_lack_key(task.packet, error):
            task.packet.sealed = True
        self._queue.put_back(task)
        self._is_news = True
        self._changed.notify_all()

    # -- The thread ----------------------------------------------------------------------------

    def _wake(self) -> None:
        self._turn.close(TurnSide.GUESTS)
        self._tell_thread()

    def _tell_thread(self) -> None:
        with self._changed:
            self._is_news = True
            self._changed.notify_all()

    def _recover(self) -> None:
        """Give up the packet that brought an unexpected error about."""
        task, self._under_way = self._under_way, None
        self._turn.leave(TurnSide.GUESTS)
        if task is not None:
            self._refuse(task, _Error.BAD_REQUEST, tr(_UNEXPECTED_TEXT))
        self._stopping.wait(LINK_POLL_S)

    def _do_next(self) -> None:
        """Give the node what comes next, or wait for that. At the end, what waits is lost."""
        self.progress.idle()
        with self._changed:
            self._is_news = False
        interface = self._link.wait_live(0.0)
        self._drop_old(interface)
        self._tell_room()
        if interface is not None:
            self._ask_configuration(interface)
        task, wait_s = self._next(interface)
        if task is None or interface is None:
            with self._changed:
                self._changed.wait_for(lambda: self._is_news or self._stopping.is_set(), wait_s)
            return
        self.progress.step()
        self._under_way = task
        try:
            self._deliver(task, interface)
        except LinkError as error:
            log.debug("a client's packet is not sent: %s", error)
            self._put_back(task)
            self._turn.leave(TurnSide.GUESTS)
            # A dead interface stays "live" until the link thread has taken note of it.
            self._stopping.wait(LINK_POLL_S)
        self._under_way = None
        self._turn.leave(TurnSide.GUESTS)

    def _next(self, interface: SupervisedInterface | None) -> tuple[GuestTask | None, float]:
        """Take what is next, or say how long to wait for that."""
        now_s = self._clock()
        with self._changed:
            if not len(self._queue):
                return None, min(self._watch.wait_s(now_s), IDLE_POLL_S)
        if interface is None:
            return None, LINK_POLL_S
        has_room = interface.has_room()
        with self._changed:
            task = self._queue.take(now_s, has_room=has_room)
            has_text = task is None and has_room and self._queue.has_text(now_s)
            wait_s = min(self._queue.wait_s(now_s) or LINK_POLL_S, LINK_POLL_S)
        if task is not None or not has_text:
            return task, wait_s
        turn_s = self._turn.try_take(TurnSide.GUESTS)
        if turn_s > 0:
            return None, min(turn_s, TURN_POLL_S, wait_s)
        with self._changed:
            task = self._queue.take_text(now_s)
        if task is None:  # its time was over meanwhile
            self._turn.leave(TurnSide.GUESTS)
        return task, 0.0

    def _deliver(self, task: GuestTask, interface: SupervisedInterface) -> None:
        """Give the node a thing, and see what it says. Raises ``LinkError`` if it was not sent."""
        if task.frame is not None:
            interface.give(task.frame)
            return
        packet = task.packet
        if packet is None or not self._may_go(task, packet, interface):
            return
        try:
            out = self._made(task, packet, interface)
        except CannotOpen:
            self._refuse(task, _Error.PKI_FAILED, tr(_KEY_TEXT))
            return
        except ValueError:
            self._refuse(task, _Error.TOO_LARGE, tr(_TOO_LARGE_TEXT))
            return
        record = self._remember(task, out.id)
        sent_s = self._clock()
        try:
            interface.give(mesh_pb2.ToRadio(packet=out))
        except ValueError:  # more than a frame holds
            self._refuse(task, _Error.TOO_LARGE, tr(_TOO_LARGE_TEXT))
            return
        status = self._wait_for_word(out.id, interface, sent_s, packet.queued_s)
        with self._changed:
            self._queue.note_given(task, self._clock())
        if task.lane == Lane.TEXT:
            self._turn.given(TurnSide.GUESTS, pause_s(self._settings.spacing_s, task.cost_s))
        if not self._stopping.is_set():
            self._judge(record, packet, interface, status)

    def _may_go(self, task: GuestTask, packet: GuestPacket, interface: SupervisedInterface) -> bool:
        """Say whether the air has room for a packet; if not, it is refused."""
        task.cost_s = self._air.cost_s(interface, packet.packet)
        wait_s = self._air.wait_s(task.client, task.cost_s)
        if wait_s <= 0:
            if task.lane == Lane.TEXT and not self._turn.begin(TurnSide.GUESTS):
                self._put_back(task)
                return False
            return True
        if math.isinf(wait_s):
            text = tr(
                "ce paquet prendrait à lui seul plus que le temps d'émission permis aux clients"
            )
        else:
            text = tr(
                "temps d'émission permis aux clients épuisé : réessayer dans {wait}",
                wait=duration_text(wait_s),
            )
        self._refuse(task, _Error.DUTY_CYCLE_LIMIT, text)
        return False

    def _made(
        self, task: GuestTask, packet: GuestPacket, interface: SupervisedInterface
    ) -> mesh_pb2.MeshPacket:
        """Return a packet as the node is to get it now. Raises ``CannotOpen``.

        Raises another ``ValueError`` for one that is too long once it is sealed.
        """
        if task.is_new_id_needed:
            old_id, packet.packet.id = packet.packet.id, interface.new_packet_id()
            task.is_new_id_needed = False
            self._events.packet_renumbered(old_id, packet.packet.id)
        can_seal = self._seal.can_seal(interface, packet.packet)
        if can_seal and not packet.sealed:
            packet.sealed = self._seal.is_lacking(interface, packet.packet)
        packet.sealed = packet.sealed and can_seal
        if not packet.sealed:
            return packet.packet
        if self._seal.is_too_large(packet.packet):
            raise ValueError(tr(_TOO_LARGE_TEXT))
        return self._seal.sealed(interface, packet.packet)

    def _remember(self, task: GuestTask, packet_id: int) -> GuestRecord:
        record = GuestRecord(task)
        with self._changed:
            self._records.pop(packet_id, None)
            self._records[packet_id] = record
            if len(self._records) > MOST_RECORDS:
                self._records.popitem(last=False)
        return record

    def _wait_for_word(
        self, packet_id: int, interface: SupervisedInterface, sent_s: float, queued_s: float
    ) -> mesh_pb2.QueueStatus | None:
        """Return the node's word on a packet, or None: at the end, of the link or of the patience.

        A node from which nothing at all has come since is waited for until the link is dead.
        """
        patience_s = self._settings.confirm_timeout_s
        limit_s = max(queued_s + self._settings.max_age_s - sent_s, patience_s)
        while not self._stopping.is_set():
            status = interface.wait_for_queue_status(packet_id, WORD_POLL_S, WORD_POLL_S)
            if status is not None or not interface.alive:
                return status
            waited_s = self._clock() - sent_s
            if waited_s >= limit_s:
                return None
            if waited_s >= patience_s and interface.last_received_s > sent_s:
                return None
        return None

    def _judge(
        self,
        record: GuestRecord,
        packet: GuestPacket,
        interface: SupervisedInterface,
        status: mesh_pb2.QueueStatus | None,
    ) -> None:
        """Deal with what the node said, or did not say."""
        task, result = record.task, status.res if status is not None else 0
        with self._changed:
            record.under_way = False
            error = record.again_for or result
        if lacks_key(error):
            self._seal.note_lacking(interface, packet.packet.to)
        if record.again_for or self._goes_again(task, error):
            with self._changed:
                record.again_for = error
                self._put_again(task, error)
        elif status is None and not interface.alive:
            self._note_unsure(task, packet, interface.own_num)
        elif is_queued(result):
            self._note_given(task, packet, interface)
        elif result == QUEUE_FULL_RESULT:
            task.is_new_id_needed = True
            task.not_before_s = self._clock() + FULL_PAUSE_S
            self._put_back(task)
        elif result in _DRIVER_RESULTS and not _tells_of_seal(packet, result, interface):
            text = queue_result_text(result, by_udp=interface.sends_by_udp)
            self._refuse(task, _Error.NO_INTERFACE, text)
        # Any other result is a routing error, of which the node tells in a packet of its own.

    def _note_given(
        self, task: GuestTask, packet: GuestPacket, interface: SupervisedInterface
    ) -> None:
        self._air.charge(task.client, task.cost_s)
        if packet.writes:
            self._watch.note(packet.packet, interface, self._clock())
        self._events.packet_given(packet)

    def _note_unsure(self, task: GuestTask, packet: GuestPacket, own_num: int) -> None:
        """Have a packet go again whose fate is unknown, but not for ever; an order not at all."""
        self._air.charge(task.client, task.cost_s)
        if packet.writes or (packet.packet.to == own_num and not asks_only(packet.packet)):
            self._refuse(task, _Error.TIMEOUT, tr(_UNSURE_TEXT))
            return
        task.tries += 1
        if task.tries >= MOST_TRIES:
            self._refuse(task, _Error.NO_INTERFACE, tr(_LOST_TEXT))
        else:
            self._put_back(task)

    def _put_back(self, task: GuestTask) -> None:
        with self._changed:
            self._queue.put_back(task)

    def _refuse(self, task: GuestTask, error: int, text: str) -> None:
        if task.packet is not None and not self._stopping.is_set():
            self._events.packet_refused(task.packet, error, text)

    def _drop_old(self, interface: SupervisedInterface | None) -> None:
        """Refuse what has waited for too long."""
        max_age_s = self._settings.max_age_s
        with self._changed:
            old = self._queue.pop_old(self._clock() - max_age_s)
        for task in old:
            if interface is None:
                text = tr(
                    "pas de liaison avec le nœud depuis {max_age}", max_age=duration_text(max_age_s)
                )
                self._refuse(task, _Error.NO_INTERFACE, text)
            else:
                text = tr("son tour n'est pas venu en {max_age}", max_age=duration_text(max_age_s))
                self._refuse(task, _Error.TIMEOUT, text)

    def _tell_room(self) -> None:
        """Tell of the clients that had no room left that there is some again."""
        with self._changed:
            told = [client for client in self._full if self._queue.room(client)]
            self._full.difference_update(told)
        for client in told:
            self._events.room_again(client)

    def _ask_configuration(self, interface: SupervisedInterface) -> None:
        """Ask the node for its configuration again, if a client changed it a moment ago."""
        if not self._watch.is_due(interface, self._clock()):
            return
        try:
            interface.ask_configuration()
        except LinkError as error:  # the next session brings it
            log.debug("configuration not asked for: %s", error)


def _may_lack_key(packet: GuestPacket, error: int) -> bool:
    """Say whether an error may mean that the radio lacks the key; once we sealed, it does not.

    Before 2.7.19 a client that demands a seal is told ``PKI_FAILED``.
    """
    demanded = error == _Error.PKI_FAILED and packet.packet.pki_encrypted
    return not packet.sealed and (lacks_key(error) or demanded)


def _tells_of_seal(packet: GuestPacket, result: int, interface: SupervisedInterface) -> bool:
    """Say whether 34 is ``PKI_FAILED``, of which the node tells itself, and no radio that is off.

    The results of the driver and the routing errors meet there where a client demands a seal.
    """
    if result != _Error.PKI_FAILED or not packet.packet.pki_encrypted or packet.sealed:
        return False
    lora = interface.localNode.localConfig.lora
    return bool(lora.tx_enabled and lora.region)
