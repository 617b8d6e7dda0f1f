"""The report for programs. Pure."""

import json
from dataclasses import asdict

from meshbot.diagnosis.cause_share import CauseShare
from meshbot.diagnosis.host_use import HostUse
from meshbot.diagnosis.link_diagnosis import Diagnosis
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.schedule_text import schedule_text
from meshbot.diagnosis.trial.trial_json import trial_json


def _share(share: CauseShare) -> dict[str, object]:
    schedule = share.schedule
    return {
        "cause": share.verdict.name,
        "text": share.verdict.wording,
        "share": share.share,
        "losses": share.count,
        "evidence": [asdict(statement) for statement in share.evidence],
        "advice": share.advice,
        "schedule": None
        if schedule is None
        else {
            "text": schedule_text(schedule),
            "period_s": schedule.period_s,
            "hours": schedule.hours,
            "weekday": schedule.weekday,
            "p_value": schedule.p_value,
        },
    }


def _client(use: HostUse) -> dict[str, object]:
    return {
        "host": use.host or None,
        "connections": use.connections,
        "connected": use.there,
        "seconds": use.seconds,
        "packets": use.packets,
        "refused": use.refused,
        "from": use.first_s,
        "to": use.last_s,
    }


def json_report(history: LinkHistory, diagnosis: Diagnosis) -> str:
    """Return the report for programs. Times in seconds, moments in seconds since 1970."""
    sync = diagnosis.sync
    comparison = diagnosis.comparison
    return json.dumps(
        {
            "from": history.first_s,
            "to": history.last_s,
            "remarks": history.remarks,
            **({"node": json.loads(said)} if (said := history.metrics.as_json()) != "{}" else {}),
            "verdict": diagnosis.verdict.name,
            "headline": diagnosis.headline,
            "reasons": [statement.text for statement in diagnosis.statements],
            "shares": [_share(share) for share in diagnosis.shares],
            "advice": diagnosis.advice,
            "figures": asdict(diagnosis.figures),
            "causes": {cause.value: count for cause, count in diagnosis.causes.items()},
            "sync": {
                "accused": diagnosis.sync_accused,
                "reasons": diagnosis.sync_reasons,
                "syncs": sync.syncs,
                "losses_after": sync.after.losses,
                "seconds_after": sync.after.time_s,
                "losses_in_comparable_time": sync.control.losses,
                "comparable_seconds": sync.control.time_s,
                "expected_by_chance": sync.expected,
                "p_value": sync.p_value,
                "silences_begun_before": sync.began_before,
            },
            **({"clients": [_client(use) for use in history.clients]} if history.clients else {}),
            "skip_comparison": None
            if comparison is None
            else {**asdict(comparison), "p_value": comparison.p_value},
            "trial": trial_json(diagnosis.trial),
            "criteria": [asdict(criterion) for criterion in diagnosis.criteria],
        },
        ensure_ascii=False,
        indent=2,
    )
