"""The commands that look at the bot's database, whether the bot runs or not."""

import argparse
import logging
from collections.abc import Mapping

from meshbot.cli.check_command import CheckCommand
from meshbot.cli.keys_command import KeysCommand
from meshbot.cli.report_command import ReportCommand
from meshbot.service.config_file import load_config
from meshbot.service.operator_constants import read_constants
from meshbot.service.settings_reader import ENVIRONMENT_PREFIX, SettingsReader
from meshbot.service.site_settings import read_site

log = logging.getLogger(__name__)


def run_command(
    options: argparse.Namespace, environment: Mapping[str, str], constants: Mapping[str, object]
) -> int:
    """Do what ``options.command`` asks and return the exit code.

    ``constants``, with their defaults, are what matters to the running bot only, and so to the
    check whether one can run. Raises ``ConfigError`` and ``StorageError``.
    """
    reader = SettingsReader(environment)
    site = read_site(reader, load_config())
    if options.command == "check":
        read_constants(reader, type("Constants", (), dict(constants))())
    reader.check()
    reader.read_names.update(ENVIRONMENT_PREFIX + name for name in constants)
    for line in reader.odd_lines():
        log.warning("⚠️ %s", line)
    simulated = site.connection_mode == "simulated"
    if options.command == "check":
        return CheckCommand(site).run()
    if options.command == "report":
        return ReportCommand(site.database_path, simulated=simulated).run(options)
    return KeysCommand(site.database_path, simulated=simulated).run(options)
