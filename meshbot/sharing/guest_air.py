"""How much of everybody's air the clients' packets may take.

Three limits hold at once: each client's share of any hour; that of all together, which is half of
what the region allows the node and never more than :data:`MOST_PERCENT`; and the node's own, which
the bot's :class:`AirBudget` keeps and is told of what clients send.

Any thread; ``_lock`` guards all of it and is a leaf.
"""

import math
import threading
from collections import OrderedDict
from collections.abc import Callable

from meshtastic.protobuf import mesh_pb2

from meshbot.link.node_facts import firmware_of, lora_settings_of
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.messages.air_budget import RETRIES, AirBudget
from meshbot.messages.air_hour import HOUR_S, AirHour
from meshbot.model.firmware_version import may_sign_broadcasts
from meshbot.model.known_node import BROADCAST_NUM
from meshbot.model.lora_airtime import (
    LONG_FAST,
    MOST_BYTES,
    PACKET_HEADER_BYTES,
    SEAL_BYTES,
    SIGNATURE_BYTES,
    time_on_air_s,
)

GUESTS_SHARE = 0.5
MOST_PERCENT = 20.0
MOST_CLIENTS = 64
"""So many clients' hours are kept; beyond, the one is forgotten that sent longest ago."""
MOST_OF_A_HOST = 32
_BITFIELD_BYTES = 2
_US = 1_000_000


class GuestAir:
    """The hour that is over, by client and in all."""

    def __init__(
        self, client_percent: float, budget: AirBudget, clock: Callable[[], float]
    ) -> None:
        """Let a client take so many percent of an hour; ``budget``: the bot's."""
        self._client_us = int(client_percent / 100 * HOUR_S * _US)
        self._budget = budget
        self._clock = clock
        self._lock = threading.Lock()
        self._total = AirHour()
        self._clients: OrderedDict[int, AirHour] = OrderedDict()
        self._hosts: dict[int, str] = {}
        """The machines of the clients that are there."""
        self._left: OrderedDict[str, list[AirHour]] = OrderedDict()
        """By machine, the hours of clients that are gone."""

    def came(self, client: int, host: str) -> None:
        """Note that a client is there.

        It goes on with the hour of one that left the same machine: to hang up and come back makes
        no new one. Programs that are there at one time have an hour each.
        """
        with self._lock:
            self._hosts[client] = host
            left = self._left.get(host)
            if left:
                now_s = self._clock()
                fullest = max(left, key=lambda hour: hour.used_us(now_s))
                left.remove(fullest)
                self._clients[client] = fullest
                self._clients.move_to_end(client)
                self._trim()

    def gone(self, client: int) -> None:
        """Note that a client is gone; what it left to be sent is still its own."""
        with self._lock:
            host, hour = self._hosts.pop(client, None), self._clients.get(client)
            if host is None or hour is None:
                return
            left = self._left.setdefault(host, [])
            left.append(hour)
            del left[:-MOST_OF_A_HOST]
            self._left.move_to_end(host)
            if len(self._left) > MOST_CLIENTS:
                self._left.popitem(last=False)

    @staticmethod
    def cost_s(interface: SupervisedInterface, packet: mesh_pb2.MeshPacket) -> float:
        """Return the seconds that a packet is on the air once; one for the node itself: none."""
        if packet.to == interface.own_num:
            return 0.0
        size = PACKET_HEADER_BYTES
        if packet.WhichOneof("payload_variant") == "encrypted":
            size += len(packet.encrypted)
        else:
            size += packet.decoded.ByteSize()
            size += 0 if packet.decoded.HasField("bitfield") else _BITFIELD_BYTES
            if packet.to != BROADCAST_NUM:
                size += SEAL_BYTES
            elif may_sign_broadcasts(firmware_of(interface)):
                size += SIGNATURE_BYTES if size + SIGNATURE_BYTES <= MOST_BYTES else 0
        lora = lora_settings_of(interface.localNode.localConfig)
        return time_on_air_s(lora or LONG_FAST, min(size, MOST_BYTES))

    def wait_s(self, client: int, cost_s: float) -> float:
        """Return 0.0 if a packet of a client may go now, else in how many seconds; inf: never."""
        if cost_s <= 0:
            return 0.0
        cost_us = math.ceil(cost_s * _US)
        node_s = self._budget.node_wait_s(cost_s)
        most_us = self._most_us()
        with self._lock:
            now_s = self._clock()
            total_s = self._total.wait_s(cost_us, most_us, now_s)
            hour = self._clients.get(client) or AirHour()
            return max(node_s, total_s, hour.wait_s(cost_us, self._client_us, now_s))

    def charge(self, client: int, cost_s: float) -> None:
        """Note that the node has a packet of a client."""
        if cost_s <= 0:
            return
        cost_us = math.ceil(cost_s * _US)
        with self._lock:
            now_s = self._clock()
            self._total.add(cost_us, now_s)
            self._clients.setdefault(client, AirHour()).add(cost_us, now_s)
            self._clients.move_to_end(client)
            self._trim()
        self._budget.note_others(cost_s)

    def _trim(self) -> None:
        """Forget what is too much, of clients that are gone first."""
        while len(self._clients) > MOST_CLIENTS:
            away = (number for number in self._clients if number not in self._hosts)
            del self._clients[next(away, next(iter(self._clients)))]

    def charge_retries(self, client: int, cost_s: float) -> None:
        """Note that the node gave a packet up: it was transmitted two more times."""
        self.charge(client, RETRIES * cost_s)

    def used_percent(self, client: int) -> float:
        """Return how much of the last hour a client's packets took, in percent."""
        with self._lock:
            hour = self._clients.get(client)
            used_us = hour.used_us(self._clock()) if hour is not None else 0
        return used_us / (HOUR_S * _US) * 100

    def _most_us(self) -> int:
        allowed_percent = self._budget.allowed_percent
        most_percent = MOST_PERCENT
        if allowed_percent is not None:
            most_percent = min(most_percent, GUESTS_SHARE * allowed_percent)
        return int(most_percent / 100 * HOUR_S * _US)
