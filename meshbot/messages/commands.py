"""A received text -> the reply. Pure: what the answers need comes through a ``BotView``.

A command is a text whose first word is ``/name``, in letters and with a slash of any width; what
cannot be seen, and blanks around it, make no difference. Everything else is conversation and gets
no answer, "/ name" too. Replies never begin with a slash, so two bots cannot keep each other
talking.

To add a command, write one function under ``@_command(name, about)`` below, where it is to stand in
``/help``. It is given what it may see of the bot, the request, and what follows the name.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import NamedTuple

from meshbot.messages.command_views import BotView, KeysView, LinkView, NodesView, SystemView
from meshbot.messages.outcome import Outcome
from meshbot.messages.reply import Reply
from meshbot.messages.request import Request
from meshbot.model.known_node import KnownNode, node_id
from meshbot.model.public_key import fingerprint, is_number_of
from meshbot.text.language import LANGUAGES, mark, speaking, tr
from meshbot.text.metrics_text import metrics_text
from meshbot.text.quantities import counted, decimal_text, duration_text, hops_text
from meshbot.text.typed_text import seen_text
from meshbot.text.typography import labelled

MAX_SHOWN_NODES = 10
MAX_SHOWN_KEYS = 3
MAX_ARGUMENT_CHARS = 40
MAX_ECHO_CHARS = 12
ONE_MESSAGE_BYTES = 200
_COMMAND_WORD = re.compile(r"/([a-z]+)", re.IGNORECASE | re.ASCII)
_SLASHES = "/／"
_RECONNECT = "reconnect"


# -- What a command is -------------------------------------------------------------------------

_Answer = Callable[[BotView, Request, str], Reply]


class _Command(NamedTuple):
    about: str
    answer: _Answer
    order: str | None
    """The argument that makes an order of it, None where there is none."""


_COMMANDS: dict[str, _Command] = {}
"""By name, in the order of ``/help``; complete once this module is loaded."""


def _command(name: str, about: str, order: str | None = None) -> Callable[[_Answer], _Answer]:
    """Make a function the answer to ``/name``; ``about`` is its line in ``/help``.

    With the argument ``order`` it is obeyed when it is heard. Anything else is answered when the
    reply's turn has come.
    """

    def add(answer: _Answer) -> _Answer:
        _COMMANDS[name] = _Command(about, answer, order)
        return answer

    return add


def is_command(text: str) -> bool:
    """Say whether a text has the form of a command."""
    return _name_and_argument(text) is not None


def plain_command(text: str) -> tuple[str, str] | None:
    """Return a command's name and argument in the one form in which two are compared."""
    command = _name_and_argument(text)
    return (command[0], _plain(command[1])) if command is not None else None


def _name_and_argument(text: str) -> tuple[str, str] | None:
    """Return the name of a command and what follows it, None for what has not its form."""
    word, _, argument = seen_text(text).partition(" ")
    match = _COMMAND_WORD.fullmatch(unicodedata.normalize("NFKC", word))
    return (match.group(1).lower(), argument) if match is not None else None


def _plain(argument: str) -> str:
    """Return a word that is not a name as it is compared: in small letters of usual width."""
    return unicodedata.normalize("NFKC", argument).lower()


class Commands:
    """The commands by name."""

    def __init__(self, view: BotView) -> None:
        """Answer from ``view``."""
        self._view = view

    @property
    def names(self) -> list[str]:
        """The commands' names, without the slash."""
        return list(_COMMANDS)

    def knows(self, text: str) -> bool:
        """Say whether a text is one of the commands here."""
        command = _name_and_argument(text)
        return command is not None and command[0] in _COMMANDS

    def is_order(self, text: str) -> bool:
        """Say whether a text is to be obeyed, not only answered."""
        name, argument = _name_and_argument(text) or ("", "")
        return name in _COMMANDS and _plain(argument) == _COMMANDS[name].order

    def answer(self, request: Request) -> Reply | None:
        """Return the reply to a text, or None for what is no command; an order is obeyed."""
        command = _name_and_argument(request.text)
        if command is None:
            return None
        name, argument = command
        if name not in _COMMANDS:
            return Reply(
                tr(
                    "Commande inconnue : {name}. Envoyez /help pour la liste.",
                    name=name[:MAX_ECHO_CHARS],
                )
            )
        return _COMMANDS[name].answer(self._view, request, argument[:MAX_ARGUMENT_CHARS])


# -- The commands ------------------------------------------------------------------------------


