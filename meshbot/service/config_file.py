"""Reads config.py, however an operator has left it."""

import importlib
import traceback
from pathlib import Path
from types import ModuleType

from meshbot.service.config_error import ConfigError
from meshbot.text.language import tr
from meshbot.text.typography import labelled
from meshbot.threads.shortage import shortage_text


def load_config(name: str = "config", *, again: bool = False) -> ModuleType:
    """Return the module config.py; ``again``: as the file is now, if it was imported before.

    Raises :class:`ConfigError`, with the line, when Python cannot make sense of it. That this
    machine lacks memory or files, which passes, is raised as it is.
    """
    try:
        module = importlib.import_module(name)
        return importlib.reload(module) if again else module
    except SyntaxError as error:
        raise ConfigError(f"{name}.py{_syntax_problem(error)}") from error
    except (Exception, SystemExit) as error:
        if shortage_text(error):
            raise
        if isinstance(error, ModuleNotFoundError) and error.name == name:
            raise ConfigError(tr("{name}.py introuvable", name=name)) from error
        raise ConfigError(f"{name}.py{_problem(error, name)}") from error


def _syntax_problem(error: SyntaxError) -> str:
    where = (
        tr(", ligne {lineno} : {strip}", lineno=error.lineno, strip=(error.text or "").strip())
        if error.lineno
        else ""
    )
    hint = (
        tr('les textes se mettent entre guillemets ("...")')
        if error.text and "codec" not in error.msg
        else tr("le fichier doit être en UTF-8")
    )
    return tr("{where} : écriture non comprise ; {hint}", where=where, hint=hint)


def _problem(error: BaseException, name: str) -> str:
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).name == f"{name}.py"
    ]
    where = tr(", ligne {lineno} : {line}", lineno=own[-1].lineno, line=own[-1].line) if own else ""
    hint = ""
    if isinstance(error, NameError):
        yes_no = error.name in ("true", "false")
        hint = (
            tr(" (écrire True ou False)")
            if yes_no
            else tr(' (un texte ? alors "{name}")', name=error.name)
        )
    return labelled(where, labelled(type(error).__name__, f"{error}{hint}"))
