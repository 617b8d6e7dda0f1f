"""What a damaged record of the settings comes to."""

import pytest

from meshbot.diagnosis.history_builder import history_of
from meshbot.diagnosis.trial.trial_settings import TrialSettings, settings_in
from meshbot.model.link_event import EventKind, LinkEvent

DEEP = "[" * 100_000


@pytest.mark.parametrize("text", ["", "x", "[]", "null", DEEP])
def test_settings_that_cannot_be_read_tell_nothing(text: str) -> None:
    assert settings_in(text) is None


@pytest.mark.parametrize("window", ["1" + "0" * 400, "1e999", "-1", "NaN", '"120"'])
def test_times_that_make_no_sense_are_the_usual_ones(window: str) -> None:
    told = settings_in(f'{{"TCP_SYNC_TRIAL": true, "TCP_TRIAL_WINDOW": {window}}}')
    assert told is not None and told.on is not None
    assert told.window_s == TrialSettings().window_s


@pytest.mark.parametrize("kind", [EventKind.STARTED, EventKind.NODE, EventKind.TRIAL_ENDED])
def test_a_damaged_event_never_stops_the_report(kind: EventKind) -> None:
    events = [LinkEvent(kind, 1_790_000_000.0, text=DEEP)]
    assert history_of(events).losses == []
