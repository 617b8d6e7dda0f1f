"""Version 6: in which language a node is answered.

The checksum stays the last column: a row that is found without the schema is known by it.
"""

from meshbot.store.schema.v5 import V5
from meshbot.store.schema.version import Version

V6 = Version(
    number=6,
    name="languages",
    statements=(
        """
        CREATE TABLE nodes_6 (
            simulated INTEGER NOT NULL,
            num INTEGER NOT NULL,
            long_name TEXT NOT NULL,
            short_name TEXT NOT NULL,
            hw_model TEXT NOT NULL,
            role TEXT NOT NULL,
            public_key BLOB NOT NULL,
            last_heard INTEGER NOT NULL,
            snr_db REAL,
            hops INTEGER,
            last_dm INTEGER NOT NULL DEFAULT 0,
            pushed_at INTEGER NOT NULL DEFAULT 0,
            known_since INTEGER NOT NULL DEFAULT 0,
            language TEXT NOT NULL DEFAULT '',
            checksum INTEGER,
            PRIMARY KEY (simulated, num)
        ) WITHOUT ROWID
        """,
        # A row that was changed on the card must not become one that is as it was written.
        """
        INSERT INTO nodes_6
        SELECT
            simulated, num, long_name, short_name, hw_model, role, public_key, last_heard, snr_db,
            hops, last_dm, pushed_at, known_since, '',
            CASE WHEN checksum = row_checksum(
                simulated, num, long_name, short_name, hw_model, role, public_key, last_heard,
                snr_db, hops, last_dm, pushed_at, known_since
            ) THEN row_checksum(
                simulated, num, long_name, short_name, hw_model, role, public_key, last_heard,
                snr_db, hops, last_dm, pushed_at, known_since, ''
            ) END
        FROM nodes
        """,
        "DROP TABLE nodes",
        "ALTER TABLE nodes_6 RENAME TO nodes",
    ),
    tables={**V5.tables, "nodes": (*V5.tables["nodes"][:-1], "language", "checksum")},
)
