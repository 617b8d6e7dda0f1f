"""Which reply the air has room for now, and how long it may be. Keeps nothing; any thread.

What a budget calls strangers are all those but the regulars: a number alone can be forged, and a
key can be made at any time. Half of the strangers' share is for those who prove who they are, which
takes a forger more than a number. Of what is everybody's, those whose number has long been known
may use half once the strangers' share is gone; the other half stays with the regulars, who prove
it, and the last quarter with those established for a week: whoever waits for an hour with many keys
is a regular as often.

Nobody takes a share for himself: what a sender had in the last hour may not exceed what is left of
it, so that there always is something for the next one. A program that asks again for each answer it
gets ends at half of it.
"""

from meshbot.link.node_facts import firmware_of, lora_settings_of
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.messages.air_budget import RETRIES, AirBudget
from meshbot.messages.air_limit import AirLimit
from meshbot.messages.air_narrator import AirNarrator
from meshbot.messages.reply_parts import ReplyLimit, WhyShort
from meshbot.messages.sender_rank import SenderRank
from meshbot.messages.sender_settings import SenderSettings
from meshbot.model.firmware_version import may_sign_broadcasts

_SHARES = {SenderRank.ESTABLISHED: 1.0, SenderRank.REGULAR: 0.75, SenderRank.KNOWN: 0.5}
"""How far they may use up what is everybody's."""
MANY_ASKERS = 4
REPLY_PER_QUESTION = 3.0
"""So much of the air that a command took may its answer take, while there is much to do."""
SHORT_BYTES = 60
"""So long an answer may always be."""
STEP_BYTES = 10
OWN_SHARE_WAIT_S = 30.0
HOUR_S = 3_600.0
_UNPROVEN = (SenderRank.KNOWN, SenderRank.STRANGER)


class AirGate:
    """Asks the budget, with what it takes to know of texts and their senders."""

    def __init__(self, budget: AirBudget, narrator: AirNarrator, settings: SenderSettings) -> None:
        """Name the budget, who tells of it, and how long answers are at most."""
        self._budget = budget
        self._settings = settings
        self._narrator = narrator

    def cost_s(
        self,
        interface: SupervisedInterface,
        text_bytes: int,
        *,
        sealed: bool,
        to_all: bool = False,
    ) -> float:
        """Return the seconds that a text of so many bytes takes on the air."""
        lora = lora_settings_of(interface.localNode.localConfig)
        signed = to_all and may_sign_broadcasts(firmware_of(interface))
        return self._budget.cost_s(lora, text_bytes, sealed=sealed, signed=signed)

    def wait_s(self, rank: SenderRank, cost_s: float, had_s: float = 0.0) -> float:
        """Return 0.0 if a text may go now, else in how many seconds to ask again, and tell why.

        ``had_s``: how much of the air its sender had in the last hour.
        """
        is_strangers, unproven = self._is_strangers(rank, cost_s), rank in _UNPROVEN
        wait_s = self._budget.wait_s(cost_s, stranger=is_strangers, unproven=unproven)
        if wait_s > 0:
            limit = self._budget.limit_on(cost_s, stranger=is_strangers, unproven=unproven)
            if limit is not None:
                self._narrator.held(limit)
        elif had_s > 0 and had_s + cost_s > self._left_s(rank, is_strangers=is_strangers):
            return OWN_SHARE_WAIT_S
        return wait_s

    def _left_s(self, rank: SenderRank, *, is_strangers: bool) -> float:
        """Return how much a rank has left of the hour, for strangers or of what is everybody's."""
        total_percent, strangers_percent = self._budget.used_percent()
        if is_strangers:
            limit = AirLimit.UNPROVEN if rank in _UNPROVEN else AirLimit.STRANGERS
            left_percent = self._budget.limit_percent(limit) - strangers_percent
        else:
            left_percent = _SHARES[rank] * self._budget.limit_percent(AirLimit.TOTAL)
            left_percent -= total_percent
        return left_percent * HOUR_S / 100

    def charge(self, rank: SenderRank, cost_s: float) -> None:
        """Note that the node has a text."""
        self._budget.charge(cost_s, stranger=self._is_strangers(rank, cost_s))

    def charge_retries(self, rank: SenderRank, cost_s: float) -> float:
        """Note that the node sent it again and again, in vain; return how long that took."""
        self._budget.charge_retries(cost_s, stranger=self._is_strangers(rank, cost_s))
        return RETRIES * cost_s

    def limit(
        self, interface: SupervisedInterface, rank: SenderRank, asked_bytes: int, askers: int
    ) -> ReplyLimit | None:
        """Return how long an answer may be while there is much to do; None: as long as it is.

        ``asked_bytes``: how long the command was. ``askers``: how many of that rank and above wait,
        he included.
        """
        is_stranger = rank > SenderRank.REGULAR
        if askers < MANY_ASKERS and not self._budget.is_busy(stranger=is_stranger):
            return None
        most_s = REPLY_PER_QUESTION * self.cost_s(interface, asked_bytes, sealed=True)
        size = self._settings.max_bytes
        while size > SHORT_BYTES and self.cost_s(interface, size, sealed=True) > most_s:
            size -= STEP_BYTES
        return ReplyLimit(1, max(size, SHORT_BYTES), self._why_short(askers))

    def _why_short(self, askers: int) -> WhyShort:
        if askers >= MANY_ASKERS:
            return WhyShort.MANY_ASK
        return WhyShort.CHANNEL_BUSY if self._budget.is_channel_busy else WhyShort.AIR_USED

    def _is_strangers(self, rank: SenderRank, cost_s: float) -> bool:
        """Say whether a text is on the strangers' account."""
        if rank not in _SHARES:
            return True
        if rank is SenderRank.KNOWN and not self._budget.wait_s(
            cost_s, stranger=True, unproven=True
        ):
            return True
        used_percent, _ = self._budget.used_percent()
        return used_percent > _SHARES[rank] * self._budget.limit_percent(AirLimit.TOTAL)
