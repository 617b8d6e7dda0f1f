"""Each refusal of a client has its words in the report, and fits a line and an event."""

import pytest

from meshbot.model.client_refusals import MOST_KINDS
from meshbot.sharing.refusal import RefusalKind, refusal
from meshbot.sharing.share_narrator import DROPPED, NO_ROOM, NOT_SENT
from meshbot.text.foreign_text import printable
from meshbot.text.refusal_texts import refusals_text
from tests.sharing.told import Told

KINDS = [*(kind.value for kind in RefusalKind), NO_ROOM, DROPPED, NOT_SENT]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_words_of_its_own(kind: str) -> None:
    assert refusals_text({kind: 1}, 1) != f"1 × {kind.replace('_', ' ')}"


def test_an_event_has_room_for_all_kinds() -> None:
    assert len(set(KINDS)) == len(KINDS) <= MOST_KINDS


@pytest.mark.parametrize("kind", RefusalKind)
def test_each_refusal_is_said_in_full(kind: RefusalKind, caplog: pytest.LogCaptureFixture) -> None:
    told, text = Told(caplog), refusal(kind).text
    told.narrator.refused("192.168.1.20:51034", text, kind.value)
    assert told.lines == [f"⛔ Refusé à 192.168.1.20:51034 : {text}"]
    assert printable(text) == text
