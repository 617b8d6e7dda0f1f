"""What an operator types to start the program."""

from pathlib import Path

from meshbot.cli.program_name import program_name
from tests.support.program import ROOT


def test_a_checkout_has_its_file_and_what_pip_installed_its_command() -> None:
    assert program_name() == program_name(ROOT) == "main_bot.py"
    assert program_name(Path("/opt/venv/lib/python3.13/site-packages")) == "meshbot"
