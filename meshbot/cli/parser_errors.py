"""What ``argparse`` says of a command line, in the operator's language. Pure.

The library says it in English, and has no way to say it otherwise but the system's catalogues.
"""

import difflib
import re
from collections.abc import Iterable

from meshbot.text.language import mark, tr

_UNKNOWN_CHOICE = re.compile(
    r"argument (?P<name>.+?): invalid choice: '(?P<value>.*)' \(choose from (?P<choices>.+)\)",
    re.DOTALL,
)
_ERRORS = tuple(
    (re.compile(pattern, re.DOTALL), text)
    for pattern, text in (
        (r"unrecognized arguments: (?P<what>.+)", mark("non compris : {what}")),
        (r"argument (?P<name>.+?): expected one argument", mark("{name} : il manque la valeur")),
        (r"the following arguments are required: (?P<names>.+)", mark("il manque : {names}")),
        (
            r"ambiguous option: (?P<option>.+?) could match (?P<names>.+)",
            mark("{option} peut vouloir dire {names}"),
        ),
        (
            r"argument (?P<name>.+?): ignored explicit argument (?P<value>.+)",
            mark("{name} ne prend pas de valeur : {value}"),
        ),
    )
)


def said_error(message: str) -> str:
    """Return an error of the library as the operator is told it; others as they are."""
    choice = _UNKNOWN_CHOICE.fullmatch(message)
    if choice is not None:
        return _unknown_choice(choice["value"], re.findall(r"[\w-]+", choice["choices"]))
    for pattern, text in _ERRORS:
        match = pattern.fullmatch(message)
        if match is not None:
            return tr(text, **match.groupdict())
    return message


def unknown_option(words: Iterable[str], known: Iterable[str]) -> str:
    """Return a line about the first option that nobody knows, and the one meant; else nothing.

    The beginning of an option stands for it, as the library has it.
    """
    names = sorted(known)
    for word in words:
        if word == "--":
            break
        name = word.partition("=")[0]
        if not _is_option(name) or any(other.startswith(name) for other in names):
            continue
        if name[1] != "-" and name[:2] in names:  # letters behind an option of one letter
            continue
        meant = difflib.get_close_matches("--" + name.strip("-"), names, 1, 0.6)
        if meant:
            return tr("option inconnue : {name}, plutôt {meant} ?", name=name, meant=meant[0])
        return tr("option inconnue : {name}", name=name)
    return ""


def _is_option(name: str) -> bool:
    return len(name) > 1 and name[0] == "-" and not name[1].isdecimal() and " " not in name


def _unknown_choice(value: str, choices: list[str]) -> str:
    meant = difflib.get_close_matches(value, choices, 1, 0.6)
    if meant:
        return tr("commande inconnue : {value}, plutôt {meant} ?", value=value, meant=meant[0])
    listed = ", ".join(choices)
    return tr("commande inconnue : {value}, il y a {choices}", value=value, choices=listed)
