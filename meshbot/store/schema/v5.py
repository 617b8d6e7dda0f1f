"""Version 5: checksums of the rows that matter, since when a node is known, orders heard.

``row_checksum`` is a function of this program that the migration gives to SQLite
(``row_checksum.py``). So a row without a checksum is one that something else has changed.
"""

from meshbot.store.schema.version import Version

V5 = Version(
    number=5,
    name="checksums and orders heard",
    statements=(
        "ALTER TABLE nodes ADD COLUMN known_since INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE nodes ADD COLUMN checksum INTEGER",
        "ALTER TABLE other_keys ADD COLUMN checksum INTEGER",
        "ALTER TABLE key_orders ADD COLUMN checksum INTEGER",
        """
        UPDATE nodes SET checksum = row_checksum(
            simulated, num, long_name, short_name, hw_model, role, public_key, last_heard, snr_db,
            hops, last_dm, pushed_at, known_since
        )
        """,
        """
        UPDATE other_keys SET checksum = row_checksum(
            simulated, num, public_key, offered_at, refused_at, replaced_at, replaced_by
        )
        """,
        """
        UPDATE key_orders SET checksum = row_checksum(id, simulated, num, public_key, accept)
        """,
        """
        CREATE TABLE heard_orders (
            simulated INTEGER NOT NULL,
            num INTEGER NOT NULL,
            packet_id INTEGER NOT NULL,
            heard_at INTEGER NOT NULL,
            checksum INTEGER,
            PRIMARY KEY (simulated, num, packet_id)
        ) WITHOUT ROWID
        """,
    ),
    tables={
        "nodes": (
            "simulated",
            "num",
            "long_name",
            "short_name",
            "hw_model",
            "role",
            "public_key",
            "last_heard",
            "snr_db",
            "hops",
            "last_dm",
            "pushed_at",
            "known_since",
            "checksum",
        ),
        "other_keys": (
            "simulated",
            "num",
            "public_key",
            "offered_at",
            "refused_at",
            "replaced_at",
            "replaced_by",
            "checksum",
        ),
        "key_orders": ("id", "simulated", "num", "public_key", "accept", "checksum"),
        "link_events": (
            "id",
            "simulated",
            "kind",
            "wall_s",
            "mono_s",
            "run",
            "session",
            "seconds",
            "count",
            "text",
            "cause",
        ),
        "migrations": ("version", "name", "migrated_at"),
        "heard_orders": ("simulated", "num", "packet_id", "heard_at", "checksum"),
    },
)
