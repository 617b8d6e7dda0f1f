"""Which nodes are forgotten first when the table is full. Pure.

Names, keys and even proofs are cheap to make up, so each standing has a guaranteed share of the
table and no more is certain: beyond it, the lowest standing gives way first. Nobody can flood one
standing to death from another.

Within a standing, nodes are compared by the day on which they were first met and by whether our
radio measured their signal. The largest such cohort gives way, and in it the one heard longest ago.
So whoever makes up many names pushes out mostly those of the same day and the same way: who was met
before stays, who is met now is learned, and who is heard by radio is not pushed out by names that
come over a network, which cost no time on the air. A wall clock that stands in 1970 or jumps only
makes other cohorts.
"""

import enum
import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from meshbot.mesh.node_search import heard_when
from meshbot.model.known_node import KnownNode

DAY_S = 86_400
Cohort = tuple[int, bool]


class Standing(enum.IntEnum):
    """What speaks for a node, the least first."""

    MET = 0
    """It said its name or key."""
    IN_RADIO = 1
    """It stands in the radio's own database, as told last."""
    PROVEN = 2
    """It sent us a message and proved it, or its key is disputed."""
    KEPT = 3
    """Our own node, an admin, one on whose keys the operator decided, or whose key we gave the
    radio."""


_SHARES = {
    Standing.MET: 1 / 8,
    Standing.IN_RADIO: 1 / 8,
    Standing.PROVEN: 1 / 2,
    Standing.KEPT: 1 / 4,
}
"""What is guaranteed; together no more than the whole. Radios hold 80 to 250 nodes, and a made-up
key proves a made-up name with one message."""


def shares_of(most: int) -> dict[Standing, int]:
    """Return how many nodes of each standing have a place for certain in a table of ``most``."""
    return {standing: int(most * share) for standing, share in _SHARES.items()}


def least_valuable(
    nodes: Iterable[KnownNode],
    standing_of: Callable[[KnownNode], Standing],
    shares: Mapping[Standing, int],
    count: int,
) -> list[KnownNode]:
    """Return ``count`` nodes to forget, or as many as stand above their shares."""
    groups: dict[Standing, dict[Cohort, list[KnownNode]]] = {one: {} for one in Standing}
    for node in nodes:
        groups[standing_of(node)].setdefault(cohort_of(node), []).append(node)
    gone: list[KnownNode] = []
    for standing, cohorts in groups.items():
        spare = sum(map(len, cohorts.values())) - shares[standing]
        gone += _of_the_largest(cohorts, min(count - len(gone), max(spare, 0)))
    return gone


def cohort_of(node: KnownNode) -> Cohort:
    """Return the day on which a node was met, or last heard before that was noted, and the way."""
    return (node.known_since or node.last_heard) // DAY_S, node.snr_db is not None


def _of_the_largest(cohorts: Mapping[Cohort, list[KnownNode]], count: int) -> list[KnownNode]:
    """Return so many nodes, of the largest cohorts, which end alike."""
    taken: Counter[Cohort] = Counter()
    heap = [(-len(members), cohort) for cohort, members in cohorts.items()]
    heapq.heapify(heap)
    for _ in range(count):
        size, cohort = heap[0]
        taken[cohort] += 1
        heapq.heapreplace(heap, (size + 1, cohort))
    return [
        node
        for cohort, number in taken.items()
        for node in heapq.nsmallest(number, cohorts[cohort], key=heard_when)
    ]
