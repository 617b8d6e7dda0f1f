"""One line of a table of results: a figure, what each contender reached, what was aimed at."""

import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field

STOCK = "stock library"
MTJK = "mtjk"
USUAL = "usual pattern"
MMRELAY = "mmrelay"
MMRELAY_CHECKING = "mmrelay, checks on"
OURS = "MeshBot"
OUR_INTERFACE = "its interface alone"
FLOOR = "floor"

Medians = dict[str, float | None]


@dataclass
class Line:
    """``values``: for each contender one number a run; None where a run never got there.

    ``compared``: whether its ratios mean anything. ``reached`` tells from the medians whether
    ``target`` was met; None where there is no target.
    """

    what: str
    unit: str
    target: str = ""
    reached: Callable[[Medians], bool] | None = None
    values: dict[str, list[float | None]] = field(default_factory=dict)
    compared: bool = True

    def add(self, contender: str, value: float | None) -> None:
        """Enter the result of one run."""
        self.values.setdefault(contender, []).append(value)

    @property
    def medians(self) -> Medians:
        """The median of each contender's runs; a run that never ended counts as the longest."""
        medians: Medians = {}
        for contender, values in self.values.items():
            ended = sorted(value for value in values if value is not None)
            middle = (len(values) - 1) / 2
            if math.ceil(middle) > len(ended) - 1:
                medians[contender] = None
            elif len(ended) == len(values):
                medians[contender] = statistics.median(ended)
            else:
                medians[contender] = ended[math.ceil(middle)]
        return medians

    def share(self, of: str, to: str) -> float | None:
        """Return the ratio of two contenders' medians, None where there is none."""
        above, below = self.medians.get(of), self.medians.get(to)
        if not self.compared or above is None or not below:
            return None
        return above / below


def at_most(limit: float) -> Callable[[Medians], bool]:
    """Ask of ours a median of at most ``limit``."""

    def reached(medians: Medians) -> bool:
        ours = medians.get(OURS)
        return ours is not None and ours <= limit

    return reached


def at_most_of_stock(share: float, more: float = 0.0) -> Callable[[Medians], bool]:
    """Ask of ours at most ``share`` times what the stock library takes, and ``more``."""

    def reached(medians: Medians) -> bool:
        if OURS not in medians or STOCK not in medians:
            return False
        ours, stock = medians[OURS], medians[STOCK]
        return ours is not None and (stock is None or ours <= share * stock + more)

    return reached


def at_least_of_stock(share: float) -> Callable[[Medians], bool]:
    """Ask of ours at least ``share`` times what the stock library does."""

    def reached(medians: Medians) -> bool:
        ours, stock = medians.get(OURS), medians.get(STOCK)
        return ours is not None and stock is not None and ours >= share * stock

    return reached
