"""``main_bot.py setup``: the first start. Looks for nodes, asks three questions, writes settings.

Only settings that were asked about are written, into one file, and only after the operator has seen
what changes.
"""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from meshbot.cli.dialog import Dialog, DialogEnd
from meshbot.cli.exit_code import EXIT_NO, EXIT_OK
from meshbot.cli.found_node import FoundNode
from meshbot.cli.settings_file import SettingsFile
from meshbot.service.node_address import DEFAULT_PORT, parse_address
from meshbot.service.settings_reader import ENVIRONMENT_PREFIX
from meshbot.text.language import LANGUAGES, language_now, speaking, tr
from meshbot.text.quantities import counted

MAX_OFFERED = 20
SHARED = {"SHARE_PORT": str(DEFAULT_PORT), "SHARE_ADDRESS": "0.0.0.0"}
NOT_SHARED = {"SHARE_PORT": "0"}


class SetupCommand:
    """One dialog, and the file that comes of it."""

    def __init__(
        self,
        file: SettingsFile,
        *,
        discover: Callable[[], Sequence[FoundNode]],
        check: Callable[[], int],
        environment: Mapping[str, str],
        shared: bool = False,
        dialog: Dialog | None = None,
    ) -> None:
        """Name the file, who looks for nodes, and what is done at the end.

        ``environment``: the variables of this process, which win over the file. ``shared``:
        whether the node is, where the file does not say.
        """
        self._shared = shared
        self._file = file
        self._discover = discover
        self._check = check
        self._environment = environment
        self._dialog = dialog or Dialog()

    def run(self, preset: Mapping[str, str]) -> int:
        """Ask, write and check; return the exit code. Raises :class:`ConfigError`.

        ``preset``: where the node is, if the command line says it; then that is not asked.
        """
        self._file.load()
        try:
            with _interruptible():
                where = dict(preset) or self._ask_node().settings
                language = self._ask_language()
                with speaking(language):
                    return self._finish({**where, "LANGUAGE": language})
        except DialogEnd as end:
            self._dialog.say(tr("❌ Rien n'a été écrit : {why}", why=end))
        except KeyboardInterrupt:
            self._dialog.say("", tr("❌ Interrompu"))
        except OSError as error:
            path, why = self._file.path, error.strerror or error
            self._dialog.say(tr("❌ {path} n'a pas été écrit : {why}", path=path, why=why))
        return EXIT_NO

    def _finish(self, settings: dict[str, str]) -> int:
        """Ask the rest in the language chosen, write, and look whether all is in place."""
        settings.update(self._ask_share())
        changes = self._file.changes(settings)
        if not changes:
            self._dialog.say(tr("{path} le dit déjà : rien à changer", path=self._file.path))
        elif not self._may_write(changes):
            self._dialog.say(tr("Rien n'a été écrit"))
            return EXIT_NO
        else:
            self._file.write(settings)
            self._dialog.say(tr("✅ Écrit : {path}", path=self._file.path))
        for name, value in settings.items():
            variable = ENVIRONMENT_PREFIX + name
            if self._environment.get(variable, value) != value:
                self._dialog.say(
                    tr("⚠️ {name} est aussi réglé dans l'environnement, qui gagne", name=variable)
                )
        self._dialog.say("", tr("Tout est-il en place ?"))
        code = self._check()
        if code == EXIT_OK:
            self._dialog.say(tr("Pour démarrer le bot : la même commande, sans « setup »"))
        return code

    def _may_write(self, changes: Sequence[str]) -> bool:
        self._dialog.say("", tr("À changer dans {path} :", path=self._file.path), *changes)
        return self._dialog.ask_yes(tr("Écrire ?"), default=True)

    # -- The three questions -------------------------------------------------------------------

    def _ask_node(self) -> FoundNode:
        self._dialog.say(tr("Recherche de nœuds en USB et en Wi-Fi, quelques secondes…"))
        found = self._discover()
        offered = [*found[:MAX_OFFERED], FoundNode()]
        if not found:
            self._dialog.say(
                tr("Aucun nœud trouvé : en Wi-Fi, l'application du nœud montre son adresse")
            )
        self._dialog.say(*(f"  {at}. {node}" for at, node in enumerate(offered, 1)))
        if len(found) > MAX_OFFERED:
            more = len(found) - MAX_OFFERED
            self._dialog.say(f"  … {counted(more, 'autre nœud', 'autres nœuds')}")
        return self._dialog.ask(
            tr("Quel nœud ? Un numéro, une adresse ou un port tel que /dev/ttyUSB0 :"),
            partial(_chosen_node, offered),
            "1" if len(found) == 1 else "",
        )

    def _ask_language(self) -> str:
        known = self._file.value("LANGUAGE")
        return self._dialog.ask(
            tr("Langue du bot, fr ou en ?"),
            _chosen_language,
            known if known in LANGUAGES else language_now(),
        )

    def _ask_share(self) -> dict[str, str]:
        """Return the settings of the share; none where they say already what is wanted."""
        known = self._file.value("SHARE_PORT")
        shares = self._shared if known is None else known.strip() not in ("", "0")
        self._dialog.say(
            tr(
                "Partagé, le nœud sert aussi les téléphones et programmes du réseau, par le bot ; "
                "sans mot de passe, pour tous ceux du réseau."
            )
        )
        wanted = self._dialog.ask_yes(tr("Partager le nœud ?"), default=shares)
        if wanted == shares and (known is not None or shares):
            return {}
        return SHARED if wanted else NOT_SHARED


def _chosen_node(offered: Sequence[FoundNode], answer: str) -> FoundNode:
    """Return the node that an answer means. Raises :class:`ValueError`."""
    if answer.isdecimal():
        number = int(answer) if len(answer) < 5 else 0
        if 1 <= number <= len(offered):
            return offered[number - 1]
        raise ValueError(tr("il faut un numéro de 1 à {most}", most=len(offered)))
    if not answer:
        raise ValueError(tr("il faut un numéro, une adresse ou un port"))
    if answer.startswith(("/", "tty")):
        return FoundNode(serial_port=answer)
    address = parse_address(answer)
    return FoundNode(address.host, address.port or DEFAULT_PORT)


def _chosen_language(answer: str) -> str:
    """Return a language that there is. Raises :class:`ValueError`."""
    language = answer.casefold()
    if language not in LANGUAGES:
        raise ValueError(tr("répondre par fr ou en"))
    return language


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Have Ctrl-C end the dialog, and not the program in the middle of a file."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
