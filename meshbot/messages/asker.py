"""For whom a reply is."""

from typing import NamedTuple

from meshbot.messages.sender_rank import SenderRank


class Asker(NamedTuple):
    """Who asked, as far as that is known. With proof he shares nothing with who uses his number."""

    num: int
    proven: bool = False
    rank: SenderRank = SenderRank.STRANGER

    @property
    def key(self) -> tuple[int, bool]:
        """What sets him apart from others."""
        return self.num, self.proven
