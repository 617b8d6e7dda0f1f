"""``main_bot.py check``: is everything in place for the bot to run? Changes nothing.

It never talks to the node while a bot runs: a node serves one client, and the newest wins.
"""

import importlib.metadata
import os
import platform
import re
import shutil
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from meshbot.cli.exit_code import EXIT_NO, EXIT_OK
from meshbot.cli.finding import Finding
from meshbot.cli.program_name import program_name
from meshbot.cli.share_check import share_findings
from meshbot.cli.status_check import status_findings
from meshbot.link.serial_port_finder import lasting_name, likely_ports
from meshbot.service.bot_store import claim_name
from meshbot.service.node_address import place_text
from meshbot.service.node_claim import NodeClaim
from meshbot.service.outside_settings import is_checkout
from meshbot.service.process_claim import holder_of
from meshbot.service.site_settings import SiteSettings
from meshbot.store.database import Database
from meshbot.store.inspection import refuse_what_is_no_file
from meshbot.store.instance_lock import InstanceLock
from meshbot.store.storage_error import StorageError
from meshbot.text.language import tr
from meshbot.text.typography import labelled

CONNECT_TIMEOUT_S = 5.0
MIN_FREE_MB = 50
OLDEST_SANE_S = 1_767_225_600  # 2026-01-01: this program did not exist before
REQUIREMENTS = Path(__file__).resolve().parents[2] / "requirements.txt"
DISTRIBUTION = "meshbot"
_PIN = re.compile(r"([A-Za-z0-9_.-]+)==([0-9][^;\s]*)")


