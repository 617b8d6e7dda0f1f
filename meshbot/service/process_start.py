"""What a process does before it imports the bot, and after the bot has ended. Light to import.

The bot's imports take a second on a Raspberry Pi. A signal before or after its own handlers are in
place is no error, and what this machine lacks is said in one line.
"""

import gc
import importlib.util
import os
import signal
import sys
from collections.abc import Callable

from meshbot.service.late_import import load_late
from meshbot.service.standard_files import fill_standard_files
from meshbot.threads.shortage import say_shortage

_ENDING = (signal.SIGTERM, signal.SIGINT)
_QUESTIONS = (signal.SIGUSR1, signal.SIGHUP)
COMMANDS = frozenset(("check", "setup", "keys", "report"))


def prepare_process() -> None:
    """Make the process ready for the imports, or end it where there is nothing to import."""
    gc.disable()  # of what is imported nothing is garbage: looking through it takes time
    fill_standard_files()  # before any other file takes the place of one that is closed
    for number in _ENDING:
        signal.signal(number, lambda *_: os._exit(0))
    for number in _QUESTIONS:
        signal.signal(number, signal.SIG_IGN)  # until there is somebody to answer
    sys.excepthook = say_shortage
    if importlib.util.find_spec("meshtastic") is None:
        sys.exit(
            "❌ Bibliothèques absentes (libraries missing) : « make run », une fois (once), puis "
            "(then) .venv/bin/python main_bot.py"
        )
    load_late("requests")


def run_process(run: Callable[[], int]) -> int:
    """Run the bot or one of its commands, undisturbed by signals at the end; return its code."""
    gc.freeze()  # nor is it looked through later
    gc.enable()
    if set(sys.argv[1:]) & COMMANDS:
        for number in _ENDING:
            signal.signal(number, signal.SIG_DFL)  # nothing to end in order: the code says it
    code = run()
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)  # it is ending already
    return code
