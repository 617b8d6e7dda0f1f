"""Gives the radio the keys it lacks of people who talk to the bot, if the operator wants that.

For firmware (2.8) that drops the messages it cannot open. Each key is a write into the node's
flash, so there are few: only of nodes that wrote to us and whose key the radio was seen to lack, or
to have another one in place of, one every few seconds, so many a day, on a link that has long been
up. At the first sign of trouble it stops.

Owned by the worker thread, which calls :meth:`KeyPusher.push_next` now and then.
"""

import logging
import math
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import NamedTuple, Protocol

from meshtastic.protobuf import config_pb2, mesh_pb2

from meshbot.link.node_facts import may_seal
from meshbot.link.outgoing_packets import Envelope, contact_packet
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.mesh.radio_keys import RadioKeys
from meshbot.messages.key_questions import KeyQuestions
from meshbot.messages.outgoing_request import OutgoingRequest
from meshbot.model.cause import Cause
from meshbot.model.known_node import KnownNode
from meshbot.model.link_error import LinkError
from meshbot.model.other_key import OtherKey
from meshbot.model.public_key import is_number_of
from meshbot.text.language import tr

log = logging.getLogger(__name__)

DAY_S = 86_400.0
TROUBLE_PAUSE_S = 3_600.0
UNANSWERED_S = 120.0  # longest wait for the outcome of one push before the next
LONG_NAME_BYTES, SHORT_NAME_BYTES = 39, 4  # the firmware's User, without the closing zero
SUSPECT_S = 60.0
"""A link lost so soon after a key was given counts as lost because of it."""


class PushSettings(NamedTuple):
    """What the operator chose. ``stable_s``: how long the link must have been up.

    ``allowed``: whether the radio may be given keys at all.
    """

    stable_s: float
    max_per_day: int
    allowed: bool = True


class PushedKeys(Protocol):
    """Who writes to the bot, and what was pushed for them."""

    def correspondents(self) -> list[KnownNode]:
        """Return the nodes with a key that sent us messages, the latest first."""

    def is_disputed(self, num: int) -> bool:
        """Say whether a node's key is the radio's word against an older one."""

    def other_keys(self, num: int) -> list[OtherKey]:
        """Return the keys of a node that are not believed, or not any more."""

    def pushes_since(self, wall_s: float) -> int:
        """Return how many keys were given to the radio since a wall-clock time, or after now."""

    def key_pushed(self, num: int) -> bool:
        """Note that a node's key is given to the radio; return whether that is written."""

    def label(self, num: int) -> str:
        """Return how a log line names a node."""


class RequestQueue(Protocol):
    """Who sends the requests."""

    def is_full(self) -> bool:
        """Say whether a request would find no room."""

    def request(self, request: OutgoingRequest) -> bool:
        """Queue a request; return whether there was room."""


