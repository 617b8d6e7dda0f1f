"""Version 3: what happened to the link. Frozen."""

from meshbot.store.schema.version import Version

V3 = Version(
    number=3,
    name="link events",
    statements=(
        """
        CREATE TABLE link_events (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            simulated INTEGER NOT NULL,
            kind TEXT NOT NULL,
            wall_s REAL NOT NULL,
            mono_s REAL NOT NULL,
            run INTEGER NOT NULL,
            session INTEGER NOT NULL,
            seconds REAL,
            count INTEGER,
            text TEXT NOT NULL
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
        ),
    },
)
