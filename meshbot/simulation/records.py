"""The read-only side of a simulated node: what it saw and did, for tests and benchmarks."""

import threading
from collections.abc import Callable
from typing import Self, TypeVar

from meshtastic.protobuf import admin_pb2, mesh_pb2

from meshbot.simulation.air_text import AirText
from meshbot.simulation.api import SimulatedApi
from meshbot.simulation.peer import SimulatedPeer

_T = TypeVar("_T")


class SimulatedRecords:
    """Records and counters, each read under the node's lock; any thread may enter.

    The lock is held by the node's thread for a whole round of its loop: who has received the
    answer to something reads records that already contain it. Lists are snapshots of at most the
    last 10,000 entries.
    """

    def __init__(self, api: SimulatedApi, changed: threading.Condition) -> None:
        """Look at this node's parts, under its lock."""
        self._api = api
        self._changed = changed

    def wait_until(self, predicate: Callable[[Self], bool], timeout_s: float) -> bool:
        """Wait until ``predicate(self)`` holds, and return whether it does.

        It is called with the node's lock held, after each thing the node did: it may read every
        record and property, but must not call a method that acts on the node.
        """
        with self._changed:
            return self._changed.wait_for(lambda: predicate(self), timeout_s)

    def read(self, reader: Callable[[Self], _T]) -> _T:
        """Return ``reader(self)``, called with the node's lock held."""
        with self._changed:
            return reader(self)

    def knows(self, peer: SimulatedPeer | int) -> bool:
        """Say whether the radio has this node in its database."""
        num = peer if isinstance(peer, int) else peer.num
        with self._changed:
            return num in self._api.radio.mesh.db

    def has_key_of(self, peer: SimulatedPeer) -> bool:
        """Say whether the radio can open what this peer seals."""
        with self._changed:
            return self._api.radio.mesh.db.key_of(peer.num) == peer.public_key

    @property
    def peers(self) -> list[SimulatedPeer]:
        """Everybody on the mesh, whether or not the radio knows them."""
        with self._changed:
            return list(self._api.radio.mesh.peers)

    @property
    def frames_received(self) -> list[mesh_pb2.ToRadio]:
        """The last 10,000 frames of clients."""
        with self._changed:
            return list(self._api.frames_received)

    @property
    def packets_on_air(self) -> list[mesh_pb2.MeshPacket]:
        """The last 10,000 packets of clients that went on the air, of any kind."""
        with self._changed:
            return list(self._api.radio.packets_on_air)

    @property
    def own_packets_on_air(self) -> list[mesh_pb2.MeshPacket]:
        """What the node sent by itself: acknowledgements, refusals, who and how it is."""
        with self._changed:
            return list(self._api.radio.own_packets_on_air)

    @property
    def texts_on_air(self) -> list[AirText]:
        """The clients' texts that went on the air."""
        with self._changed:
            return list(self._api.radio.texts_on_air)

    @property
    def illegal_on_air(self) -> list[mesh_pb2.MeshPacket]:
        """What a licensed station sent though it was encrypted, which the law forbids."""
        with self._changed:
            return list(self._api.radio.illegal_on_air)

    @property
    def contacts_added(self) -> list[admin_pb2.SharedContact]:
        """The nodes that the client wrote into the radio's database."""
        with self._changed:
            return list(self._api.admin.contacts_added)

    @property
    def texts_dropped(self) -> list[AirText]:
        """The clients' texts that the 2 s rule kept off the air."""
        with self._changed:
            return list(self._api.packets.texts_dropped)

    @property
    def config_requests(self) -> list[int]:
        """The ids of all ``want_config_id``."""
        with self._changed:
            return list(self._api.config_requests)

    @property
    def configs_completed(self) -> int:
        """How many handshakes came to their end."""
        with self._changed:
            return self._api.configs_completed

    @property
    def heartbeats_received(self) -> int:
        """How many heartbeats clients sent."""
        with self._changed:
            return self._api.heartbeats_received

    @property
    def admin_requests_received(self) -> int:
        """How many admin messages clients sent to the node itself."""
        with self._changed:
            return self._api.packets.admin_requests_received

    @property
    def duplicates_ignored(self) -> int:
        """How many packets were ignored because their id came lately."""
        with self._changed:
            return self._api.packets.duplicates_ignored

    @property
    def unparseable_received(self) -> int:
        """How many frames from clients were no ToRadio."""
        with self._changed:
            return self._api.unparseable_received

    @property
    def junk_bytes_received(self) -> int:
        """How many bytes from clients were part of no frame."""
        with self._changed:
            return self._api.server.junk_bytes_received

    @property
    def sealed_unopened(self) -> int:
        """How many packets sealed by clients their receiver could not open."""
        with self._changed:
            return self._api.radio.sealed_unopened

    @property
    def hopless_dropped(self) -> int:
        """How many packets were taken for those of ancient firmware: no hops, no bitfield."""
        with self._changed:
            return self._api.radio.hopless_dropped

    @property
    def key_failures(self) -> int:
        """How many packets failed because the receiver's key was missing (error 39)."""
        with self._changed:
            return self._api.radio.key_failures

    @property
    def air_used_s(self) -> float:
        """How many seconds it was on the air with texts of its clients, repetitions included."""
        with self._changed:
            return self._api.radio.air_time.texts_s

    @property
    def air_used_by_all_s(self) -> float:
        """How many seconds it was on the air with anything."""
        with self._changed:
            return self._api.radio.air_time.all_s

    @property
    def reboot_count(self) -> int:
        """How often the node rebooted."""
        with self._changed:
            return self._api.reboot_count

    @property
    def packets_kept(self) -> int:
        """How many packets wait for a client."""
        with self._changed:
            return len(self._api.kept)

    @property
    def is_listening(self) -> bool:
        """Whether connections are accepted at this moment."""
        with self._changed:
            return self._api.server.is_listening

    @property
    def is_client_ready(self) -> bool:
        """Whether a client is connected and its configuration complete."""
        with self._changed:
            return self._api.session is not None and self._api.session.complete

    @property
    def connections_open(self) -> int:
        """How many connections are open: 0 as soon as the client's end has arrived."""
        with self._changed:
            link = self._api.server.link
            return 0 if link is None or link.has_client_hung_up() else 1

    @property
    def connections_total(self) -> int:
        """How many connections were accepted."""
        with self._changed:
            return self._api.server.connections_total

    @property
    def max_connections_open(self) -> int:
        """How many connections clients ever had open at one time."""
        with self._changed:
            return self._api.server.max_connections_open

    @property
    def bytes_received(self) -> int:
        """All bytes read from clients."""
        with self._changed:
            return self._api.server.bytes_received

    @property
    def bytes_sent(self) -> int:
        """All bytes handed to the network."""
        with self._changed:
            return self._api.server.bytes_sent

    @property
    def frames_sent(self) -> int:
        """All frames queued for clients."""
        with self._changed:
            return self._api.server.frames_sent

    @property
    def bytes_received_this_connection(self) -> int:
        """Bytes read on the current or else the last connection."""
        with self._changed:
            link = self._api.server.last_link
            return 0 if link is None else link.bytes_received

    @property
    def bytes_sent_this_connection(self) -> int:
        """Bytes sent on the current or else the last connection."""
        with self._changed:
            link = self._api.server.last_link
            return 0 if link is None else link.bytes_sent

    @property
    def frames_sent_this_connection(self) -> int:
        """Frames queued on the current or else the last connection."""
        with self._changed:
            link = self._api.server.last_link
            return 0 if link is None else link.frames_sent
