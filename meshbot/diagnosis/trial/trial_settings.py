"""The settings that a run of the bot had, as far as its trial needs them."""

import json
from dataclasses import dataclass

from meshbot.diagnosis.trial.trial_kind import TrialKind

EFFECT_SHARE = 0.75
"""Of the observed time; the rest is until a node that died is noticed: heartbeats are half a minute
apart."""
LONGEST_S = 1e9
"""A longer time is damage, no setting."""


@dataclass(frozen=True)
class TrialSettings:
    """Times in seconds. The defaults are for journals that do not tell the settings."""

    on: TrialKind | None = None
    """What is tried, if anything."""
    delay_s: float = 30.0
    window_s: float = 120.0
    silent_timeout_s: float = 120.0

    @property
    def effect_s(self) -> float:
        """How long after its beginning what is on trial can have killed."""
        return EFFECT_SHARE * self.window_s


def settings_in(text: str) -> TrialSettings | None:
    """Return the settings that a ``STARTED`` event tells, None where it tells none."""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict):
        return None
    usual = TrialSettings()
    return TrialSettings(
        next((kind for kind in TrialKind if told.get(kind.constant) is True), None),
        _seconds(told.get("TCP_PUBKEY_SYNC_DELAY"), usual.delay_s),
        _seconds(told.get("TCP_TRIAL_WINDOW"), usual.window_s),
        _seconds(told.get("TCP_SILENT_TIMEOUT"), usual.silent_timeout_s),
    )


def _seconds(value: object, usual: float) -> float:
    sane = isinstance(value, (int, float)) and 0 <= value <= LONGEST_S
    return float(value) if sane and isinstance(value, (int, float)) else usual
