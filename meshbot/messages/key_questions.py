"""Asks the radio whether it still has the keys of people who write to the bot.

For firmware (2.8) that drops what it cannot open without a word, and does not tell whose keys it
has: a message that never came leaves no trace, so somebody has to ask. It costs a packet between us
and the radio, nothing on the air and nothing in its flash.

Owned by the worker thread.
"""

import math
from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice

from meshbot.link.key_question import HOLDING_RESULT, LACKING_RESULT, key_question
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.mesh.radio_keys import RadioKeys
from meshbot.messages.outgoing_request import OutgoingRequest
from meshbot.model.known_node import KnownNode

ASK_AGAIN_S = 6 * 3_600.0
"""So long a radio that has a key of somebody is not asked for it again."""
ASK_AGAIN_IN_ANOTHER_S = 3_600.0
"""So long not in another session either: a link that is often lost must not cost ever more."""
MAX_ASKED_ABOUT = 200
UNANSWERED_S = 120.0
TROUBLE_PAUSE_S = 3_600.0


class KeyQuestions:
    """One question at a time, about one node every few hours."""

    def __init__(
        self,
        radio: RadioKeys,
        send: Callable[[OutgoingRequest], bool],
        *,
        post: Callable[[Callable[[], object]], None],
        clock: Callable[[], float],
    ) -> None:
        """Name the collaborators; ``post`` brings a call to the worker."""
        self._radio = radio
        self._send = send
        self._post = post
        self._clock = clock
        self._interface: SupervisedInterface | None = None
        self._asked_s: dict[int, float] = {}
        """When the radio was asked about whom on this interface."""
        self._held_s: dict[int, float] = {}
        """When it said of whom that it has a key."""
        self._own_num = 0
        self._not_before_s = -math.inf

    def ask_next(self, interface: SupervisedInterface, nodes: Iterable[KnownNode]) -> None:
        """Ask about the first of ``nodes`` that is due, if the radio can be asked."""
        now_s = self._clock()
        if interface is not self._interface:
            self._enter_session(interface, now_s)
        if not self._radio.can_be_asked or now_s < self._not_before_s:
            return
        for node in islice(nodes, MAX_ASKED_ABOUT):
            if now_s - self._asked_s.get(node.num, -math.inf) >= ASK_AGAIN_S:
                self._ask(interface, node.num, now_s)
                return

    def _enter_session(self, interface: SupervisedInterface, now_s: float) -> None:
        """Begin anew, but for what the same radio said not long ago."""
        same = interface.own_num == self._own_num
        self._interface, self._own_num = interface, interface.own_num
        self._not_before_s = -math.inf
        self._held_s = {
            num: said_s
            for num, said_s in self._held_s.items()
            if same and now_s - said_s < ASK_AGAIN_IN_ANOTHER_S
        }
        sooner_s = ASK_AGAIN_S - ASK_AGAIN_IN_ANOTHER_S
        self._asked_s = {num: said_s - sooner_s for num, said_s in self._held_s.items()}

    def _ask(self, interface: SupervisedInterface, num: int, now_s: float) -> None:
        lately = {one: s for one, s in self._asked_s.items() if now_s - s < ASK_AGAIN_S}
        self._asked_s = {**lately, num: now_s}
        self._not_before_s = now_s + UNANSWERED_S
        request = OutgoingRequest(
            interface,
            lambda _session, packet_id: key_question(num, packet_id),
            lambda result: self._post(partial(self._hear_result, interface, num, result)),
        )
        if not self._send(request):
            self._hear_result(interface, num, None)

    def _hear_result(self, interface: SupervisedInterface, num: int, result: int | None) -> None:
        """Take the answer; any other than "none at all" leaves all as it was."""
        if interface is not self._interface:
            return
        self._not_before_s = self._clock() + TROUBLE_PAUSE_S if result is None else -math.inf
        self._held_s.pop(num, None)
        if result == LACKING_RESULT:
            self._radio.note_missing(num)
        elif result == HOLDING_RESULT:
            self._held_s[num] = self._clock()
