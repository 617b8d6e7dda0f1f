"""What a look at the bot's surroundings found."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One line of the check; ``remedy`` is empty where all is well."""

    what: str
    remedy: str = ""
