"""What a text message leads to: a command is answered, once and while it is new; nothing else is.

Everything here runs on the worker thread, which owns all of the state below.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import NamedTuple, Protocol

from meshtastic.protobuf import mesh_pb2

from meshbot.messages.admissions import Admissions
from meshbot.messages.answered_messages import AnsweredMessages
from meshbot.messages.commands import Commands, is_command, plain_command
from meshbot.messages.decoded_packet import DecodedPacket
from meshbot.messages.direct_message_counts import DirectMessageCounts
from meshbot.messages.flood_guard import Admission
from meshbot.messages.key_book import KeyBook
from meshbot.messages.last_command import LastCommand
from meshbot.messages.message_sender import MessageSender
from meshbot.messages.order_gate import OrderGate
from meshbot.messages.order_refusal import OrderRefusal
from meshbot.messages.outcome import Outcome
from meshbot.messages.question import Question
from meshbot.messages.request import Request
from meshbot.messages.sender_rank import SenderRank
from meshbot.model.bot_tally import BotTally
from meshbot.model.known_node import BROADCAST_NUM
from meshbot.model.message_notes import MessageNotes
from meshbot.model.tolerant_parse import read_text
from meshbot.text.foreign_text import quoted
from meshbot.text.language import speaking, tr
from meshbot.text.line_limiter import LineLimiter
from meshbot.text.quantities import duration_text
from meshbot.text.typed_text import is_mostly_text
from meshbot.text.typography import labelled

log = logging.getLogger(__name__)

UNKNOWN_AGAIN_S = 3_600.0
"""So long the same unknown command of one sender gets no second answer: a bot that repeats what it
reads behind a command of its own would be answered for ever."""
FLOOD_LINE_S = 3_600.0
MAX_FLOOD_LINES = 10
HEARD_LINE_S = 3_600.0
MAX_HEARD_LINES = 200
"""So many commands are told an hour of those who may be made up, who could fill the journal."""
ODD_LINE_S = 60.0
MAX_ODD_LINES = 5


class SenderBook(KeyBook, Protocol):
    """The names and keys of those who write, and where it is noted that they did."""

    def heard_message(self, num: int) -> None:
        """Note that node ``num`` sent us a direct message now, and proved that it did."""

    def language(self, num: int) -> str:
        """Return the language in which node ``num`` wants to be answered, or nothing."""


class AnswerSettings(NamedTuple):
    """What the operator chose. ``max_age_s``: older commands of a backlog are not answered.

    ``require_pki``: a direct message that does not prove its sender is ignored.
    """

    answer_channels: tuple[int, ...]
    max_age_s: float
    require_pki: bool = False


class CommandDesk(NamedTuple):
    """The commands, and who sees to it that no order among them is obeyed that must not be."""

    commands: Commands
    orders: OrderGate


class TextMessageHandler:
    """Answers the commands among the text messages."""

    def __init__(
        self,
        nodes: SenderBook,
        desk: CommandDesk,
        sender: MessageSender,
        settings: AnswerSettings,
        *,
        admissions: Admissions,
        counts: DirectMessageCounts,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Name the collaborators."""
        self._nodes = nodes
        self._commands = desk.commands
        self._sender = sender
        self._orders = desk.orders
        self._admissions = admissions
        self._counts = counts
        self._settings = settings
        self._clock = clock
        self._answered = AnsweredMessages()
        self._flood_lines = LineLimiter(FLOOD_LINE_S, MAX_FLOOD_LINES)
        self._heard_lines = LineLimiter(HEARD_LINE_S, MAX_HEARD_LINES)
        self._untold_lines = LineLimiter(HEARD_LINE_S)
        self._unknown = LineLimiter(UNKNOWN_AGAIN_S)
        """The unknown commands answered."""
        self._odd_lines = LineLimiter(ODD_LINE_S, MAX_ODD_LINES)
        self.last_command: LastCommand | None = None
        """What was heard last; written by the worker, read by any thread."""
        self.notes = MessageNotes()
        """Told of commands that are dealt with."""
        self.tally = BotTally()
        """Told of commands that are answered."""

    @property
    def command_names(self) -> list[str]:
        """The names of the commands."""
        return self._commands.names

    def change_settings(self, settings: AnswerSettings) -> None:
        """Follow other settings from now on."""
        self._settings = settings

    def handle(self, message: DecodedPacket, own_num: int) -> None:
        """Answer a text message, if it is a command for us; ``own_num`` is our node's number."""
        packet = message.heard.packet
        if message.heard.is_broadcast:
            if packet.channel not in self._settings.answer_channels:
                return
        elif packet.to != own_num or not self._accepts_direct(message):
            return
        if message.data.emoji:
            return  # a sign put under a message, whatever it is
        request = self._request_in(message)
        if request is None or not self._is_for_us(request, message):
            return
        question = self._question(request, direct=not message.heard.is_broadcast)
        reply = self._reply_to(request, message, question)
        if reply is not None:
            self._sender.send(
                reply,
                BROADCAST_NUM if message.heard.is_broadcast else request.sender,
                channel=packet.channel,
                reply_id=packet.id,
                sealed=message.opened_here,
                question=question,
            )

    def _question(self, request: Request, *, direct: bool) -> Question:
        """Return a command as it is compared with others and counted.

        What everybody on a channel reads is said in the bot's own language.
        """
        asker = self._admissions.asker(request.sender, proven=request.proven)
        name, argument = plain_command(request.text) or ("", "")
        return Question(
            asker,
            command=f"{name} {argument}",
            name=name if self._commands.knows(request.text) else "",
            asked_bytes=len(request.text.encode("utf-8")),
            language=self._nodes.language(request.sender) if direct else "",
            allow=self._admissions.allowance(asker),
        )

    def _accepts_direct(self, message: DecodedPacket) -> bool:
        """Note a direct message; say whether the operator wants it answered."""
        sender = message.heard.sender
        self._counts.note(proven=message.proven, opened_here=message.opened_here)
        if message.proven:
            self._nodes.heard_message(sender)
            return True
        if message.other_key:
            return False  # the operator was told
        if not self._settings.require_pki:
            return True
        if self._odd_lines.allows((sender, "unproven"), self._clock()):
            label = self._nodes.label(sender)
            log.info(tr("🔒 Message non authentifié de %s ignoré (REQUIRE_PKI)"), label)
        return False

    def _request_in(self, message: DecodedPacket) -> Request | None:
        """Return the text, or None for bytes that are no text."""
        heard = message.heard
        text = _text_of(message.data)
        if text is None:
            if self._odd_lines.allows("unreadable", self._clock()):
                label = self._nodes.label(heard.sender)
                log.info(tr("ℹ️ Message illisible de %s ignoré (pas de l'UTF-8)"), label)
            return None
        return Request(
            sender=heard.sender,
            text=text,
            proven=message.proven,
            snr_db=heard.snr_db,
            rssi_dbm=heard.rssi_dbm,
            hops=message.hops,
            via_mqtt=heard.packet.via_mqtt,
        )

    def _is_for_us(self, request: Request, message: DecodedPacket) -> bool:
        """Say whether a text is a command that is ours to answer.

        An unknown command is answered only where a person must have sent it: others may be
        another bot's reply to us, or commands for other bots on a channel.
        """
        if not is_command(request.text):
            return False
        may_be_a_bots = bool(message.data.reply_id) or message.heard.is_broadcast
        return self._commands.knows(request.text) or not may_be_a_bots

    def _reply_to(
        self, request: Request, message: DecodedPacket, question: Question
    ) -> str | Callable[[], str] | None:
        """Return what a command is answered, or what makes the answer, or None if it gets none.

        An order is obeyed now; a question is answered when the reply can be sent.
        """
        name = self._nodes.label(request.sender)
        # Before anything that may drop it: an order that was heard never counts again.
        is_order = self._commands.is_order(request.text)
        refusal = self._orders.judge(message) if is_order else None
        if refusal is OrderRefusal.REPLAYED or not self._is_due(request, message, question):
            return None
        obeys = is_order and refusal is None  # an order is no repetition of one that was refused
        if not obeys and self._sender.is_answering(question):
            log.debug("command of %08x waits for its answer already", request.sender)
            return None
        # Nor does the flood limit drop it: his recorded questions, sent again, would use that up.
        admission = Admission.ANSWER if obeys else self._admissions.admit(question.asker)
        if admission is Admission.IGNORE:
            log.debug("command of %s ignored: flood", name)
            return None
        self._tell_heard(request, message, question)
        if admission is Admission.WARN:
            if self._flood_lines.allows(request.sender, self._clock()):
                log.info(tr("🐢 %s envoie trop de commandes : ralenti"), name)
            with speaking(question.language or None):
                return tr("Trop de commandes d'un coup : attendez un peu.")
        if is_order:
            return self._answer_order(request, refusal, question.language)
        return partial(self._answer, request)

    def _tell_heard(self, request: Request, message: DecodedPacket, question: Question) -> None:
        """Tell of a command that is answered; of those who may be made up not without end."""
        self.tally.command_heard(question.name)
        now_s = self._clock()
        name = self._nodes.label(request.sender)
        self.last_command = LastCommand(labelled(name, quoted(request.text)), now_s)
        may_be_made_up = question.asker.rank > SenderRank.REGULAR
        key = (request.sender, message.heard.packet.id, now_s)
        if not may_be_made_up or self._heard_lines.allows(key, now_s):
            log.info(tr("📩 %s : %s"), name, quoted(request.text))
            self.notes.heard(request.sender, request.text)
        elif self._untold_lines.allows("untold", now_s):
            log.warning(
                tr(
                    "🐢 Plus de %d commandes d'inconnus en une heure : les suivantes ne sont plus "
                    "montrées"
                ),
                MAX_HEARD_LINES,
            )

    def _answer(self, request: Request) -> str:
        """Return the text of the reply to a question; on the worker's thread, as all of this."""
        reply = self._commands.answer(request)
        return reply.text if reply is not None else ""

    def _answer_order(self, request: Request, refusal: OrderRefusal | None, language: str) -> str:
        """Obey an order or not, tell the operator, and return the text of the reply."""
        with speaking(language or None):
            reply = self._commands.answer(replace(request, may_order=refusal is None))
        if refusal is not None:
            self._orders.tell_refused(request.sender, refusal)
        elif reply is not None and reply.outcome is Outcome.OBEYED:
            self._orders.tell_obeyed(request.sender)
        return reply.text if reply is not None else ""

    def _is_due(self, request: Request, message: DecodedPacket, question: Question) -> bool:
        """Say whether a command is new in both senses; an unknown one: whether it is the first."""
        packet_id = message.heard.packet.id
        if packet_id and not self._answered.is_first(
            request.sender, packet_id, proven=request.proven
        ):
            log.debug("packet %08x of %08x came twice", packet_id, request.sender)
            return False
        if message.age_s > self._settings.max_age_s:
            name, age = self._nodes.label(request.sender), duration_text(message.age_s)
            log.info(tr("ℹ️ Commande de %s ignorée, vieille de %s"), name, age)
            return False
        key = (question.asker.key, question.command.partition(" ")[0])
        return bool(question.name) or self._unknown.allows(key, self._clock())


def _text_of(data: mesh_pb2.Data) -> str | None:
    """Return what can be read of a text, None for bytes that are none for the most part."""
    text = read_text(data.payload).rstrip("\0")  # some apps fill a text up with them
    return text if is_mostly_text(text) else None
