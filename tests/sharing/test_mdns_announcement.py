"""What the network is told of the shared node, as ``zeroconf``'s own browser hears it."""

import queue
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import zeroconf

from meshbot.sharing.local_address import addresses_to_find
from meshbot.sharing.mdns_announcement import CLOSE_S, MdnsAnnouncement
from meshbot.sharing.mdns_responder import SERVICE_TYPE
from meshbot.sharing.share_settings import ShareSettings
from tests.support.journal import Journal
from tests.support.limits import LATE_S, PROGRAM_S, WAIT_S

pytestmark = pytest.mark.slow  # a name is asked for during two seconds before it is taken

OPEN = ShareSettings(4500, "0.0.0.0")
HERE = "127.0.0.1"
"""Multicast goes over the loopback too, and to nobody else from there."""
UNREACHABLE = "203.0.113.1"


class Listener(zeroconf.ServiceListener):
    """Hears what comes and goes."""

    def __init__(self) -> None:
        self.heard: queue.Queue[tuple[str, str]] = queue.Queue()

    def add_service(self, zc: zeroconf.Zeroconf, type_: str, name: str) -> None:
        self.heard.put(("come", name))

    def remove_service(self, zc: zeroconf.Zeroconf, type_: str, name: str) -> None:
        self.heard.put(("gone", name))

    def update_service(self, zc: zeroconf.Zeroconf, type_: str, name: str) -> None:
        self.heard.put(("other", name))


class Network:
    """A browser as apps have one."""

    def __init__(self) -> None:
        self._zeroconf = zeroconf.Zeroconf(interfaces=[HERE], ip_version=zeroconf.IPVersion.V4Only)
        self._listener = Listener()
        self._browser = zeroconf.ServiceBrowser(self._zeroconf, SERVICE_TYPE, self._listener)

    def wait_for(self, what: str, node_id: str) -> str:
        """Return the name of a service of this node to which that happened."""
        while True:  # ends by the limit of the wait
            heard, name = self._listener.heard.get(timeout=WAIT_S)
            if heard == what and node_id in name:
                return name

    def info(self, name: str) -> zeroconf.ServiceInfo:
        info = self._zeroconf.get_service_info(SERVICE_TYPE, name, int(WAIT_S * 1_000))
        assert info is not None
        return info

    def close(self) -> None:
        self._browser.cancel()
        self._zeroconf.close()


@pytest.fixture
def network() -> Iterator[Network]:
    try:
        network = Network()
    except OSError as error:
        pytest.skip(f"no multicast here: {error}")
    yield network
    network.close()


@pytest.fixture
def node_id() -> str:
    """Return one that no other test announces meanwhile."""
    return f"!{secrets.token_hex(4)}"


Announcer = Callable[..., MdnsAnnouncement]


@pytest.fixture
def announcement() -> Iterator[Announcer]:
    made: list[MdnsAnnouncement] = []

    def make(
        settings: ShareSettings = OPEN, addresses: Callable[[], list[str]] = lambda: [HERE]
    ) -> MdnsAnnouncement:
        made.append(MdnsAnnouncement(settings, addresses=addresses, look_s=0.05))
        return made[-1]

    yield make
    for one in made:
        one.stop(WAIT_S)


def mdns_threads() -> set[str]:
    return {thread.name for thread in threading.enumerate() if "mdns" in thread.name}


def test_it_is_found_as_a_node_is(
    network: Network, announcement: Announcer, node_id: str, journal: Journal
) -> None:
    announcement().announce("Rlai", node_id, "heltec-v3", 4500)
    info = network.info(network.wait_for("come", node_id))
    assert info.type == "_meshtastic._tcp.local."
    assert info.port == 4500
    assert info.parsed_addresses() == [HERE]
    # Word for word what initWifi() in the firmware's WiFiAPClient.cpp adds.
    assert info.properties == {
        b"shortname": b"Rlai",
        b"id": node_id.encode(),
        b"pio_env": b"heltec-v3",
    }
    assert f"« MeshBot {node_id} », port 4500 de {HERE}" in journal.wait_for("annoncé sur le")


def test_it_takes_neither_the_name_nor_the_host_of_a_node(
    network: Network, announcement: Announcer, node_id: str
) -> None:
    """A node says ``MDNS.begin("Meshtastic")``: its instance and its host are called so."""
    announcement().announce("Rlai", node_id, "heltec-v3", 4500)
    info = network.info(network.wait_for("come", node_id))
    assert info.name == f"MeshBot {node_id}.{SERVICE_TYPE}"
    assert info.server == f"meshbot-{node_id[1:]}.local."


def test_a_second_one_of_the_same_node_gets_another_name(
    network: Network, announcement: Announcer, node_id: str
) -> None:
    announcement().announce("Rlai", node_id, "heltec-v3", 4500)
    first = network.wait_for("come", node_id)
    announcement().announce("Rlai", node_id, "heltec-v3", 4501)
    second = network.wait_for("come", node_id)
    assert first != second
    assert {network.info(first).port, network.info(second).port} == {4500, 4501}


