"""What is said of replies that wait, are shortened or dropped."""

from collections.abc import Callable

import pytest

from meshbot.messages.asker import Asker
from meshbot.messages.reply_parts import WhyShort
from meshbot.messages.sender_rank import SenderRank
from meshbot.messages.slowdown_lines import SlowdownLines
from tests.support.clock import Clock
from tests.support.journal import Journal

Say = Callable[[SlowdownLines, str, Asker], None]


@pytest.mark.parametrize(
    "say",
    [
        SlowdownLines.held_back,
        lambda lines, label, asker: lines.shortened(label, asker, WhyShort.MANY_ASK),
        SlowdownLines.no_room,
        lambda lines, label, asker: lines.too_old(label, asker, 600.0),
    ],
)
@pytest.mark.parametrize("rank", [SenderRank.KNOWN, SenderRank.NEWCOMER, SenderRank.STRANGER])
def test_a_flood_of_made_up_numbers_hides_nothing_about_regulars(
    say: Say, rank: SenderRank, journal: Journal
) -> None:
    lines = SlowdownLines(Clock(0.0))
    for num in range(50):
        say(lines, f"inventé {num}", Asker(num, rank=rank))
    said_of_others = journal.count("inventé")
    for num in range(3):
        say(lines, f"habitué {num}", Asker(100 + num, proven=True, rank=SenderRank.REGULAR))
    assert said_of_others == 7
    assert journal.count("habitué") == 3


def test_there_is_an_end_to_lines_about_regulars_as_well(journal: Journal) -> None:
    lines = SlowdownLines(Clock(0.0))
    for num in range(50):
        lines.no_room(str(num), Asker(num, proven=True, rank=SenderRank.ESTABLISHED))
    assert len(journal.lines) == 10
