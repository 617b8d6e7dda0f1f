"""What who sends for the node's other clients has in common with the bot's own sender."""

from dataclasses import dataclass

from meshbot.mesh.sealed_messages import SealedMessages
from meshbot.messages.air_budget import AirBudget
from meshbot.messages.key_book import KeyBook
from meshbot.messages.sender_settings import SenderSettings
from meshbot.messages.text_turn import TextTurn


@dataclass(frozen=True, slots=True)
class GuestTools:
    """The turn to send texts, the air that is left, and what seals."""

    turn: TextTurn
    air: AirBudget
    keys: KeyBook
    sealer: SealedMessages
    settings: SenderSettings
