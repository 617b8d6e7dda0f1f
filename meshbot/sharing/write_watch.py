"""When to ask the node for its configuration again, after a client has changed it. Pure.

Once no write has come for a moment and no edit of several settings is open; not where the link was
lost meanwhile, since the next session brings it. Owned by the thread ``share-sender``.
"""

import math

from meshtastic.protobuf import mesh_pb2

from meshbot.link.request_limit import RequestLimit
from meshbot.sharing.admin_rules import kind_of

QUIET_S = 3.0
EDIT_S = 60.0
MOST_AN_HOUR = 20
RETRY_S = 60.0


class WriteWatch:
    """Told of each write; says when the question is due."""

    def __init__(self) -> None:
        """Nothing was written."""
        self._due_s = math.inf
        self._session: object = None
        self._edit_until_s = -math.inf
        self._limit = RequestLimit(MOST_AN_HOUR, 3_600.0)

    def note(self, packet: mesh_pb2.MeshPacket, session: object, now_s: float) -> None:
        """Take a write that the node of a session was given."""
        if session is not self._session:
            self._session, self._edit_until_s = session, -math.inf
        kind = kind_of(packet)
        if kind == "begin_edit_settings":
            self._edit_until_s = now_s + EDIT_S
        elif kind == "commit_edit_settings":
            self._edit_until_s = -math.inf
        self._due_s = max(now_s + QUIET_S, self._edit_until_s)

    def wait_s(self, now_s: float) -> float:
        """Return in how many seconds the question may be due; inf: nothing was written."""
        return max(self._due_s - now_s, 0.0)

    def is_due(self, session: object, now_s: float) -> bool:
        """Say whether to ask the node of a session now; yes counts as asked."""
        if now_s < self._due_s:
            return False
        self._due_s = math.inf
        if session is not self._session:
            return False
        if self._limit.allows(now_s):
            return True
        self._due_s = now_s + RETRY_S
        return False
