"""The status of the link costs those who show it no library of radios."""

import subprocess
import sys


def test_it_loads_nothing_of_meshtastic() -> None:
    program = (
        "import sys, meshbot.link.link_status; "
        "sys.exit(any(name.partition('.')[0] == 'meshtastic' for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
