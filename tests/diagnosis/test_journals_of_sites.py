"""What ``journalctl`` prints of two bots, each the service of a site: ``meshbot@attic`` and so on.

The files in ``journals/`` are what journalctl 252 itself printed (``TZ=UTC LC_ALL=C``) of a journal
in which two instances of the unit run beside each other and are killed without a word of theirs.
"""

from pathlib import Path

import pytest

from meshbot.diagnosis.journal_reader import JournalReader
from meshbot.model.link_event import EventKind
from tests.diagnosis.made import DAY_S, NOON_S

JOURNALS = sorted((Path(__file__).parent / "journals").glob("two sites, *.txt"))
END_S = NOON_S + 14_401


def each(without: str = "none") -> pytest.MarkDecorator:
    """Run a test for each form but one."""
    paths = [path for path in JOURNALS if without not in path.stem]
    return pytest.mark.parametrize("path", paths, ids=lambda path: path.stem.partition(", ")[2])


GARDENS = "garden-2"


def read(text: str) -> tuple[JournalReader, list[tuple[EventKind, float]]]:
    """Return the events that count, those of the bot that is judged."""
    reader = JournalReader(lambda: NOON_S + DAY_S)
    events = list(reader.events(text.splitlines(keepends=True)))
    numbers, _ = reader.sources.judged()
    assert numbers is not None
    return reader, [(event.kind, event.wall_s) for event in events if event.run in numbers]


def test_there_is_a_journal_in_each_form_that_says_who_wrote_a_line() -> None:
    assert len(JOURNALS) == 12


@each()
def test_of_two_sites_one_is_judged_and_the_other_named(path: Path) -> None:
    reader, events = read(path.read_text(encoding="utf-8"))
    (remark,) = reader.sources.judged()[1]
    assert "seul pi meshbot@attic" in remark and "pas pi meshbot@garden-2" in remark
    kinds = [kind for kind, _ in events]
    assert (kinds.count(EventKind.LOST), kinds.count(EventKind.RECONNECTED)) == (3, 3)


@each(without="with-unit")  # there systemd's own lines are those of init.scope
def test_that_systemd_stopped_a_site_is_read(path: Path) -> None:
    _, events = read(path.read_text(encoding="utf-8"))
    ended = [wall_s for kind, wall_s in events if kind is EventKind.STOPPED]
    assert len(ended) == 1, "the other site's end is the other's"
    if "monotonic" not in path.stem:
        assert ended[0] == pytest.approx(END_S, abs=1.0)


@each(without="pretty")  # its entries stand on many lines
def test_one_site_alone_needs_no_remark(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    reader, events = read("".join(line for line in lines if GARDENS not in line))
    assert reader.sources.judged()[1] == []
    assert sum(kind is EventKind.LOST for kind, _ in events) == 3
