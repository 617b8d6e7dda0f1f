"""What a process costs, as the system tells it."""

import os
import re
from pathlib import Path

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


class ProcessCost:
    """Looks at one process of this machine, by its number."""

    def __init__(self, pid: int) -> None:
        """Name the process."""
        self._folder = Path(f"/proc/{pid}")

    def cpu_s(self) -> float:
        """Return the processor time it has used, to a hundredth of a second."""
        fields = self._read("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_A_SECOND

    def resident_mb(self) -> float:
        """Return the memory it holds, in millions of bytes."""
        return self._kilobytes("VmRSS") * 1_024 / 1e6

    def peak_mb(self) -> float:
        """Return the most it held so far."""
        return self._kilobytes("VmHWM") * 1_024 / 1e6

    def written_mb(self) -> float:
        """Return how much it had written to the disk so far, in millions of bytes."""
        return self._figure("io", "write_bytes") / 1e6

    def _kilobytes(self, name: str) -> int:
        return self._figure("status", name)

    def _figure(self, file: str, name: str) -> int:
        found = re.search(rf"^{name}:\s+(\d+)", self._read(file), re.MULTILINE)
        assert found is not None
        return int(found.group(1))

    def _read(self, name: str) -> str:
        return (self._folder / name).read_text(encoding="ascii")
