"""The versions of the schema, each frozen in a file of its own once it is released.

A change of the schema is a new file and a new entry here, and a database made by it beside the
others in ``tests/store/databases``. The old files stay as they are.
"""

from meshbot.store.schema.v1 import V1
from meshbot.store.schema.v2 import V2
from meshbot.store.schema.v3 import V3
from meshbot.store.schema.v4 import V4
from meshbot.store.schema.v5 import V5
from meshbot.store.schema.v6 import V6
from meshbot.store.schema.version import Version

VERSIONS: tuple[Version, ...] = (V1, V2, V3, V4, V5, V6)
"""All of them, numbered from 1 without a gap."""