def test_a_node_that_changed_is_announced_again(
    network: Network, announcement: Announcer, node_id: str
) -> None:
    announced = announcement()
    announced.announce("Rlai", node_id, "heltec-v3", 4500)
    network.wait_for("come", node_id)
    announced.announce("New", node_id, "tbeam", 4501)
    network.wait_for("gone", node_id)
    info = network.info(network.wait_for("come", node_id))
    assert (info.port, info.properties[b"shortname"]) == (4501, b"New")


def test_other_addresses_are_announced(
    network: Network, announcement: Announcer, node_id: str, journal: Journal
) -> None:
    places: list[str] = []
    announcement(addresses=lambda: list(places)).announce("Rlai", node_id, "tbeam", 4500)
    places.append(HERE)  # a network came
    network.wait_for("come", node_id)
    assert journal.wait_for("annoncé sur le")
    places.clear()  # and went
    network.wait_for("gone", node_id)


def test_it_is_taken_back_at_the_end(
    network: Network, announcement: Announcer, node_id: str, journal: Journal
) -> None:
    announced = announcement()
    announced.announce("Rlai", node_id, "tbeam", 4500)
    network.wait_for("come", node_id)
    assert journal.wait_for("annoncé sur le")
    assert "share-mdns" in mdns_threads()
    assert "share-mdns-loop" in mdns_threads()
    assert announced.close()
    network.wait_for("gone", node_id)
    assert not mdns_threads()
    announced.announce("Rlai", node_id, "tbeam", 4500)  # too late
    assert announced.close()
    assert not mdns_threads()


def test_its_end_waits_for_nothing_that_is_under_way(announcement: Announcer, node_id: str) -> None:
    asked, announced = threading.Event(), None

    def addresses() -> list[str]:
        asked.set()
        return [HERE]

    announced = announcement(addresses=addresses)
    announced.announce("Rlai", node_id, "tbeam", 4500)
    assert asked.wait(WAIT_S)
    begun_s = time.monotonic()
    assert announced.stop(WAIT_S)
    assert time.monotonic() - begun_s < CLOSE_S + LATE_S
    assert not mdns_threads()


@pytest.mark.parametrize(
    "settings",
    [
        *(replace(OPEN, address=address) for address in ("127.0.0.1", "::1", "localhost")),
        *(replace(OPEN, mdns=False), replace(OPEN, port=0)),
    ],
    ids=lambda settings: f"{settings.address}-{settings.port}-{settings.mdns}",
)
def test_who_is_not_to_be_found_starts_nothing(
    announcement: Announcer, settings: ShareSettings
) -> None:
    announced = announcement(settings)
    announced.announce("Rlai", "!a1b2c3d4", "tbeam", 4500)
    assert not mdns_threads()
    assert announced.close()


def test_what_cannot_be_announced_is_said_once_and_tried_again(
    network: Network, announcement: Announcer, node_id: str, journal: Journal
) -> None:
    tries = queue.Queue[str]()
    place = UNREACHABLE

    def addresses() -> list[str]:
        tries.put(place)
        return [place]

    announcement(addresses=addresses).announce("Rlai", node_id, "tbeam", 4500)
    for _ in range(5):
        assert tries.get(timeout=WAIT_S) == UNREACHABLE
    assert journal.count("non annoncé sur le réseau (mDNS)") == 1
    assert journal.count(f"cette machine n'a pas l'adresse {UNREACHABLE}") == 1
    assert journal.count("Traceback") == 0
    place = HERE
    network.wait_for("come", node_id)


def test_addresses_that_cannot_be_found_out_are_said_once(
    network: Network, announcement: Announcer, node_id: str, journal: Journal
) -> None:
    tries = queue.Queue[str]()

    def addresses() -> list[str]:
        tries.put("")
        raise OSError(-2, "Name or service not known")

    announcement(addresses=addresses).announce("Rlai", node_id, "tbeam", 4500)
    for _ in range(3):
        tries.get(timeout=WAIT_S)
    assert journal.count("non annoncé sur le réseau (mDNS)") == 1
    assert journal.count("Name or service not known") == 1


def test_the_addresses_are_those_that_others_reach() -> None:
    everywhere = addresses_to_find("::")
    assert set(addresses_to_find("0.0.0.0")) == {one for one in everywhere if ":" not in one}
    assert not [one for one in everywhere if one.startswith(("127.", "fe80", "::1"))]
    assert addresses_to_find("192.0.2.7") == ["192.0.2.7"]
    assert addresses_to_find("localhost") == []


def test_a_bot_that_tells_nobody_does_without_the_library() -> None:
    code = (
        "import sys, meshbot.sharing.mdns_announcement; "
        "sys.exit(bool({'zeroconf', 'ifaddr'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=PROGRAM_S)
