"""A schedule in words. Pure."""

from meshbot.diagnosis.schedule import Schedule

HOUR_S = 3_600.0
ROUND_S = 2.5
_DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")


def schedule_text(schedule: Schedule) -> str:
    """Return when it recurs, as a French phrase to follow a noun."""
    if schedule.period_s is not None:
        return f"toutes les {_period_text(schedule.period_s)}"
    if schedule.weekday is not None:
        return f"le {_DAYS[schedule.weekday]}"
    start, end = schedule.hours if schedule.hours is not None else (0.0, 0.0)
    if (end - start) % 24 <= 1.0:
        return f"chaque jour vers {_clock_text(start)}"
    return f"surtout entre {_clock_text(start)} et {_clock_text(end)}"


def _period_text(period_s: float) -> str:
    """Return an interval as people say it: whole minutes where it is one, to a few seconds."""
    minutes = round(period_s / 60)
    if abs(period_s - 60 * minutes) > ROUND_S and period_s < HOUR_S:
        return f"{period_s:.0f} s"
    hours, left = divmod(minutes, 60)
    if not hours:
        return f"{minutes} min"
    if not left:
        return "heures" if hours == 1 else f"{hours} h"
    return f"{hours} h {left} min"


def _clock_text(hour: float) -> str:
    return f"{int(hour):02}:{round(hour % 1 * 60):02}"
