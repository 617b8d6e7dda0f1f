"""The report for programs. Pure."""

import json
from dataclasses import asdict

from meshbot.diagnosis.link_diagnosis import Diagnosis
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.trial.trial_json import trial_json


def json_report(history: LinkHistory, diagnosis: Diagnosis) -> str:
    """Return the report for programs. Times in seconds, moments in seconds since 1970."""
    sync = diagnosis.sync
    comparison = diagnosis.comparison
    return json.dumps(
        {
            "from": history.first_s,
            "to": history.last_s,
            "verdict": diagnosis.verdict.name,
            "headline": diagnosis.headline,
            "reasons": diagnosis.reasons,
            "advice": diagnosis.advice,
            "figures": asdict(diagnosis.figures),
            "causes": {cause.value: count for cause, count in diagnosis.causes.items()},
            "sync": {
                "syncs": sync.syncs,
                "losses_after": sync.after.losses,
                "seconds_after": sync.after.time_s,
                "losses_in_comparable_time": sync.control.losses,
                "comparable_seconds": sync.control.time_s,
                "expected_by_chance": sync.expected,
                "p_value": sync.p_value,
                "silences_begun_before": sync.began_before,
            },
            "skip_comparison": None
            if comparison is None
            else {**asdict(comparison), "p_value": comparison.p_value},
            "trial": trial_json(diagnosis.trial),
            "criteria": [asdict(criterion) for criterion in diagnosis.criteria],
        },
        ensure_ascii=False,
        indent=2,
    )
