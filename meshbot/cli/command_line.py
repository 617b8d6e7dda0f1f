"""The commands that look at the bot's database, whether the bot runs or not."""

import argparse
import logging
import os
from collections.abc import Mapping
from pathlib import Path

from meshbot.cli.arguments import chosen_place, environment_of
from meshbot.cli.check_command import CheckCommand
from meshbot.cli.keys_command import KeysCommand
from meshbot.cli.report_command import ReportCommand
from meshbot.cli.settings_file import SettingsFile
from meshbot.service.config_file import load_config
from meshbot.service.node_address import DEFAULT_PORT
from meshbot.service.operator_constants import checked_constants, constants_of
from meshbot.service.outside_settings import data_folder, settings_files
from meshbot.service.settings_reader import ENVIRONMENT_PREFIX, SettingsReader
from meshbot.service.site_settings import read_site
from meshbot.text.language import ENGLISH, FRENCH, speak

log = logging.getLogger(__name__)


def run_command(
    options: argparse.Namespace, environment: Mapping[str, str], bot: type, program: Path
) -> int:
    """Do what ``options.command`` asks and return the exit code.

    ``bot`` is the class with the operator's constants, which only ``check`` looks at: nonsense in
    them keeps nobody from reading a report. Raises ``ConfigError`` and ``StorageError``.
    """
    if options.command == "setup":  # settings that make no sense are what it is for
        return _set_up(options, bot, program)
    reader = SettingsReader(environment)
    site = read_site(reader, load_config())
    if options.command == "check":
        checked_constants(reader, bot)
    reader.check()
    reader.read_names.update(ENVIRONMENT_PREFIX + name for name in constants_of(bot))
    for line in reader.odd_lines():
        log.warning("⚠️ %s", line)
    simulated = site.connection_mode == "simulated"
    if options.command == "check":
        own_folder = data_folder(program, environment)
        return CheckCommand(site, own_folder=own_folder, send_alert=options.alert).run()
    if options.command == "report":
        return ReportCommand(site.database_path, simulated=simulated).run(options)
    return KeysCommand(site.database_path, simulated=simulated, admin_nodes=site.admin_nodes).run(
        options
    )


def _set_up(options: argparse.Namespace, bot: type, program: Path) -> int:
    # Only here: the others need nothing of what looks for nodes.
    from meshbot.cli.node_discovery import nodes_around  # noqa: PLC0415
    from meshbot.cli.setup_command import SetupCommand  # noqa: PLC0415

    path = Path(options.to) if options.to else settings_files(program, os.environ)[0]
    file = SettingsFile(path)
    file.load()
    if file.value("LANGUAGE") is None and ENVIRONMENT_PREFIX + "LANGUAGE" not in os.environ:
        _speak_as_the_account_does()
    shared = bool(getattr(load_config(), "SHARE_PORT", 0))

    def check() -> int:
        looked_at = argparse.Namespace(**{**vars(options), "command": "check", "alert": False})
        return run_command(
            looked_at, environment_of(looked_at, program, (file.path,)), bot, program
        )

    command = SetupCommand(
        file,
        discover=nodes_around,
        check=check,
        environment=os.environ,
        shared=shared,
    )
    place = {name: value for name, value in chosen_place(options).items() if value}
    if "TCP_HOST" in place:  # a port that the file has is that of the node before
        place.setdefault("TCP_PORT", str(DEFAULT_PORT))
    return command.run(place)


def _speak_as_the_account_does() -> None:
    """Ask in English where the account's locale says so: nobody has chosen a language yet."""
    locale = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    if locale.lower().startswith(ENGLISH) and getattr(load_config(), "LANGUAGE", "") == FRENCH:
        speak(ENGLISH)
