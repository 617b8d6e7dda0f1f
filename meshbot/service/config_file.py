"""Reads config.py, however an operator has left it."""

import importlib
import traceback
from pathlib import Path
from types import ModuleType

from meshbot.service.config_error import ConfigError


def load_config(name: str = "config") -> ModuleType:
    """Return the module config.py, as it is now if it was imported before.

    Raises :class:`ConfigError`, with the line, when Python cannot make sense of it.
    """
    try:
        return importlib.import_module(name)
    except SyntaxError as error:
        raise ConfigError(f"{name}.py{_syntax_problem(error)}") from error
    except (Exception, SystemExit) as error:
        if isinstance(error, ModuleNotFoundError) and error.name == name:
            raise ConfigError(f"{name}.py introuvable") from error
        raise ConfigError(f"{name}.py{_problem(error, name)}") from error


def _syntax_problem(error: SyntaxError) -> str:
    where = f", ligne {error.lineno} : {(error.text or '').strip()}" if error.lineno else ""
    hint = (
        'les textes se mettent entre guillemets ("...")'
        if error.text and "codec" not in error.msg
        else "le fichier doit être en UTF-8"
    )
    return f"{where} : écriture non comprise ; {hint}"


def _problem(error: BaseException, name: str) -> str:
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).name == f"{name}.py"
    ]
    where = f", ligne {own[-1].lineno} : {own[-1].line}" if own else ""
    hint = ""
    if isinstance(error, NameError):
        yes_no = error.name in ("true", "false")
        hint = " (écrire True ou False)" if yes_no else f' (un texte ? alors "{error.name}")'
    return f"{where} : {type(error).__name__} : {error}{hint}"
