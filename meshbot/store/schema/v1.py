"""Version 1: the nodes of the mesh and their keys. Frozen."""

from meshbot.store.schema.version import Version

V1 = Version(
    number=1,
    name="nodes",
    statements=(
        """
        CREATE TABLE nodes (
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
            PRIMARY KEY (simulated, num)
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
        ),
    },
)
