"""What the command line asks for, and the settings from outside the program's files."""

import argparse
import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from meshbot import VERSION
from meshbot.cli.command_parser import CommandParser
from meshbot.cli.keys_options import add_keys_arguments
from meshbot.cli.program_name import program_name
from meshbot.cli.report_options import add_report_arguments
from meshbot.service.config_error import ConfigError
from meshbot.service.config_file import load_config
from meshbot.service.node_address import MAX_PORT, AddressError, parse_address
from meshbot.service.outside_settings import OutsideSettings, outside_settings
from meshbot.service.settings_reader import ENVIRONMENT_PREFIX
from meshbot.text.language import FRENCH, LANGUAGES, tr

PROGRAM = program_name()
_LANGUAGE = ENVIRONMENT_PREFIX + "LANGUAGE"


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return what the command line asks for, or end the program with a line that says what."""
    parser = _program_parser()
    words = sys.argv[1:] if argv is None else argv
    parser.refuse_unknown(words)
    options = parser.parse_args(words)
    for name in ("port", "serial", "to"):  # such as a variable of a script that is not set
        value = getattr(options, name, None)
        if value is not None and not value.strip():
            parser.error(tr("--{name} est vide", name=name))
    by_network = options.host is not None or options.port is not None
    if sum((by_network, options.serial is not None, options.simulate)) > 1:
        parser.error(tr("choisir entre --host, --serial et --simulate"))
    return options


def language_wanted(program: Path) -> str:
    """Return the language to speak before the settings are read; what is wrong is told later."""
    try:
        wanted: object = outside_settings(program, os.environ).get(_LANGUAGE)
        if wanted is None:
            wanted = getattr(load_config(), "LANGUAGE", FRENCH)
    except ConfigError:
        wanted = os.environ.get(_LANGUAGE, FRENCH)
    language = str(wanted).strip().lower()
    return language if language in LANGUAGES else FRENCH


def _program_parser() -> CommandParser:
    parser = CommandParser(
        prog=PROGRAM,
        description=tr(
            "Bot Meshtastic qui reste connecté à son nœud. Les réglages sont dans config.py (où "
            "est le nœud) et dans les constantes de main_bot.py. Sans commande : démarre le bot."
        ),
        example=f"{PROGRAM} --host 192.168.1.40",
    )
    _add_place(parser, simulate=False)
    parser.options.add_argument(
        "--version",
        action="version",
        version=f"MeshBot {VERSION}",
        help=tr("dit la version, et rien d'autre"),
    )
    commands = parser.add_subparsers(
        title=tr("commandes"), dest="command", metavar=tr("COMMANDE"), parser_class=CommandParser
    )
    about = tr("tout est-il en place ? ne change rien")
    check = commands.add_parser(
        "check",
        help=about,
        description=about,
        example=f"{PROGRAM} check --host 192.168.1.40",
    )
    _add_place(check, simulate=argparse.SUPPRESS)
    check.options.add_argument(
        "--alert",
        action="store_true",
        help=tr("envoie une alerte d'essai par chaque adresse de ALERT_URLS"),
    )
    about = tr("le premier démarrage : cherche le nœud et écrit les réglages")
    setup = commands.add_parser(
        "setup", help=about, description=about, example=f"{PROGRAM} setup --to bot.env"
    )
    _add_place(setup, simulate=argparse.SUPPRESS)
    setup.options.add_argument(
        "--to", metavar=tr("FICHIER"), help=tr("le fichier à écrire, au lieu du fichier habituel")
    )
    about = tr("voir les clés annoncées, en accepter ou refuser")
    keys = commands.add_parser(
        "keys", help=about, description=about, example=f"{PROGRAM} keys list"
    )
    add_keys_arguments(keys)
    about = tr("pourquoi la liaison a été coupée : le rapport")
    report = commands.add_parser(
        "report",
        help=about,
        description=about,
        example=f"{PROGRAM} report --since 24h --html page.html",
    )
    add_report_arguments(report)
    return parser


def _add_place(parser: CommandParser, *, simulate: object) -> None:
    """Add the options that say where the node is.

    ``simulate`` is the value where it is not said; behind a command that is none at all, else it
    would take the place of what was said in front of it.
    """
    absent = None if simulate is False else argparse.SUPPRESS
    add = parser.options.add_argument
    add("--host", metavar=tr("ADRESSE"), default=absent, help=tr("le nœud en Wi-Fi : TCP_HOST"))
    add("--port", metavar="N", default=absent, help=tr("son port : TCP_PORT"))
    add("--serial", metavar="PORT", default=absent, help=tr("le nœud en USB : SERIAL_PORT"))
    add(
        "--simulate",
        action="store_true",
        default=simulate,
        help=tr("un nœud simulé, sans radio"),
    )


def environment_of(
    options: argparse.Namespace, program: Path, files: Sequence[Path] | None = None
) -> OutsideSettings:
    """Return the settings from outside: the command line over the environment over the files.

    ``program`` is the folder it runs from; ``files`` count instead of its usual ones. Raises
    :class:`ConfigError`.
    """
    settings = outside_settings(program, os.environ, files)
    settings.take(
        {ENVIRONMENT_PREFIX + name: value for name, value in chosen_place(options).items() if value}
    )
    return settings


def chosen_place(options: argparse.Namespace) -> dict[str, str | None]:
    """Return the settings that the command line gives, None for the others of these.

    Raises :class:`ConfigError`.
    """
    host, port = _place_of(options.host, options.port)
    mode = None
    if host or port:
        mode = "tcp"
    elif options.serial:
        mode = "serial"
    elif options.simulate:
        mode = "simulated"
    return {
        "TCP_HOST": host,
        "TCP_PORT": port,
        "SERIAL_PORT": options.serial,
        "CONNECTION_MODE": mode,
    }


def _place_of(host: str | None, port: str | None) -> tuple[str | None, str | None]:
    """Return address and port, which may have been given together; raises :class:`ConfigError`."""
    if port is not None:
        _refuse_bad_port(port)
    if host is None:
        return None, port
    try:
        address = parse_address(host)
    except AddressError as error:
        raise ConfigError(
            tr("--host {strip!r} : {error}", strip=host.strip(), error=error)
        ) from None
    if address.port is None:
        return address.host, port
    if port and port.strip() != str(address.port):
        raise ConfigError(
            tr(
                "--host donne le port {one} et --port le port {other} : n'en garder qu'un",
                one=address.port,
                other=port,
            )
        )
    return address.host, str(address.port)  # over a TCP_PORT from anywhere else


def _refuse_bad_port(port: str) -> None:
    """Blame the option, and not the setting that it stands for."""
    with contextlib.suppress(ValueError):
        if 1 <= int(port) <= MAX_PORT:
            return
    raise ConfigError(
        tr("--port {port!r} : il faut un nombre entier de 1 à {most}", port=port, most=MAX_PORT)
    )
