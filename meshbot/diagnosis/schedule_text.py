"""A schedule in words. Pure."""

from meshbot.diagnosis.schedule import Schedule
from meshbot.text.quantities import duration_text

_DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")


def schedule_text(schedule: Schedule) -> str:
    """Return when it recurs, as a French phrase to follow a noun."""
    if schedule.period_s is not None:
        period_s = schedule.period_s
        every = f"{period_s:.0f} s" if period_s < 600 else duration_text(period_s + 0.5)
        return f"toutes les {every}"
    if schedule.weekday is not None:
        return f"le {_DAYS[schedule.weekday]}"
    start, end = schedule.hours if schedule.hours is not None else (0.0, 0.0)
    if (end - start) % 24 <= 1.0:
        return f"chaque jour vers {_clock_text(start)}"
    return f"surtout entre {_clock_text(start)} et {_clock_text(end)}"


def _clock_text(hour: float) -> str:
    return f"{int(hour):02}:{round(hour % 1 * 60):02}"
