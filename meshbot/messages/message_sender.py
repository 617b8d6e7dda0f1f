"""The thread ``bot-sender``: whatever the bot sends goes through here, one after another.

Takes from the :class:`Outbox`, which any thread may fill, what is to go next; only this thread
sends. Whose turn it is says the outbox, whether the air has room for it the :class:`AirGate`: a
text that must wait for that keeps nobody else waiting. Requests go between the texts. A reply is
queued without its text: when its turn has come the worker is asked for that, and waited for, so
that a reply which stood in the queue, or waited for the link, is no older than its sending.

Texts are spaced, because the firmware silently drops a text that comes within 2 s of another
(measured, 2.7 and 2.8). The pause runs from the node's own word on the previous text, so that a
slow Wi-Fi cannot push two together. A text whose fate is unknown, because the link died first, is
sent again under the same packet id: a node that had it already drops the copy. A request is tried
once, on the interface it was meant for.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import replace

from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.mesh.direct_messages import CannotOpen
from meshbot.messages.air_gate import AirGate
from meshbot.messages.asker import Asker
from meshbot.messages.key_book import recipient_label
from meshbot.messages.live_link import LiveLink
from meshbot.messages.outbox import Outbox
from meshbot.messages.outgoing_request import OutgoingRequest
from meshbot.messages.outgoing_text import OutgoingText
from meshbot.messages.question import Question
from meshbot.messages.reply_maker import ReplyMaker
from meshbot.messages.reply_parts import WhyShort
from meshbot.messages.request_delivery import RequestDelivery
from meshbot.messages.routing_errors import is_given_up, routing_error_text
from meshbot.messages.sender_settings import SenderSettings
from meshbot.messages.slowdown_lines import SlowdownLines
from meshbot.messages.text_delivery import DeliveryOutcome, TextDelivery
from meshbot.messages.text_turn import TurnSide
from meshbot.messages.waiting_reply import WaitingReply
from meshbot.model.bot_tally import BotTally
from meshbot.model.cause import Cause
from meshbot.model.known_node import BROADCAST_NUM
from meshbot.model.link_error import LinkError
from meshbot.model.link_event import EventKind
from meshbot.model.link_notes import LinkNotes
from meshbot.model.reply_fate import ReplyFate
from meshbot.text.cause_texts import cause_text
from meshbot.text.language import mark, tr
from meshbot.text.quantities import duration_text
from meshbot.threads.bot_thread import BotThread

log = logging.getLogger(__name__)

LINK_POLL_S = 0.5
TURN_POLL_S = 15.0
MAX_UNSURE_SENDS = 4
ASK_AGAIN_S = 10.0  # the worker may have dropped the question, or be at something else
AIR_POLL_S = 5.0  # what the node says of the air may change, and replies grow too old


class MessageSender(BotThread):
    """Sends texts, spaced, each once, to everybody in his turn."""

    error_line = mark("❌ Erreur inattendue, un envoi est perdu")

    def __init__(
        self,
        link: LiveLink,
        delivery: TextDelivery,
        air: AirGate,
        settings: SenderSettings,
        *,
        post: Callable[[Callable[[], object]], object] = lambda call: call(),
        notes: LinkNotes | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; :meth:`start` starts the thread.

        ``post`` brings a call to the thread that makes the replies.
        """
        super().__init__("bot-sender", clock)
        self._link = link
        self._delivery = delivery
        self._air = air
        self._settings = settings
        self._notes = notes or LinkNotes()
        self._maker = ReplyMaker(post, settings)
        self._requests = RequestDelivery(link, settings)
        self._outbox = Outbox()
        self._lines = SlowdownLines(clock)
        self._request_next = False
        """Whether it is the turn of a request, if there is one."""
        self._under_way: WaitingReply | None = None
        self._problem = LinkError(Cause.NO_LINK)
        """Why nothing at all could be sent at the last try."""
        self.tally = BotTally()
        """Told what becomes of replies."""

    # -- For any thread ------------------------------------------------------------------------

    def waiting_replies(self) -> int:
        """Return how many replies wait for their turn."""
        return self._outbox.waiting_replies()

    def is_full(self) -> bool:
        """Say whether a request would find no room."""
        return self._outbox.is_full()

    def queue_length(self) -> int:
        """Return how many replies wait."""
        return self._outbox.length()

    def is_answering(self, question: Question) -> bool:
        """Say whether an answer to the same command of the same sender waits already."""
        return self._outbox.holds(question.asker.key, question.command)

    def send(
        self,
        text: str | Callable[[], str],
        to: int,
        *,
        channel: int = 0,
        reply_id: int = 0,
        sealed: bool = False,
        question: Question | None = None,
    ) -> None:
        """Queue a text for node ``to`` (or a channel's broadcast), cut into messages that fit.

        A function instead of the text makes it, on the worker's thread, when its turn has come.
        Never blocks; when too many wait, one is dropped with a line, see :class:`ReplyQueue`.
        """
        question = question or Question(Asker(to))
        blank = OutgoingText("", to, channel, reply_id, sealed, self._clock(), asker=question.asker)
        reply = WaitingReply(blank, question, None if isinstance(text, str) else text)
        if isinstance(text, str):
            reply.fill(self._maker.parts(text))
        dropped = self._outbox.put(reply) if reply.make or reply.texts else None
        if dropped is not None:
            self.tally.reply_ended(ReplyFate.NO_ROOM)
            self._lines.no_room(self._label(dropped.blank.to), dropped.asker)

    def request(self, request: OutgoingRequest) -> bool:
        """Queue a request; return whether there was room. Never blocks."""
        return self._outbox.put_request(request)

    def routing_error(self, packet_id: int, source: int, error: int, own_num: int) -> int | None:
        """Take a routing error about a packet that may be one of ours; say what it means.

        If our own node lacks the key, the text goes out again under our own seal. Returns the
        number of the node whose key our own node is then known to lack.
        """
        news = self._delivery.sent.routing_error(packet_id, source, error, own_num)
        text = news.failed
        if text is None:
            return news.lacking
        if is_given_up(error) and source == own_num:
            again_s = self._air.charge_retries(text.asker.rank, text.air_s)
            self._outbox.add_use(text.asker.key, again_s, self._clock())
        if news.key_missing and self._delivery.can_seal(self._link.wait_live(0.0), text.to):
            self._delivery.say_we_seal(text.to)
            self._send_again(replace(text, sealed=True, packet_id=0, told=True))
            return news.lacking
        why = routing_error_text(error)
        self._delivery.notes.failed(packet_id, why)
        log.warning(tr("⚠️ Réponse à %s non remise : %s"), self._label(text.to), why)
        self.tally.reply_ended(ReplyFate.UNDELIVERED)
        return news.lacking

    def acknowledged(self, packet_id: int, source: int) -> None:
        """Take the word of a node that it has a packet, which may be one of ours to it."""
        if self._delivery.sent.is_for(packet_id, source):
            self._delivery.notes.delivered(packet_id)

    def _send_again(self, text: OutgoingText) -> None:
        reply = WaitingReply(replace(text, text=""), Question(text.asker), texts=[text])
        self._outbox.put(reply, again=True)

    # -- The thread ----------------------------------------------------------------------------

    def _wake(self) -> None:
        self._outbox.close()
        self._delivery.turn.close(TurnSide.BOT)

    def _recover(self) -> None:
        """Give up the reply that brought an unexpected error about, or it would do so again."""
        if self._under_way is not None:
            self._outbox.remove(self._under_way)
        self._stopping.wait(LINK_POLL_S)

    def _do_next(self) -> None:
        """Send what comes next. At the end, what waits is lost."""
        self.progress.idle()
        self._outbox.wait_for_work()
        self.progress.step()
        self._under_way = None
        for old in self._outbox.pop_old(self._clock() - self._settings.max_age_s):
            self._say_dropped(old, old.problem or self._problem)
        request = None
        if self._request_next or not self._outbox.has_replies():
            request = self._outbox.pop_request()
        self._request_next = request is None
        if request is not None:
            self._requests.deliver(request)
        elif self._outbox.has_replies():
            self._send_next_text()

    def _send_next_text(self) -> None:
        """Send one text of the reply whose turn it is, if the link and the air let one go."""
        interface = self._wait_for_turn()
        if interface is None:
            return
        try:
            self._send_in_turn(interface)
        finally:
            self._delivery.turn.leave(TurnSide.BOT)

    def _send_in_turn(self, interface: SupervisedInterface) -> None:
        reply: WaitingReply | None = None
        try:
            interface.wait_for_room()
            reply, wait_s = self._next_reply(interface)
            if reply is None:
                self.progress.idle()  # to wait for the air is no lack of progress
                self._delivery.turn.leave(TurnSide.BOT)
                self._outbox.wait_for_news(min(wait_s, AIR_POLL_S))
                return
            self._under_way = reply
            reply.enter_session(interface)
            if reply.texts or self._make(reply, interface):
                self._send_text(reply, interface)
        except LinkError as error:
            self._note_problem(reply, error)
            self._delivery.turn.leave(TurnSide.BOT)
            # A dead interface stays "live" until the link thread has taken note of it.
            self._stopping.wait(LINK_POLL_S)
        except CannotOpen:
            if reply is not None:
                self._drop(reply, LinkError(Cause.KEY_UNUSABLE))

    def _wait_for_turn(self) -> SupervisedInterface | None:
        """Return the live interface when it may be given another text, or None for now."""
        interface = self._link.wait_live(LINK_POLL_S)
        if interface is None:
            self._problem = LinkError(Cause.NO_LINK)
            return None
        self.progress.idle()  # to wait for its turn is no lack of progress
        has_turn = self._delivery.turn.wait(TurnSide.BOT, TURN_POLL_S)
        self.progress.step()
        return interface if has_turn and not self._stopping.is_set() else None

    def _next_reply(self, interface: SupervisedInterface) -> tuple[WaitingReply | None, float]:
        """Return the first reply for which the air has room now, or when to look again."""
        shortest_s = AIR_POLL_S
        for turn in self._outbox.turns(self._clock()):
            reply = turn.reply
            cost_s = self._cost_s(reply, turn.next_bytes, interface)
            wait_s = self._air.wait_s(reply.asker.rank, cost_s, turn.had_s)
            if wait_s <= 0:
                return reply, 0.0
            if not reply.held_back:
                reply.held_back = True
                self._lines.held_back(self._label(reply.blank.to), reply.asker)
            shortest_s = min(shortest_s, wait_s)
        return None, shortest_s

    def _make(self, reply: WaitingReply, interface: SupervisedInterface) -> bool:
        """Have a reply made for now; return whether its first text may go.

        Raises ``LinkError`` when that took until after the end of the session: what it tells may be
        so no more.
        """
        question = reply.question
        limit = self._air.limit(
            interface,
            reply.asker.rank,
            question.asked_bytes,
            self._outbox.askers(reply.asker.rank),
        )
        self.progress.idle()  # the worker's own mark says whether that gets on
        made = self._maker.make(reply, limit, ASK_AGAIN_S, self._stopping)
        self.progress.step()
        if made is None:
            return False
        if self._link.wait_live(0.0) is not interface:
            raise LinkError(Cause.NO_LINK)
        if not made.parts:
            self._outbox.remove(reply)
            return False
        first_bytes = len(made.parts[0].encode("utf-8"))
        self._outbox.note_length(question.name, made.full_texts, first_bytes)
        if self._air.wait_s(reply.asker.rank, self._cost_s(reply, first_bytes, interface)) > 0:
            return False
        if made.full_texts > len(made.parts):
            why = limit.why if limit is not None else WhyShort.HAD_MANY
            self._lines.shortened(self._label(reply.blank.to), reply.asker, why)
        reply.fill(made.parts)
        return True

    def _send_text(self, reply: WaitingReply, interface: SupervisedInterface) -> None:
        """Give the next text of a reply to the node, and see what that says to it.

        Raises ``LinkError`` when it was not sent, ``CannotOpen`` when a key cannot be used.
        """
        text = reply.texts[0]
        if not self._delivery.turn.begin(TurnSide.BOT):
            return  # another's, as the text took so long to make: it goes when it comes again
        text.air_s = self._cost_s(reply, len(text.text.encode("utf-8")), interface)
        reply.leaving = len(reply.texts) == 1
        outcome = self._delivery.deliver(text, interface)
        if outcome in (DeliveryOutcome.TAKEN, DeliveryOutcome.UNKNOWN):
            self._air.charge(reply.asker.rank, text.air_s)
            self._outbox.text_went(reply, text.air_s, self._clock())
        if outcome is DeliveryOutcome.TO_SEAL:
            reply.seal()
        elif outcome is DeliveryOutcome.UNKNOWN:
            self._note_unsure(reply)
            self._stopping.wait(LINK_POLL_S)
        else:
            reply.text_is_over()
            if not reply.texts:
                self._outbox.remove(reply)
                self._count_end(reply, outcome)

    def _count_end(self, reply: WaitingReply, outcome: DeliveryOutcome) -> None:
        """Count a reply of which nothing is left; one that had to be sealed was counted before."""
        if not reply.blank.told:
            is_sent = outcome is DeliveryOutcome.TAKEN
            self.tally.reply_ended(ReplyFate.SENT if is_sent else ReplyFate.REFUSED)

    def _note_unsure(self, reply: WaitingReply) -> None:
        """Have a text go again whose fate is unknown, but not for ever."""
        reply.begun, reply.leaving = True, False
        reply.unsure += 1
        reply.problem = LinkError(Cause.LOST_WHILE_SENDING)
        log.debug("text to %s goes out again", self._label(reply.blank.to))
        if reply.unsure >= MAX_UNSURE_SENDS:
            self._drop(reply, reply.problem)

    def _note_problem(self, reply: WaitingReply | None, problem: LinkError) -> None:
        log.debug("nothing sent: %s", problem)
        self._problem = problem
        if reply is not None:
            reply.problem, reply.leaving = problem, False
            if not reply.unsure:
                reply.unmake()

    def _cost_s(
        self, reply: WaitingReply, text_bytes: int, interface: SupervisedInterface
    ) -> float:
        to = reply.blank.to
        to_all = to == BROADCAST_NUM
        sealed = not to_all and bool(self._delivery.keys.public_key(to))
        return self._air.cost_s(interface, text_bytes, sealed=sealed, to_all=to_all)

    def _label(self, num: int) -> str:
        return recipient_label(self._delivery.keys, num)

    def _drop(self, reply: WaitingReply, problem: LinkError) -> None:
        self._outbox.remove(reply)
        self._say_dropped(reply, problem)

    def _say_dropped(self, reply: WaitingReply, problem: LinkError) -> None:
        """Tell the operator; not of what is lost because the bot stops."""
        if self._stopping.is_set():
            return
        self.tally.reply_ended(ReplyFate.DROPPED)
        label, waited_s = self._label(reply.blank.to), self._clock() - reply.queued_s
        if reply.held_back and reply.problem is None:
            self._delivery.notes.dropped(reply.blank.to, tr("pas de temps d'antenne"))
            self._lines.too_old(label, reply.asker, waited_s)
            return
        why = cause_text(problem.cause, problem.detail)
        self._delivery.notes.dropped(reply.blank.to, why)
        self._notes.note(EventKind.SEND_FAILED, cause=problem.cause, text=problem.detail)
        log.warning(
            tr("⚠️ Réponse à %s jetée après %s : %s"),
            label,
            duration_text(waited_s),
            why,
        )
