"""A trial for programs. Pure."""

from meshbot.diagnosis.trial.trial_state import TrialState


def trial_json(state: TrialState | None) -> dict[str, object] | None:
    """Return a trial as it stands in the report's JSON, None where there is none."""
    if state is None:
        return None
    counts = state.counts
    return {
        "trial": state.kind.value,
        "running": state.running,
        "decided": state.result,
        "arms": {
            state.kind.suspect: {"tosses": state.tosses_with, "losses": counts.lost_with},
            state.kind.other: {"tosses": state.tosses_without, "losses": counts.lost_without},
        },
        "void": state.voids,
        "pending": state.pending,
        "seconds_observed": state.effect_s,
        "p_value": state.p_value,
        "visible_effect": state.visible_effect,
    }