@_command("help", mark("cette aide"))
def _help(view: object, request: Request, argument: str) -> Reply:
    wanted = _plain(argument).lstrip(_SLASHES)
    if wanted in _COMMANDS:
        return Reply(
            tr("Commande {wanted} : {about}", wanted=wanted, about=tr(_COMMANDS[wanted].about))
        )
    listing = "\n".join(
        tr("{name} : {about}", name=name, about=tr(command.about))
        for name, command in _COMMANDS.items()
    )
    return Reply(tr("Commandes (avec / devant) :\n") + listing)


@_command("ping", mark("SNR, RSSI et sauts de votre message"))
def _ping(view: object, request: Request, argument: str) -> Reply:
    details = []
    if request.via_mqtt:
        details.append(tr("reçu par MQTT"))
    if request.snr_db is not None:
        details.append(f"SNR {request.snr_db:.1f} dB")
    if request.rssi_dbm is not None:
        details.append(f"RSSI {request.rssi_dbm} dBm")
    details.append(hops_text(request.hops))
    return Reply("pong " + ", ".join(details))


@_command("my", mark("ce que le bot sait de vous"))
def _my(view: NodesView, request: Request, argument: str) -> Reply:
    node = view.node(request.sender)
    if node is None:
        return Reply(
            tr("Je ne sais de vous que votre numéro, {node_id}.", node_id=node_id(request.sender))
        )
    key = tr("clé publique connue") if node.public_key else tr("clé publique inconnue")
    proof = tr("message authentifié") if request.proven else tr("message non authentifié")
    model = f", {node.hw_model}" if node.hw_model and node.hw_model != "UNSET" else ""
    short = f" [{_shown(node.short_name)}]" if node.short_name else ""
    return Reply(
        tr(
            "{name}{short} {id}{model}\n{key}, {proof}\nentendu {ago}, {hops}",
            name=_shown(node.name),
            short=short,
            id=node.id,
            model=model,
            key=key,
            proof=proof,
            ago=_ago_text(view, node),
            hops=hops_text(node.hops),
        )
    )


@_command("nodes", mark("les nœuds entendus récemment"))
def _nodes(view: NodesView, request: Request, argument: str) -> Reply:
    recent = view.recently_heard(MAX_SHOWN_NODES)
    if not recent:
        return Reply(tr("Aucun nœud entendu pour l'instant."))
    count = counted(view.node_count(), "nœud connu", "nœuds connus")
    lines = [tr("{count}, les derniers entendus :", count=count)]
    lines += [
        f"{_shown(node.name)} {_ago_text(view, node)}, {hops_text(node.hops)}" for node in recent
    ]
    return Reply("\n".join(lines))


@_command("keys", mark("clés publiques connues et en place ; avec un nom : ce nœud"))
def _keys(view: KeysView, request: Request, argument: str) -> Reply:
    if not argument:
        return Reply(_all_keys_text(view))
    found = view.find(argument)
    if not found:
        return Reply(tr("Aucun nœud de ce nom."))
    lines = [line for node in found[:MAX_SHOWN_KEYS] for line in _key_lines(view, node)]
    more = len(found) - MAX_SHOWN_KEYS
    if more > 0:
        lines.append(tr("et {more} : précisez le nom", more=counted(more, "autre", "autres")))
    return Reply("\n".join(lines))


@_command("tcp", mark("état de la liaison avec le nœud ; reconnect : la refaire"), order=_RECONNECT)
def _tcp(view: LinkView, request: Request, argument: str) -> Reply:
    if _plain(argument) == _RECONNECT:
        return _reconnect(view, request)
    if argument:
        return Reply(tr("Argument inconnu : tcp seul, ou tcp reconnect."))
    link = view.link_status()
    sync = view.sync_status()
    up = (
        tr("établie depuis {up}", up=duration_text(link.up_s))
        if link.up_s is not None
        else tr("coupée")
    )
    keys = (
        tr(
            "{keys} il y a {ago}",
            keys=counted(sync.keys, "clé", "clés"),
            ago=duration_text(sync.ago_s),
        )
        if sync
        else tr("pas encore faite")
    )
    last_sync, trial = tr("Dernière sync : {keys}\n", keys=keys), view.trial()
    clients = len(view.clients())  # only how many: their addresses concern nobody on the mesh
    shared = (
        tr(", partagée avec {clients}", clients=counted(clients, "client", "clients"))
        if clients
        else ""
    )
    state = tr(
        "Liaison {up}{shared}\n"
        "Rétablie {times_last_hour} en 1 h, {reconnections_last_day} en 24 h\n",
        up=up,
        shared=shared,
        times_last_hour=counted(link.reconnections_last_hour, "fois", "fois"),
        reconnections_last_day=link.reconnections_last_day,
    )
    rest = (f"{trial}\n" if trial else "") + tr("Sur 7 j : {verdict}", verdict=view.verdict())
    whole = state + last_sync + rest
    # A trial and a share are asked for by their operator: in a single message, they come before
    # the last sync.
    asked = trial or shared
    return Reply(whole if not asked or len(whole.encode()) <= ONE_MESSAGE_BYTES else state + rest)


