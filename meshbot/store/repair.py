"""A database that a power cut or a dying SD card left damaged: set aside, a new one in its place.

The new file is built beside it and has its final name only when it is complete; so whenever that is
interrupted, the next start finds either the old file or the complete new one. Nothing is ever
deleted: the damaged file keeps its contents under another name.

That the new file can be built is the proof that it was the file, and not the disk, a right or the
memory: SQLite says "disk full" or "out of memory" of a spoilt number in a file as well.
"""

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from meshbot.model.known_node import KnownNode
from meshbot.model.other_key import OtherKey
from meshbot.store import schema
from meshbot.store.backup import Backup
from meshbot.store.carved_rows import carved_rows
from meshbot.store.database import BUSY_TIMEOUT_S, Database
from meshbot.store.event_salvage import age_of, salvage_events, set_age
from meshbot.store.file_access import LOG, ROLLBACK, SIDE_FILES, make_private, share_like
from meshbot.store.inspection import has_content, is_damaged, is_recorded, spoilt_rows, version_of
from meshbot.store.log_check import lost_commits
from meshbot.store.node_store import NodeStore
from meshbot.store.salvage import Salvage, salvaged
from meshbot.store.storage_error import READ_ERRORS, StorageError, unusable
from meshbot.store.stored_table import HEARD_ORDERS, KEY_ORDERS, NODES, STORED_TABLES, StoredTable
from meshbot.store.traces import has_traces
from meshbot.text.language import tr
from meshbot.text.quantities import counted

log = logging.getLogger(__name__)


def stamp_of(wall_s: float) -> str:
    """Return what a file set aside at a wall-clock time is called by, in local time."""
    return datetime.fromtimestamp(wall_s).strftime("%Y%m%d-%H%M%S")


