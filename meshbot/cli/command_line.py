"""The commands that look at the bot's database, whether the bot runs or not."""

import argparse
import logging
from collections.abc import Mapping

from meshbot.cli.check_command import CheckCommand
from meshbot.cli.keys_command import KeysCommand
from meshbot.cli.report_command import ReportCommand
from meshbot.service.config_file import load_config
from meshbot.service.operator_constants import checked_constants, constants_of
from meshbot.service.settings_reader import ENVIRONMENT_PREFIX, SettingsReader
from meshbot.service.site_settings import read_site

log = logging.getLogger(__name__)


def run_command(options: argparse.Namespace, environment: Mapping[str, str], bot: type) -> int:
    """Do what ``options.command`` asks and return the exit code.

    ``bot`` is the class with the operator's constants, which only ``check`` looks at: nonsense in
    them keeps nobody from reading a report. Raises ``ConfigError`` and ``StorageError``.
    """
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
        return CheckCommand(site, send_alert=options.alert).run()
    if options.command == "report":
        return ReportCommand(site.database_path, simulated=simulated).run(options)
    return KeysCommand(site.database_path, simulated=simulated, admin_nodes=site.admin_nodes).run(
        options
    )
