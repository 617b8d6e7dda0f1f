"""Moments as the report says them. Pure."""

from datetime import UTC, datetime

from meshbot.text.language import tr


def date_text(wall_s: float, in_utc: bool) -> str:
    """Return a moment to be read; a journal without dates counts its days from today, in UTC."""
    moment = datetime.fromtimestamp(wall_s, UTC if in_utc else None)
    return moment.strftime(tr("%d/%m/%Y %H:%M:%S"))
