"""What the command line asks for, and the settings from outside the program's files."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from dotenv import dotenv_values

from meshbot import VERSION
from meshbot.cli.keys_command import add_arguments
from meshbot.cli.report_command import add_report_arguments
from meshbot.service.config_error import ConfigError
from meshbot.service.node_address import AddressError, parse_address
from meshbot.service.settings_reader import ENVIRONMENT_PREFIX
from meshbot.text.language import tr


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return what the command line asks for, or end the program with a line that says what."""
    parser = argparse.ArgumentParser(
        prog="main_bot.py",
        description=tr(
            "Bot Meshtastic qui reste connecté à son nœud. Les réglages sont dans "
            "config.py (où est le nœud) et dans les constantes de main_bot.py. Sans commande : "
            "démarre le bot."
        ),
    )
    parser.add_argument("--host", metavar=tr("ADRESSE"), help=tr("le nœud en Wi-Fi : TCP_HOST"))
    parser.add_argument("--port", metavar="N", help=tr("son port : TCP_PORT"))
    parser.add_argument("--serial", metavar="PORT", help=tr("le nœud en USB : SERIAL_PORT"))
    parser.add_argument("--simulate", action="store_true", help=tr("un nœud simulé, sans radio"))
    parser.add_argument("--version", action="version", version=f"MeshBot {VERSION}")
    commands = parser.add_subparsers(dest="command", metavar=tr("COMMANDE"))
    check = commands.add_parser("check", help=tr("tout est-il en place ? ne change rien"))
    check.add_argument("--alert", action="store_true", help=tr("envoie une alerte d'essai"))
    keys = commands.add_parser("keys", help=tr("voir les clés annoncées, en accepter ou refuser"))
    add_arguments(keys)
    report = commands.add_parser("report", help=tr("pourquoi la liaison a été coupée : le rapport"))
    add_report_arguments(report)
    options = parser.parse_args(argv)
    for name in ("port", "serial"):  # such as a variable of a script that is not set
        if getattr(options, name) is not None and not getattr(options, name).strip():
            parser.error(tr("--{name} est vide", name=name))
    by_network = options.host is not None or options.port is not None
    if sum((by_network, options.serial is not None, options.simulate)) > 1:
        parser.error(tr("choisir entre --host, --serial et --simulate"))
    return options


def environment_of(options: argparse.Namespace, dotenv_path: Path) -> dict[str, str]:
    """Return the settings from outside: the command line over the environment over ``.env``.

    Raises :class:`ConfigError`.
    """
    try:
        stored = dotenv_values(dotenv_path)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            tr("{dotenv_path} illisible : {error}", dotenv_path=dotenv_path, error=error)
        ) from error
    environment = {name: value for name, value in stored.items() if value is not None}
    environment.update(os.environ)
    environment.update(
        {ENVIRONMENT_PREFIX + name: value for name, value in _chosen(options).items() if value}
    )
    return environment


def _chosen(options: argparse.Namespace) -> dict[str, str | None]:
    """Return the settings that the command line gives; raises :class:`ConfigError`."""
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
                "--host donne le port {port} et --port le port {port2} : n'en garder qu'un",
                port=address.port,
                port2=port,
            )
        )
    return address.host, str(address.port)  # over a TCP_PORT from anywhere else
