"""Which service of systemd a process belongs to, for who has to stop it."""

import re
from pathlib import Path

DEFAULT_UNIT = "meshbot"
_UNIT = re.compile(r"/(meshbot(?:@[\w.\\:-]+)?)\.service$", re.MULTILINE)


def unit_of(pid: int, processes: Path = Path("/proc")) -> str:
    """Return the unit that a bot runs as, ``meshbot@attic`` say; the usual one if nobody knows."""
    try:
        groups = (processes / str(pid) / "cgroup").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return DEFAULT_UNIT
    found = _UNIT.search(groups)
    return found[1] if found is not None else DEFAULT_UNIT
