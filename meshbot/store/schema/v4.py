"""Version 4: the causes of events, and which version the file was brought to when. Frozen."""

from meshbot.store.schema.version import Version

V4 = Version(
    number=4,
    name="causes and migrations",
    statements=(
        "ALTER TABLE link_events ADD COLUMN cause TEXT NOT NULL DEFAULT ''",
        """
        CREATE TABLE migrations (
            version INTEGER PRIMARY KEY,
            name TEXT NOT NULL,
            migrated_at INTEGER
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
            "cause",
        ),
        "migrations": ("version", "name", "migrated_at"),
    },
)