class KeyPusher:
    """Decides which key the radio is given next, if any."""

    def __init__(
        self,
        nodes: PushedKeys,
        radio: RadioKeys,
        sender: RequestQueue,
        settings: PushSettings,
        *,
        post: Callable[[Callable[[], object]], None],
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
    ) -> None:
        """Name the collaborators; ``post`` brings a call to the worker."""
        self._nodes = nodes
        self._radio = radio
        self._sender = sender
        self._settings = settings
        self._post = post
        self._clock = clock
        self._wall_clock = wall_clock
        self._questions = KeyQuestions(radio, sender.request, post=post, clock=clock)
        self._not_before_s = clock()
        self._answer_due_s = -math.inf
        """Until when the outcome of the last push is waited for."""
        self._pushed_s: deque[float] = deque(maxlen=settings.max_per_day)
        """When the last ones were pushed, on a clock that nobody sets."""
        self._last: tuple[SupervisedInterface, float] | None = None
        """The interface of the last push, and when that was."""

    def push_next(self, interface: SupervisedInterface | None) -> None:
        """Push one key if all is well, else look for one; ``interface`` is the live one."""
        now_s = self._clock()
        if self._last is not None and self._last[0] is not interface:
            self._judge_loss(now_s - self._last[1])
            self._last = None
        if interface is None or interface.ready_s is None or self._sender.is_full():
            return
        # A licensed station opens and seals nothing; a managed node ignores its client's orders.
        if not may_seal(interface.own_user) or interface.is_managed:
            return
        if now_s < max(
            self._not_before_s, self._answer_due_s, interface.ready_s + self._settings.stable_s
        ):
            return
        candidates = self._candidates(interface.own_num)
        node = next((one for one in candidates if self._needs_key(one)), None)
        if node is not None:
            self._push(node, interface)
        else:
            self._questions.ask_next(interface, candidates)

    def _push(self, node: KnownNode, interface: SupervisedInterface) -> None:
        now_s = self._clock()
        user = user_of(node)
        # Written down before it is out: a bot that dies meanwhile must not push it again and again.
        if not self._nodes.key_pushed(node.num):
            self._not_before_s = now_s + TROUBLE_PAUSE_S
            return
        request = OutgoingRequest(
            interface,
            lambda session, packet_id: contact_packet(
                Envelope(session.own_num, packet_id, session.hop_limit), node.num, user
            ),
            lambda result: self._post(
                partial(self._hear_result, node.num, user.public_key, result)
            ),
        )
        self._pushed_s.append(now_s)
        self._last = (interface, now_s)
        self._answer_due_s = now_s + UNANSWERED_S
        if not self._sender.request(request):
            self._hear_result(node.num, user.public_key, None)

    def _candidates(self, own_num: int) -> list[KnownNode]:
        """Return whose key the radio may be given, the last to write first; none beyond limits.

        Not a key that is itself the radio's word only: it may be a forger's, and is forgotten now.
        """
        day_ago = self._wall_clock() - DAY_S
        recent = sum(self._clock() - pushed_s < DAY_S for pushed_s in self._pushed_s)
        if recent >= self._settings.max_per_day:
            return []
        if self._nodes.pushes_since(day_ago) >= self._settings.max_per_day:
            return []
        return [
            node
            for node in self._nodes.correspondents()
            if node.num != own_num
            and node.pushed_at <= day_ago
            and not self._nodes.is_disputed(node.num)
        ]

    def _needs_key(self, node: KnownNode) -> bool:
        """Say whether the radio was seen to have no key of a node, or another than the known one.

        Not if the node's number speaks for that other one (2.8 numbers nodes by their keys): then
        we may be the ones who took a forger's. The operator's word counts for more: a radio that
        showed nothing still has, as likely as not, the key that he put aside.
        """
        shown = self._radio.key_shown(node.num)
        aside = [other for other in self._nodes.other_keys(node.num) if other.put_aside]
        if not shown and any(other.replaced_at > node.pushed_at for other in aside):
            return True
        if not shown or shown == node.public_key:
            return self._radio.is_lacking(node.num)
        if any(other.public_key == shown for other in aside):
            return True
        return is_number_of(node.num, node.public_key) or not is_number_of(node.num, shown)

    def _hear_result(self, num: int, key: bytes, result: int | None) -> None:
        label = self._nodes.label(num)
        self._answer_due_s = -math.inf
        if result == 0:
            self._radio.note_held(num, key)
            log.info(tr("🔑 Clé de %s donnée à la radio (écrite dans sa mémoire)"), label)
            return
        self._not_before_s = max(self._not_before_s, self._clock() + TROUBLE_PAUSE_S)
        what = tr("pas de réponse") if result is None else f"code {result}"
        log.warning(tr("⚠️ Clé de %s non donnée à la radio (%s) : pause d'une heure"), label, what)

    def _judge_loss(self, after_s: float) -> None:
        if after_s < SUSPECT_S:
            self._not_before_s = self._clock() + DAY_S
            log.warning(
                tr(
                    "⚠️ Liaison perdue %.0f s après une clé donnée à la radio : plus aucune pendant "
                    "24 h ; si cela se répète, remettre TCP_PUSH_KEYS_TO_RADIO à False"
                ),
                after_s,
            )


def user_of(node: KnownNode) -> mesh_pb2.User:
    """Return what is known of a node as the protocol's ``User``, its key included.

    Raises :class:`LinkError` for a node without a key, which would erase the radio's.
    """
    if not node.public_key:
        raise LinkError(Cause.NO_KEY)
    user = mesh_pb2.User(
        id=node.id,
        long_name=_cut(node.long_name or f"Meshtastic {node.id[-4:]}", LONG_NAME_BYTES),
        short_name=_cut(node.short_name or node.id[-4:], SHORT_NAME_BYTES),
        public_key=node.public_key,
    )
    if node.hw_model in mesh_pb2.HardwareModel.keys():  # noqa: SIM118 - no dict
        user.hw_model = mesh_pb2.HardwareModel.Value(node.hw_model)
    roles = config_pb2.Config.DeviceConfig.Role
    if node.role in roles.keys():  # noqa: SIM118 - no dict
        user.role = roles.Value(node.role)
    return user


def _cut(text: str, max_bytes: int) -> str:
    """Return the beginning of a text, in whole characters."""
    return text.encode("utf-8")[:max_bytes].decode("utf-8", "ignore")
