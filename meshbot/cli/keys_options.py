"""The actions and options of ``keys``, apart from the command: the bot loads no command."""

from meshbot.cli.command_parser import CommandParser
from meshbot.cli.program_name import program_name
from meshbot.text.language import mark, tr

_NODE_HELP = mark("nom, ou identifiant sans le « ! » : a1b2c3d4")
_KEY_HELP = mark(
    "début de la clé, s'il y en a plusieurs ; pour accept aussi une ancienne clé, une refusée, "
    "celle d'un autre nœud, ou une clé entière jamais entendue"
)

_MOVED_HELP = mark(
    "tous les nœuds passés au firmware 2.8, qui donne un autre numéro, s'ils ont prouvé que c'est "
    "bien eux"
)


def add_keys_arguments(parser: CommandParser) -> None:
    """Describe the actions of ``keys``."""
    actions = parser.add_subparsers(
        title=tr("actions"),
        dest="action",
        metavar="list|accept|refuse",
        parser_class=CommandParser,
    )
    about = tr("les clés à trancher, ou celles d'un nœud")
    listing = actions.add_parser(
        "list", help=about, description=about, example=f"{program_name()} keys list a1b2c3d4"
    )
    listing.words.add_argument("node", nargs="?", metavar=tr("NŒUD"), help=tr(_NODE_HELP))
    for name, about in (
        ("accept", tr("croire la clé annoncée par un nœud, à la place de celle connue")),
        ("refuse", tr("ne plus entendre parler d'une clé annoncée")),
    ):
        action = actions.add_parser(
            name,
            help=about,
            description=about,
            example=f"{program_name()} keys {name} a1b2c3d4",
        )
        action.words.add_argument(
            "node",
            nargs="?" if name == "accept" else None,
            metavar=tr("NŒUD"),
            help=tr(_NODE_HELP),
        )
        action.words.add_argument("key", nargs="?", metavar=tr("CLÉ"), help=tr(_KEY_HELP))
        if name == "accept":
            action.options.add_argument("--moved", action="store_true", help=tr(_MOVED_HELP))
    parser.set_defaults(action=None, node=None, moved=False)
