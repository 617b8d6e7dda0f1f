"""For whom a reply is."""

from dataclasses import dataclass

from meshbot.messages.sender_rank import SenderRank


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asked, as far as that is known. With proof he shares nothing with who uses his number."""

    num: int
    proven: bool = False
    rank: SenderRank = SenderRank.STRANGER

    @property
    def key(self) -> tuple[int, bool]:
        """What sets him apart from others."""
        return self.num, self.proven
