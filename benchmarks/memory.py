"""The memory that a connected bot holds, from the start and after days of traffic."""

from dataclasses import dataclass

from benchmarks.figure import Figure
from benchmarks.line import MTJK, OURS, STOCK, Line, at_most, at_most_of_stock
from benchmarks.pair import Pair

DAY_PACKETS = 19_000
"""One each 4.5 s: an assumption. A packet of this mix takes about half a second on LongFast, so the
air would be busy for an eighth of the day with what is heard once."""
BURST = 1_900
DAYS = 2
OUR_DAYS = 8
SETTLED_AFTER_DAYS = 4
MORE_MB = 15.0
FLAT_MB = 2.0
FLAT = at_most(FLAT_MB)
MOST_RUNS = 2


@dataclass(frozen=True)
class MeshSize:
    """How many nodes, and how much of the stock library's memory is allowed for them."""

    nodes: int
    share: float = 1.0
    more_mb: float = 0.0

    @property
    def target(self) -> str:
        """Say it for the table."""
        return f"≤ stock + {self.more_mb:g} MB" if self.more_mb else f"≤ {self.share:g} × stock"


SIZES = (
    MeshSize(250, more_mb=MORE_MB),
    MeshSize(2_500, more_mb=MORE_MB),
    MeshSize(5_000, more_mb=MORE_MB),
    MeshSize(25_000, share=1.2),
)


class Memory(Figure):
    """Days of traffic on meshes of several sizes."""

    title = "Memory"
    minutes = 12
    contenders = (STOCK, MTJK, OURS)
    about = (
        "Connected to a node that knows so many nodes, then days of traffic, each within seconds, "
        f"{DAY_PACKETS:,} new packets of the city's mix each. Resident memory of the process; what "
        "grows by the clock is for `make week` to find. "
        "No real node knows more than some 250 at a time; so many more come and go on a large "
        "mesh, and are all there at once here. On a large mesh nodes are heard for the first time "
        "for days, and memory grows with that, so growth is looked at on the second day and, for "
        f"MeshBot, from the end of day {SETTLED_AFTER_DAYS} to that of day {OUR_DAYS}: a span that "
        "was chosen after a look at eight days."
    )

    def __init__(self, runs: int) -> None:
        """Prepare so many runs, or fewer: they differ by little."""
        super().__init__(min(runs, MOST_RUNS))

    def finish(self) -> list[Line]:
        """Measure each size in turn."""
        return [line for size in SIZES for line in self._measure(size)]

    def _measure(self, size: MeshSize) -> list[Line]:
        aim = at_most_of_stock(size.share, size.more_mb)
        whens = ("connected", "after a day", "after a second day")
        lines = [Line(f"{size.nodes:,} nodes, {when}", "MB", size.target, aim) for when in whens]
        late_days = f"days {SETTLED_AFTER_DAYS + 1} to {OUR_DAYS}"
        second, late = (
            Line(f"{size.nodes:,} nodes, growth {when}", "MB", f"flat: ≤ {FLAT_MB:g} MB", FLAT)
            for when in ("on the second day", f"in {late_days}")
        )
        second.compared = False
        for _ in range(self.runs):
            for contender in self.present:
                days = OUR_DAYS if contender == OURS else DAYS
                evenings_mb = _evenings_mb(contender, size.nodes, days)
                for line, resident_mb in zip(lines, evenings_mb, strict=False):
                    line.add(contender, resident_mb)
                second.add(contender, evenings_mb[2] - evenings_mb[1])
                if contender == OURS:
                    late.add(contender, evenings_mb[OUR_DAYS] - evenings_mb[SETTLED_AFTER_DAYS])
        return [*lines, second, late]


def _evenings_mb(contender: str, nodes: int, days: int) -> list[float]:
    """Return the memory once connected, and at the end of each day."""
    with Pair(contender, nodes=nodes) as pair:
        pair.connect()
        evenings_mb = [pair.bot.resident_mb()]
        for _ in range(days):
            for _ in range(DAY_PACKETS // BURST):
                pair.take_burst(BURST)
            evenings_mb.append(pair.bot.resident_mb())
    return evenings_mb
