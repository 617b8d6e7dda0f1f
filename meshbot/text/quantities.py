"""Numbers and durations as the journal and the replies say them."""

from meshbot.text.language import tr, tr_plural


def counted(count: int, singular: str, plural: str) -> str:
    """Return ``count`` with its noun in the form that fits: in French 0 takes the singular."""
    return f"{count} {tr_plural(singular, plural, count)}"


def duration_text(seconds: float) -> str:
    """Return a duration in its two largest units, e.g. ``2 j 3 h``, ``4 min``, ``12 s``."""
    whole = int(max(seconds, 0))
    days, rest = divmod(whole, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, left = divmod(rest, 60)
    if days:
        return f"{days} j {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    if minutes:
        return f"{minutes} min"
    return f"{left} s"


def decimal_text(value: float, digits: int = 1) -> str:
    """Return a number with so many digits after a decimal comma."""
    return f"{value:.{digits}f}".replace(".", ",")


def hops_text(hops: int | None) -> str:
    """Return how far a packet came; None where the radio did not say."""
    if hops is None:
        return "sauts inconnus"
    return "direct" if hops == 0 else counted(hops, "saut", "sauts")
