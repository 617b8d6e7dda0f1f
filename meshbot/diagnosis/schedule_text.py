"""A schedule in words. Pure."""

from meshbot.diagnosis.schedule import Schedule
from meshbot.text.language import tr
from meshbot.text.typography import weekday_text

HOUR_S = 3_600.0
ROUND_S = 2.5


def schedule_text(schedule: Schedule) -> str:
    """Return when it recurs, as a phrase to follow a noun."""
    if schedule.period_s is not None:
        return tr("toutes les {period}", period=_period_text(schedule.period_s))
    if schedule.weekday is not None:
        return tr("le {days}", days=weekday_text(schedule.weekday))
    start, end = schedule.hours if schedule.hours is not None else (0.0, 0.0)
    if (end - start) % 24 <= 1.0:
        return tr("chaque jour vers {clock}", clock=_clock_text(start))
    return tr(
        "surtout entre {clock} et {clock2}", clock=_clock_text(start), clock2=_clock_text(end)
    )


def _period_text(period_s: float) -> str:
    """Return an interval as people say it: whole minutes where it is one, to a few seconds."""
    minutes = round(period_s / 60)
    if abs(period_s - 60 * minutes) > ROUND_S and period_s < HOUR_S:
        return f"{period_s:.0f} s"
    hours, left = divmod(minutes, 60)
    if not hours:
        return f"{minutes} min"
    if not left:
        return tr("heures") if hours == 1 else f"{hours} h"
    return tr("{hours} h {left} min", hours=hours, left=left)


def _clock_text(hour: float) -> str:
    return f"{int(hour):02}:{round(hour % 1 * 60):02}"