class CheckCommand:
    """Looks at each thing the bot needs."""

    def __init__(
        self,
        site: SiteSettings,
        *,
        write: Callable[[str], object] = sys.stdout.write,
        wall_clock: Callable[[], float] = time.time,
        requirements: Path = REQUIREMENTS,
        own_folder: Path | None = None,
        send_alert: bool = False,
    ) -> None:
        """Name what is to be looked at.

        ``own_folder`` is one that the bot makes where needed; ``send_alert``: and try the services
        of the alerts.
        """
        self._site = site
        self._write = write
        self._wall_clock = wall_clock
        self._requirements = requirements
        self._own_folder = own_folder
        self._send_alert = send_alert

    def run(self) -> int:
        """Write a line for each thing; return 0 if the bot can run."""
        worked = True
        for finding in self.findings():
            if finding.remedy:
                worked = False
                self._write(f"❌ {finding.what} → {finding.remedy}\n")
            else:
                self._write(f"✅ {finding.what}\n")
        return EXIT_OK if worked else EXIT_NO

    def findings(self) -> Iterator[Finding]:
        """Look, and return what was found."""
        from meshbot.cli.alert_check import alert_findings  # noqa: PLC0415 - the bot does without

        if self._site.connection_mode == "simulated":
            yield Finding(
                tr(
                    "nœud simulé, aucune radio : {program} setup cherche le vôtre, ou régler "
                    "CONNECTION_MODE",
                    program=program_name(),
                )
            )
        yield Finding(f"Python {platform.python_version()}")
        yield self._libraries()
        yield self._mode()
        holder = self._holder()
        if holder is not None:
            who = tr(" (processus {holder})", holder=holder) if holder else ""
            yield Finding(tr("un bot tourne{who} sur cette base", who=who))
        yield self._database()
        yield self._disk()
        yield self._clock()
        if self._site.connection_mode != "simulated":
            yield self._node(bot_runs=holder is not None)
        yield from share_findings(self._site, self._wall_clock(), bot_runs=holder is not None)
        yield from status_findings(self._site, bot_runs=holder is not None)
        yield from alert_findings(self._site.alert_urls, self._wall_clock, send=self._send_alert)

    def _mode(self) -> Finding:
        mode, origin = self._site.connection_mode, self._site.mode_decided_by
        if origin in ("", "CONNECTION_MODE"):
            return Finding(tr("réglages : CONNECTION_MODE = {mode}", mode=mode))
        return Finding(
            tr("réglages : mode {mode}, car {origin} est réglé", mode=mode, origin=origin)
        )

    def _holder(self) -> int | None:
        """Return the process of the bot on this database, 0 for an unknown one, None for none.

        The lock of another account may be hidden from us; its claim is not.
        """
        path = self._site.database_path
        holder = InstanceLock(path).holder()
        return holder if holder is not None else holder_of(claim_name(path))

    def _libraries(self) -> Finding:
        try:
            pins = dict(_PIN.findall(self._pinned()))
        except OSError as error:
            return Finding(
                tr(
                    "{name} illisible ({strerror})",
                    name=self._requirements.name,
                    strerror=error.strerror,
                ),
                tr("réinstaller"),
            )
        wrong = []
        for name, version in pins.items():
            try:
                found = importlib.metadata.version(name)
            except importlib.metadata.PackageNotFoundError:
                continue  # one for another system
            if found != version:
                wrong.append(
                    tr(
                        "{name} {found} au lieu de {version}",
                        name=name,
                        found=found,
                        version=version,
                    )
                )
        if wrong:
            return Finding(tr("bibliothèques : ") + ", ".join(wrong), self._way_to_mend_them())
        return Finding(
            tr(
                "bibliothèques : meshtastic {version}",
                version=importlib.metadata.version("meshtastic"),
            )
        )

    def _pinned(self) -> str:
        """Return the list of libraries. Raises :class:`OSError`.

        Installed by pip, the package's own metadata have it, those of its extras, too.
        """
        if is_checkout(self._requirements.parent):
            return self._requirements.read_text(encoding="utf-8")
        return "\n".join(importlib.metadata.requires(DISTRIBUTION) or ())

    def _way_to_mend_them(self) -> str:
        if is_checkout(self._requirements.parent):
            return "pip install -r requirements.txt"
        return tr("réinstaller meshbot (pipx reinstall meshbot)")

    def _database(self) -> Finding:
        path = self._site.database_path
        in_the_way = self._in_the_way()
        if in_the_way is not None:
            return in_the_way
        if not path.exists():
            return Finding(
                tr("base {absolute} : pas encore là, le bot la créera", absolute=path.absolute())
            )
        database = Database(path)
        try:
            damage = database.damage()
            if damage:
                return Finding(
                    tr("base {path} abîmée ({damage})", path=path, damage=damage),
                    tr("redémarrer le bot : il la met de côté et reprend ce qui est lisible"),
                )
            database.verify()
        except StorageError as error:
            return Finding(tr("base {path}", path=path), str(error))
        return Finding(
            tr(
                "base {absolute} : {st_size} Ko",
                absolute=path.absolute(),
                st_size=path.stat().st_size // 1024,
            )
        )

    def _in_the_way(self) -> Finding | None:
        """Return what keeps the bot from a file of that name, whatever is in it."""
        path = self._site.database_path
        folder = self._folder()
        try:
            path.exists()
            refuse_what_is_no_file(path)
        except StorageError as error:
            return Finding(tr("base {path}", path=path), str(error))
        except OSError as error:
            return Finding(
                tr("base {path} : {strerror}", path=path, strerror=error.strerror),
                tr("lancer cette commande comme le service : sudo meshbot check"),
            )
        if not folder.is_dir():
            return Finding(
                tr("dossier {folder} absent", folder=folder),
                tr("le créer, ou régler DATABASE_PATH"),
            )
        target = path if path.exists() else folder
        if not os.access(target, os.W_OK) or not os.access(folder, os.W_OK):
            return Finding(
                tr("pas le droit d'écrire {target}", target=target),
                tr("sudo chown, ou lancer cette commande comme le service (voir deploy/README.md)"),
            )
        return None

    def _folder(self) -> Path:
        """Return the database's folder; where that is yet to be made, the one it will be in."""
        folder = self._site.database_path.absolute().parent
        if folder != self._own_folder:
            return folder
        return next(part for part in (folder, *folder.parents) if os.path.exists(part))

    def _disk(self) -> Finding:
        folder = self._folder()
        try:
            free_mb = shutil.disk_usage(folder).free // 1_000_000
        except OSError as error:
            return Finding(
                tr("espace disque de {folder} inconnu", folder=folder), str(error.strerror)
            )
        if free_mb < MIN_FREE_MB:
            return Finding(
                tr("espace disque : {free_mb} Mo libres", free_mb=free_mb), tr("faire de la place")
            )
        return Finding(tr("espace disque : {free_mb} Mo libres", free_mb=free_mb))

    def _clock(self) -> Finding:
        now_s = self._wall_clock()
        text = time.strftime(tr("%d/%m/%Y %H:%M"), time.localtime(now_s))
        if now_s < OLDEST_SANE_S:
            return Finding(
                tr("horloge : {what}", what=text),
                tr("attendre l'heure du réseau (timedatectl), ou la régler"),
            )
        return Finding(tr("horloge : {what}", what=text))

    def _node(self, *, bot_runs: bool) -> Finding:
        site = self._site
        if site.connection_mode == "serial":
            return self._serial_port(bot_runs=bot_runs)
        where = tr("nœud {place}", place=place_text(site.tcp_host, site.tcp_port))
        if bot_runs:
            return Finding(
                tr("{where} : le bot en marche tient la liaison, non essayé", where=where)
            )
        holder = NodeClaim(site).holder()
        if holder is not None:
            who = tr(" (processus {holder})", holder=holder) if holder else ""
            return Finding(
                tr("{where} : un autre bot{who} s'en sert, non essayé", where=where, who=who),
                tr("l'arrêter (sudo systemctl stop meshbot) : un nœud n'en sert qu'un"),
            )
        return self._tcp_node(where)

    def _tcp_node(self, where: str) -> Finding:
        address = (self._site.tcp_host, self._site.tcp_port)
        try:
            with socket.create_connection(address, CONNECT_TIMEOUT_S):
                return Finding(tr("{where} : répond", where=where))
        except (socket.gaierror, UnicodeError):
            remedy = tr("corriger TCP_HOST, ou mettre l'adresse")
            if self._site.tcp_host.endswith(".local"):
                remedy += tr(" ; les noms en .local veulent « sudo apt install libnss-mdns »")
            return Finding(tr("{where} : nom introuvable", where=where), remedy)
        except ConnectionRefusedError:
            return Finding(
                tr("{where} : connexion refusée", where=where),
                tr("activer le Wi-Fi du nœud, vérifier TCP_PORT"),
            )
        except OSError:
            return Finding(
                tr("{where} : injoignable", where=where),
                tr("nœud allumé ? même réseau ? TCP_HOST juste ?"),
            )

    def _serial_port(self, *, bot_runs: bool) -> Finding:
        port = self._site.serial_port
        if port is None:
            return _port_to_be_found()
        if not Path(port).exists():
            remedy = tr("brancher le nœud, corriger SERIAL_PORT")
            there = ", ".join(lasting_name(found) or found for found in likely_ports())
            return Finding(
                tr("port série {port} absent", port=port),
                labelled(remedy, there) if there else remedy,
            )
        if not bot_runs and not os.access(port, os.R_OK | os.W_OK):
            return Finding(
                tr("port série {port} interdit", port=port), "sudo usermod -aG dialout $USER"
            )
        lasting = lasting_name(port)
        if lasting in ("", port):
            return Finding(tr("port série {port}", port=port))
        return Finding(
            tr("port série {port} (nom qui ne change pas : {lasting})", port=port, lasting=lasting)
        )


def _port_to_be_found() -> Finding:
    ports = likely_ports()
    if len(ports) > 1:
        names = ", ".join(lasting_name(port) or port for port in ports)
        return Finding(
            tr("plusieurs ports série ({ports})", ports=", ".join(ports)),
            tr("SERIAL_PORT : {names}", names=names),
        )
    found = ports[0] if ports else tr("cherché au démarrage")
    return Finding(tr("port série : {found} (SERIAL_PORT = None)", found=found))
