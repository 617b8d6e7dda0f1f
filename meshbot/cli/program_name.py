"""What an operator types to start the program: it depends on how it was installed."""

from pathlib import Path

from meshbot.service.outside_settings import is_checkout

PROGRAM_FOLDER = Path(__file__).resolve().parents[2]


def program_name(folder: Path = PROGRAM_FOLDER) -> str:
    """Return the name of the command that pip makes, or of the file in a checkout."""
    return "main_bot.py" if is_checkout(folder) else "meshbot"
