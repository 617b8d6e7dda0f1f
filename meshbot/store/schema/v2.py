"""Version 2: keys that are not their node's, and the operator's decisions about keys. Frozen."""

from meshbot.store.schema.version import Version

V2 = Version(
    number=2,
    name="other keys and decisions",
    statements=(
        "ALTER TABLE nodes ADD COLUMN last_dm INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE nodes ADD COLUMN pushed_at INTEGER NOT NULL DEFAULT 0",
        """
        CREATE TABLE other_keys (
            simulated INTEGER NOT NULL,
            num INTEGER NOT NULL,
            public_key BLOB NOT NULL,
            offered_at INTEGER NOT NULL,
            refused_at INTEGER NOT NULL,
            replaced_at INTEGER NOT NULL,
            replaced_by TEXT NOT NULL,
            PRIMARY KEY (simulated, num, public_key)
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE key_orders (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            simulated INTEGER NOT NULL,
            num INTEGER NOT NULL,
            public_key BLOB NOT NULL,
            accept INTEGER NOT NULL
        )
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
        ),
        "other_keys": (
            "simulated",
            "num",
            "public_key",
            "offered_at",
            "refused_at",
            "replaced_at",
            "replaced_by",
        ),
        "key_orders": ("id", "simulated", "num", "public_key", "accept"),
    },
)
