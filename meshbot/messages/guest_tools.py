"""What who sends for the node's other clients has in common with the bot's own sender."""

from collections.abc import Callable
from typing import NamedTuple

from meshbot.mesh.sealed_messages import SealedMessages
from meshbot.messages.air_budget import AirBudget
from meshbot.messages.key_book import KeyBook
from meshbot.messages.sender_settings import SenderSettings
from meshbot.messages.text_turn import TextTurn


class GuestTools(NamedTuple):
    """The turn to send texts, the air that is left, and what seals.

    ``lacks_key``: whether the radio is known to lack a node's key; for any thread.
    """

    turn: TextTurn
    air: AirBudget
    keys: KeyBook
    sealer: SealedMessages
    settings: SenderSettings
    lacks_key: Callable[[int], bool]