class Repair:
    """The replacement of one database, while it is closed."""

    def __init__(self, database: Database) -> None:
        """Name the database."""
        self._named = database.path
        self._path = Path(os.path.realpath(database.path))
        """Where the file itself is: a link to it stays one."""
        self._simulated = database.simulated
        self._copies = Backup(database.path).paths
        self._fresh_path = self._path.with_name(self._path.name + ".neuve")

    def was_ours(self) -> bool:
        """Say whether what is left shows that the file was this program's. Never raises."""
        return any(map(has_traces, (self._path, self._fresh_path, *self._copies)))

    def repair(self, stamp: str, *, thorough: bool, insist: bool = False) -> str | None:
        """At the start: put a new file in the place of one of ours that is damaged.

        For a file that a bot has used before. What can be read of it, and of the copies, is in the
        new one; the damaged one is set aside. Whenever this is interrupted, the next call goes on.
        Returns a line for the operator when that was needed. ``thorough``: look at every page;
        ``stamp`` goes into the damaged file's new name; ``insist``: it is known to be damaged.
        Raises ``StorageError``.
        """
        try:
            self._clear_the_way(stamp)
            if not (insist or self._is_needed(thorough=thorough)):
                return None
            remains = [self._remains(simulated=simulated) for simulated in (False, True)]
            self._build(remains)
            aside = self._put_fresh_in_place(stamp)
        except READ_ERRORS as error:
            raise unusable(self._named, error) from error
        saved = remains[self._simulated]
        where = (
            tr("mise de côté sous {name}", name=aside.name) if aside is not None else tr("perdue")
        )
        return tr(
            "La base {named} était abîmée (courant ou carte SD) : {where}, "
            "{rows}une nouvelle est commencée avec {nodes} nœuds et "
            "{keys} clés retrouvés",
            named=self._named,
            where=where,
            rows=_rows_text(remains),
            nodes=len(saved.nodes),
            keys=saved.keys,
        )

    def replace_damaged(
        self,
        nodes: Iterable[KnownNode],
        other_keys: Mapping[int, Sequence[OtherKey]],
        stamp: str,
    ) -> None:
        """Put a new file, of what is known, in the place of a damaged one.

        Of what is not given, what can be read; of the mesh that is not in use, everything. Raises
        ``StorageError``.
        """
        try:
            remains = [self._remains(simulated=simulated) for simulated in (False, True)]
            self._build(remains, (nodes, other_keys))
            self._put_fresh_in_place(stamp)
        except READ_ERRORS as error:
            raise unusable(self._named, error) from error

    def _clear_the_way(self, stamp: str) -> None:
        """Set aside a pipe or the like for which SQLite would wait, or which it could not read."""
        journal = self._path.with_name(self._path.name + ROLLBACK)
        if os.path.lexists(journal) and not journal.is_file():
            aside = journal.with_name(f"{self._path.name}.abimee-{stamp}{ROLLBACK}")
            journal.rename(aside)
            log.error(tr("❌ %s n'est pas un fichier : mis de côté sous %s"), journal, aside.name)

    def _is_needed(self, *, thorough: bool) -> bool:
        if has_content(self._fresh_path):
            return True  # a repair was interrupted after its new file was complete
        if not self._path.exists() or self._path.stat().st_size == 0:
            return any(map(has_traces, self._copies)) or any(carved_rows(self._path, NODES))
        if not has_content(self._path):
            return False  # a folder or the like: for Database.open() to say
        try:
            return self._is_spoilt(thorough=thorough)
        except (StorageError, *READ_ERRORS) as error:
            told = error if isinstance(error, StorageError) else unusable(self._named, error)
            if told.suspect:
                return True
            raise told from error

    def _is_of_the_past(self) -> bool:
        """Say whether a copy knows more than the file, which so has lost what it knew."""
        return age_of(self._path) < max(map(age_of, self._copies))

    def _is_spoilt(self, *, thorough: bool) -> bool:
        version = version_of(self._path, BUSY_TIMEOUT_S)
        if version > schema.VERSIONS[-1].number:
            return not is_recorded(self._path, version)  # the rest is not for us to judge
        if is_damaged(self._path, thorough=thorough) or spoilt_rows(self._path) > 0:
            return True
        was_cut_off = thorough or has_content(self._path.with_name(self._path.name + LOG))
        return was_cut_off and (lost_commits(self._path) or self._is_of_the_past())

    def _remains(self, *, simulated: bool) -> Salvage:
        """Return what can be read of a mesh, in the file or else in the copies."""
        paths = (self._path, self._fresh_path)
        carve = lost_commits(self._path)
        return salvaged(paths, self._copies, simulated=simulated, carve=carve)

    def _build(
        self,
        remains: Sequence[Salvage],
        known: tuple[Iterable[KnownNode], Mapping[int, Sequence[OtherKey]]] | None = None,
    ) -> None:
        """Make the new file, which has its final name once it is complete.

        ``known``: the nodes and other keys of the mesh in use, if not those that remain.
        """
        unfinished = self._fresh_path.with_name(self._fresh_path.name + ".tmp")
        for side in ("", *SIDE_FILES):
            unfinished.with_name(unfinished.name + side).unlink(missing_ok=True)
        make_private(unfinished)
        for saved in remains:
            part = Database(unfinished, simulated=saved.simulated)
            part.open()
            try:
                if known is not None and saved.simulated == self._simulated:
                    NodeStore(part).save_nodes(*known)
                    self._fill(part, saved, (KEY_ORDERS, HEARD_ORDERS))
                else:
                    self._fill(part, saved, STORED_TABLES)
            finally:
                part.close()
        if self._path.exists():
            share_like(unfinished, self._path)
        unfinished.replace(self._fresh_path)

    def _fill(self, part: Database, saved: Salvage, tables: Iterable[StoredTable]) -> None:
        sources = (self._path, self._fresh_path, *self._copies)
        with part.transaction() as transaction:
            for table in tables:
                transaction.executemany(table.insert(), saved.rows(table))
            salvage_events(transaction, sources, simulated=saved.simulated)
            set_age(transaction, max(map(age_of, sources)))

    def _put_fresh_in_place(self, stamp: str) -> Path | None:
        """Let the new file take the place of the damaged one; return where that is now."""
        aside = self._set_aside(stamp) if self._has_content_left() else None
        for side in SIDE_FILES:
            self._path.with_name(self._path.name + side).unlink(missing_ok=True)
        self._fresh_path.replace(self._path)
        return aside

    def _has_content_left(self) -> bool:
        log_path = self._path.with_name(self._path.name + LOG)
        return has_content(self._path) or has_content(log_path) or log_path.is_dir()

    def _set_aside(self, stamp: str) -> Path:
        """Rename the database and what belongs to it; return its new path."""
        aside = self._path.with_name(f"{self._path.name}.abimee-{stamp}")
        number = 1
        while aside.exists():
            number += 1
            aside = self._path.with_name(f"{self._path.name}.abimee-{stamp}-{number}")
        # Its log goes with it: beside another database it would be taken for that one's.
        for side in ("", *SIDE_FILES):
            part = self._path.with_name(self._path.name + side)
            if os.path.lexists(part):
                part.rename(aside.with_name(aside.name + side))
        return aside


def _rows_text(remains: Iterable[Salvage]) -> str:
    """Return what is to be told of single rows, nothing where none was changed."""
    spoilt = sum(saved.spoilt for saved in remains)
    if not spoilt:
        return ""
    restored = sum(saved.from_copies for saved in remains)
    text = counted(spoilt, "ligne fausse", "lignes fausses")
    return tr(
        "{what} ({restored} d'une copie), ",
        what=text,
        restored=counted(restored, "reprise", "reprises"),
    )
