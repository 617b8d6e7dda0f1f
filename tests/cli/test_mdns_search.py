"""Nodes are found as they announce themselves, and what strangers announce does no harm.

With real announcements over the loopback interface, which carries multicast to nobody else.
"""

import contextlib
import fcntl
import secrets
import socket
import threading
from collections.abc import Callable, Iterator

import pytest
import zeroconf
from zeroconf._dns import DNSPointer
from zeroconf._protocol.outgoing import DNSOutgoing

from meshbot.cli.found_node import FoundNode
from meshbot.cli.mdns_search import MAX_LABEL_CHARS, MAX_SERVICES, announced_nodes
from meshbot.sharing.mdns_responder import SERVICE_TYPE
from tests.support.limits import WAIT_S

pytestmark = pytest.mark.slow

HERE = "127.0.0.1"
ROUNDS = 5
"""A search may miss what is announced meanwhile by many others on a busy machine."""

Announce = Callable[..., zeroconf.ServiceInfo]


@pytest.fixture(autouse=True)
def alone_on_the_network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Have one of these at a time search, whichever process runs it: one floods the network."""
    with (tmp_path_factory.getbasetemp().parent / "mdns-search.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture
def announce() -> Iterator[Announce]:
    try:
        network = zeroconf.Zeroconf(interfaces=[HERE])
    except OSError as error:
        pytest.skip(f"no multicast here: {error}")

    def announce(
        name: str, *, port: int = 4403, address: str = HERE, **texts: bytes
    ) -> zeroconf.ServiceInfo:
        info = zeroconf.ServiceInfo(
            SERVICE_TYPE,
            f"{name}.{SERVICE_TYPE}",
            port=port,
            properties=texts,
            server=f"node-{secrets.token_hex(4)}.local.",
            addresses=[socket.inet_aton(address)],
        )
        network.register_service(info, cooperating_responders=True)
        return info

    yield announce
    network.close()


def found_by(is_enough: Callable[[list[FoundNode]], bool]) -> list[FoundNode]:
    """Search until that is found, so many times at most."""
    found: list[FoundNode] = []
    for _ in range(ROUNDS):
        found = announced_nodes([HERE])
        if is_enough(found):
            return found
    pytest.fail(f"not found: {found}")


def test_a_node_is_found_with_its_place_and_its_names(announce: Announce) -> None:
    node_id = f"!{secrets.token_hex(4)}"
    announce("Meshtastic " + node_id, port=4500, shortname=b"Toit", id=node_id.encode())
    found = found_by(lambda found: any(node_id in node.label for node in found))
    (node,) = [node for node in found if node_id in node.label]
    assert node.settings == {"CONNECTION_MODE": "tcp", "TCP_HOST": HERE, "TCP_PORT": "4500"}
    assert node.label == f"‹Meshtastic\u00a0{node_id}› ‹Toit› ‹{node_id}›"


def test_names_of_strangers_are_one_short_line_and_no_orders_to_the_terminal(
    announce: Announce,
) -> None:
    mark = secrets.token_hex(4)
    announce(
        f"{mark}\x9b2J\u202efake",
        shortname=b"\x1b]0;title\x07\xff\xfe" + b"x" * 200,
        id=b"\r\n1. Wi-Fi 6.6.6.6",
    )
    found = found_by(lambda found: any(mark in node.label for node in found))
    (node,) = [node for node in found if mark in node.label]
    assert str(node).replace("\u00a0", "").isprintable()
    assert len(node.label) <= 3 * (MAX_LABEL_CHARS + 3)
    assert "›1." not in node.label and " 1." not in node.label


@pytest.mark.parametrize(
    ("port", "address"), [(0, HERE), (4403, "0.0.0.0"), (4403, "224.0.0.1")], ids=str
)
def test_a_place_that_is_none_is_not_offered(port: int, address: str, announce: Announce) -> None:
    mark, other = secrets.token_hex(4), secrets.token_hex(4)
    announce(mark, port=port, address=address)
    announce(other, port=4501)
    found = found_by(lambda found: any(other in node.label for node in found))
    assert not [node for node in found if mark in node.label]


def test_a_thousand_services_cost_no_more_than_a_hundred(announce: Announce) -> None:
    """All in a few packets, as an attacker would do it."""
    stop = threading.Event()

    def flood() -> None:
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(HERE))
        with sender:
            while not stop.is_set():
                for start in range(0, 1_000, 20):
                    out = DNSOutgoing(0x8400)
                    for number in range(start, start + 20):
                        out.add_answer_at_time(pointer(f"flood-{number}"), 0)
                    for packet in out.packets():
                        sender.sendto(packet, ("224.0.0.251", 5353))
                stop.wait(0.05)

    thread = threading.Thread(target=flood, name="flood", daemon=True)
    thread.start()
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        stop.wait(seconds)

    try:
        found = announced_nodes([HERE], search_s=1.0, wait=wait)
    finally:
        stop.set()
        thread.join(WAIT_S)
    assert len(found) <= MAX_SERVICES
    assert waits == [1.0]


def pointer(name: str) -> DNSPointer:
    return DNSPointer(SERVICE_TYPE, 12, 1, 4_500, f"{name}.{SERVICE_TYPE}")


def test_no_thread_and_no_socket_is_left_even_where_it_is_broken_off() -> None:
    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    with contextlib.suppress(OSError), pytest.raises(KeyboardInterrupt):
        announced_nodes([HERE], wait=interrupt)
    # the fixture no_leaks looks


def test_without_a_network_there_is_nothing_to_hear() -> None:
    assert announced_nodes([]) == []
    assert announced_nodes(["203.0.113.1"]) == [], "an address that went away meanwhile"
