"""A database that a power cut or a dying SD card left damaged: set aside, a new one in its place.

The new file is built beside it and has its final name only when it is complete; so whenever that is
interrupted, the next start finds either the old file or the complete new one. Nothing is ever
deleted: the damaged file keeps its contents under another name.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from meshbot.model.known_node import KnownNode
from meshbot.model.other_key import OtherKey
from meshbot.store import schema
from meshbot.store.backup import Backup
from meshbot.store.database import BUSY_TIMEOUT_S, Database
from meshbot.store.inspection import has_content, is_damaged, version_of
from meshbot.store.node_store import NodeStore
from meshbot.store.salvage import Salvage
from meshbot.store.storage_error import ForeignFile, unusable

MAX_NEWER = 100  # a schema so much newer than ours was never written
SIDE_FILES = ("-wal", "-shm")
"""What SQLite adds to a file's name for those it keeps beside it."""


def stamp_of(wall_s: float) -> str:
    """Return what a file set aside at a wall-clock time is called by, in local time."""
    return datetime.fromtimestamp(wall_s).strftime("%Y%m%d-%H%M%S")


@dataclass(frozen=True, slots=True)
class _Mesh:
    """What a new file begins with, of the real mesh or the simulated one."""

    simulated: bool
    nodes: Iterable[KnownNode]
    other_keys: Mapping[int, Sequence[OtherKey]]


class Repair:
    """The replacement of one database, while it is closed."""

    def __init__(self, database: Database) -> None:
        """Name the database."""
        self._path = database.path
        self._simulated = database.simulated
        self._copies = Backup(database.path).paths
        self._fresh_path = database.path.with_name(database.path.name + ".neuve")

    def repair(self, stamp: str, *, thorough: bool) -> str | None:
        """At the start: put a new file in the place of one of ours that is damaged.

        For a file that a bot has used before. What can be read of it, and of the copies, is in the
        new one; the damaged one is set aside. Whenever this is interrupted, the next call goes on.
        Returns a line for the operator when that was needed. ``thorough``: look at every page;
        ``stamp`` goes into the damaged file's new name. Raises ``StorageError``.
        """
        try:
            if self._path.is_dir() or not self._is_needed(thorough=thorough):
                return None
            saved = self._build_from_remains()
            aside = self._put_fresh_in_place(stamp)
        except (OSError, sqlite3.Error) as error:
            raise unusable(self._path, error) from error
        where = f"mise de côté sous {aside.name}" if aside is not None else "perdue"
        return (
            f"La base {self._path} était abîmée (courant ou carte SD) : {where}, une nouvelle est "
            f"commencée avec {len(saved.nodes)} nœuds et {saved.keys} clés retrouvés"
        )

    def replace_damaged(
        self,
        nodes: Iterable[KnownNode],
        other_keys: Mapping[int, Sequence[OtherKey]],
        stamp: str,
    ) -> None:
        """Put a new file, of what is known, in the place of a damaged one.

        While a simulated mesh is used, of the real one what can be read. Raises ``StorageError``.
        """
        try:
            meshes = [_Mesh(self._simulated, nodes, other_keys)]
            if self._simulated:
                saved = self._remains(simulated=False)
                meshes.append(_Mesh(False, saved.nodes, saved.other_keys))
            self._build(meshes)
            self._put_fresh_in_place(stamp)
        except (OSError, sqlite3.Error) as error:
            raise unusable(self._path, error) from error

    def _is_needed(self, *, thorough: bool) -> bool:
        if self._fresh_path.exists():
            return True  # a repair was interrupted after its new file was complete
        if not has_content(self._path):
            return any(path.exists() for path in self._copies)
        if is_damaged(self._path, thorough=thorough):
            return True
        try:
            newest = schema.VERSIONS[-1].number
            return version_of(self._path, BUSY_TIMEOUT_S) > newest + MAX_NEWER
        except ForeignFile:
            return True

    def _build_from_remains(self) -> Salvage:
        """Make the new file of what can be read; return what that was of the mesh in use."""
        remains = {simulated: self._remains(simulated=simulated) for simulated in (False, True)}
        if not self._fresh_path.exists():
            self._build(
                _Mesh(simulated, saved.nodes, saved.other_keys)
                for simulated, saved in remains.items()
            )
        return remains[self._simulated]

    def _remains(self, *, simulated: bool) -> Salvage:
        """Return what can be read of a mesh, in the file or else in the copies."""
        saved = Salvage()
        for path in (self._path, self._fresh_path, *self._copies):
            saved.add_from(path, simulated=simulated)
        return saved

    def _build(self, meshes: Iterable[_Mesh]) -> None:
        """Make the new file, which has its final name once it is complete."""
        unfinished = self._fresh_path.with_name(self._fresh_path.name + ".tmp")
        for side in ("", *SIDE_FILES):
            unfinished.with_name(unfinished.name + side).unlink(missing_ok=True)
        for mesh in meshes:
            part = Database(unfinished, simulated=mesh.simulated)
            part.open()
            try:
                NodeStore(part).save_nodes(mesh.nodes, mesh.other_keys)
            finally:
                part.close()
        unfinished.replace(self._fresh_path)

    def _put_fresh_in_place(self, stamp: str) -> Path | None:
        """Let the new file take the place of the damaged one; return where that is now."""
        aside = self._set_aside(stamp) if has_content(self._path) else None
        for side in SIDE_FILES:
            self._path.with_name(self._path.name + side).unlink(missing_ok=True)
        self._fresh_path.replace(self._path)
        return aside

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
            if part.exists():
                part.rename(aside.with_name(aside.name + side))
        return aside
