"""How often configurations are told, which is the dearest thing that a client may ask. Pure.

Three limits hold at once: of each client, of each machine, whose clients may hang up and come back
as new ones, and of all. Told the time; owned by the loop that serves the clients.
"""

from collections import OrderedDict, deque

from meshbot.sharing.local_address import machine_of

EACH, EACH_S = 6, 6.0
"""An app asks twice in a row; whoever asks more often than that waits for the next tick."""
MACHINE, ALL, SHARED_S = 24, 48, 12.0
"""Eight apps that start together are served at once, twice each and a half more; of a thousand
nodes that takes half a second in all."""
MOST_MACHINES = 64


class ConfigurationPace:
    """Who was told one lately."""

    def __init__(self) -> None:
        """Nobody was."""
        self._all: deque[float] = deque(maxlen=ALL)
        self._machines: OrderedDict[str, deque[float]] = OrderedDict()
        """Kept when the clients are gone."""
        self._clients: dict[int, tuple[deque[float], str]] = {}

    def came(self, client: int, host: str) -> None:
        """Note that a client is there, and from which machine."""
        self._clients[client] = (deque(maxlen=EACH), machine_of(host))

    def gone(self, client: int) -> None:
        """Forget a client, but not what its machine was told."""
        self._clients.pop(client, None)

    def allows(self, client: int, now_s: float) -> bool:
        """Say whether a client may be told one now; yes counts as told."""
        found = self._clients.get(client)
        if found is None:
            return False
        told, machine = found
        told_machine = self._machines.get(machine) or deque(maxlen=MACHINE)
        shared = (told_machine, self._all)
        if _is_full(told, EACH_S, now_s) or any(_is_full(one, SHARED_S, now_s) for one in shared):
            return False
        for one in (told, *shared):
            one.append(now_s)
        self._machines[machine] = told_machine
        self._machines.move_to_end(machine)
        if len(self._machines) > MOST_MACHINES:
            self._machines.popitem(last=False)
        return True


def _is_full(told_s: deque[float], interval_s: float, now_s: float) -> bool:
    return len(told_s) == told_s.maxlen and now_s - told_s[0] < interval_s
