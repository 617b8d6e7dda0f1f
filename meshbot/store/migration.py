"""Bringing an open file to the newest version of the schema."""

import logging
import sqlite3

from meshbot.store import schema
from meshbot.store.row_checksum import checksum_of

log = logging.getLogger(__name__)


def migrate(connection: sqlite3.Connection, wall_s: float) -> None:
    """Take every step that a file lacks, in one transaction, and record it with the time.

    For versions from before the record was kept, the time is unknown. Raises ``sqlite3.Error``;
    then the file is what it was before.
    """
    connection.create_function("row_checksum", -1, lambda *row: checksum_of(row))
    with connection:
        connection.execute("BEGIN IMMEDIATE")  # another process may be at it
        found = int(connection.execute("PRAGMA user_version").fetchone()[0])
        lacking = schema.VERSIONS[found:]
        for version in lacking:
            log.debug("database: step %d, %s", version.number, version.name)
            for statement in version.statements:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version={version.number}")
        if lacking:
            connection.executemany(
                "INSERT OR IGNORE INTO migrations (version, name, migrated_at) VALUES (?, ?, ?)",
                [
                    (version.number, version.name, int(wall_s) if version in lacking else None)
                    for version in schema.VERSIONS
                ],
            )