@_command("sys", mark("durée de marche, mémoire, versions"))
def _sys(view: SystemView, request: Request, argument: str) -> Reply:
    system = view.system_status()
    node = metrics_text(system.node)
    if system.node.air_percent is not None:
        node += tr(", dont bot {air_percent} %", air_percent=decimal_text(system.air_percent))
    memory = (
        tr("{memory:.0f} Mo", memory=system.memory_mb)
        if system.memory_mb is not None
        else tr("inconnue")
    )
    return Reply(
        tr(
            "Bot {version}, en marche depuis {uptime}\n"
            "Mémoire {memory}, Python {python}, meshtastic {library}, "
            "firmware {firmware}",
            version=system.version,
            uptime=duration_text(system.uptime_s),
            memory=memory,
            python=system.python,
            library=system.library,
            firmware=system.firmware or tr("inconnu"),
        )
        + (tr("\nNœud : {node}", node=node) if node else "")
    )


@_command("lang", mark("langue des réponses : fr, en"))
def _lang(view: NodesView, request: Request, argument: str) -> Reply:
    wanted, node = _plain(argument), view.node(request.sender)
    if wanted not in LANGUAGES:
        return Reply(
            tr("Langues : {languages}. Exemple : /lang en", languages=", ".join(LANGUAGES))
        )
    if node is not None and node.public_key and not request.proven:
        # Else anybody could have him answered in a language that he does not read.
        return Reply(tr("Message non authentifié : langue inchangée."), Outcome.REFUSED)
    view.set_language(request.sender, wanted)
    with speaking(wanted):
        return Reply(tr("Les réponses seront en français."))


# -- Parts of replies --------------------------------------------------------------------------


def _reconnect(view: LinkView, request: Request) -> Reply:
    if not request.may_order:
        # Not a word more: not whether the sender or the proof was wrong.
        return Reply(tr("Commande refusée."), Outcome.REFUSED)
    if view.reconnect(node_id(request.sender)):
        return Reply(tr("Liaison refaite à votre demande."), Outcome.OBEYED)
    return Reply(tr("La liaison est en train d'être refaite, ou vient de l'être."))


def _all_keys_text(view: KeysView) -> str:
    known, in_place = view.key_counts()
    keys = counted(known, "clé publique connue", "clés publiques connues")
    messages = view.direct_messages()
    lines = [
        tr("{keys}, {in_place} en place dans l'interface.", keys=keys, in_place=in_place),
        tr(
            "Messages directs : {by_radio} par la radio, {by_bot} ouverts "
            "par le bot, {not_opened} restés scellés, "
            "{unproven} sans preuve",
            by_radio=messages.by_radio,
            by_bot=messages.by_bot,
            not_opened=messages.not_opened,
            unproven=messages.unproven,
        ),
    ]
    waiting = view.waiting_nodes()
    if waiting:
        names = ", ".join(_shown(node.name) for node in waiting[:MAX_SHOWN_KEYS])
        more = len(waiting) - MAX_SHOWN_KEYS
        rest = tr(" et {more} de plus", more=more) if more > 0 else ""
        lines.append(tr("Autre clé annoncée, à trancher : {names}{rest}", names=names, rest=rest))
    return "\n".join(lines)


def _key_lines(view: KeysView, node: KnownNode) -> list[str]:
    if not node.public_key:
        state = tr("clé inconnue")
    elif view.key_in_place(node.num):
        state = tr("clé connue et en place")
    else:
        state = tr("clé connue, pas en place")
    lines = [labelled(f"{_shown(node.name)} {node.id}", state)]
    if node.public_key:
        lines.append(tr("clé ") + _key_text(node.num, node.public_key))
    lines += [
        tr("autre clé annoncée, à trancher : ") + _key_text(node.num, other.public_key)
        for other in view.other_keys(node.num)
        if other.waiting
    ]
    return lines


def _key_text(num: int, key: bytes) -> str:
    evidence = tr(", CRC-32 = numéro du nœud") if is_number_of(num, key) else ""
    return _shown(fingerprint(key)) + evidence


def _ago_text(view: NodesView, node: KnownNode) -> str:
    ago_s = view.heard_ago_s(node)
    return (
        tr("il y a {ago}", ago=duration_text(ago_s))
        if ago_s is not None
        else tr("à une date inconnue")
    )


def _shown(name: str) -> str:
    """Return a name that cannot begin a command, wherever the reply is cut."""
    return "".join("∕" if char in _SLASHES else char for char in name)
