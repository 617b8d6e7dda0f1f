"""The options of ``report``: apart from the command, whose judges a running bot has no use for."""

from meshbot.cli.command_parser import CommandParser
from meshbot.text.language import tr


def add_report_arguments(parser: CommandParser) -> None:
    """Describe the options of ``report``."""
    add = parser.options.add_argument
    parser.words.add_argument(
        "files",
        nargs="*",
        metavar=tr("FICHIER"),
        help=tr(
            "un journal en texte, ou la base d'un bot ; plusieurs : les sites côte à côte ; par "
            "défaut ce que le bot a noté lui-même"
        ),
    )
    add(
        "--since",
        metavar=tr("DURÉE"),
        help=tr(
            "24h, 7d (jours), 2w (semaines)… avant la fin ; par défaut 7d, et tout avec --journal"
        ),
    )
    add(
        "--journal",
        metavar=tr("FICHIER"),
        help=tr(
            "juger un journal en texte, d'un autre bot aussi ; - pour l'entrée standard "
            "(journalctl -u meshbot | …)"
        ),
    )
    add("--html", metavar=tr("FICHIER"), help=tr("écrire aussi une page HTML"))
    add("--json", action="store_true", help=tr("écrire du JSON au lieu du texte"))
