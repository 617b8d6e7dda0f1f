"""Question 3: eight clients on the one link."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from meshtastic.protobuf import mesh_pb2

from meshbot.simulation import packets
from tests.long_runs.scale.measured import Table, number
from tests.long_runs.scale.shared_bot import SharedBot
from tests.support.raw_client import BROADCAST, RawClient

CLIENTS = 8
SIZES = (250, 5_000)
USUAL_NODES = 250
TRAFFIC_EVERY_S = 2.5
HEARTBEATS, HEARTBEAT_S = 2, 30.0
TYPED, EAGER = 2, 16
SENT_S = 180.0
UNREAD_AT_ONCE = 500
LAST_TEXT = "that was all"


def downloads() -> Table:
    """Have all clients download the configuration at once, and another one ask meanwhile."""
    table = Table(
        "scale: downloads",
        (
            "at once",
            "complete, s",
            "processor, s",
            "memory, MB",
            "another waits, s",
            "of the node, B",
        ),
    )
    for nodes in SIZES:
        for count in (1, CLIENTS):
            with SharedBot(nodes, CLIENTS + 1) as bot:
                table.add(f"{count} of {nodes:,} nodes", *_download(bot, count))
    return table


def _download(bot: SharedBot, count: int) -> list[str]:
    another = bot.client()
    another.ask(69420)
    clients = [bot.client() for _ in range(count)]
    before_s, node_bytes = bot.cost.cpu_s(), bot.node.bytes_sent
    longest_s = 0.0
    with ThreadPoolExecutor(count) as pool:
        asked = [pool.submit(_seconds_of, client) for client in clients]
        while not all(one.done() for one in asked):
            began_s = time.monotonic()
            another.settle()
            longest_s = max(longest_s, time.monotonic() - began_s)
        slowest_s = max(one.result() for one in asked)
    return [
        number(slowest_s),
        number(bot.cost.cpu_s() - before_s),
        number(bot.cost.peak_mb()),
        number(longest_s),
        f"{bot.node.bytes_sent - node_bytes:,}",
    ]


def _seconds_of(client: RawClient) -> float:
    began_s = time.monotonic()
    client.ask(1)
    return time.monotonic() - began_s


def steady() -> Table:
    """Have clients listen to a mesh on which something is heard every 2.5 s."""
    minutes = HEARTBEATS * HEARTBEAT_S / 60
    table = Table(
        "scale: steady",
        (
            "clients",
            "processor, ms/min",
            "memory, MB",
            "to the node, B/min",
            "from it, B/min",
            "to each, B/min",
        ),
    )
    for count in (0, 1, CLIENTS):
        with SharedBot(USUAL_NODES, CLIENTS) as bot:
            clients = bot.clients(count)
            bot.node.start_traffic(TRAFFIC_EVERY_S)
            told = [len(client.payloads) for client in clients]
            before = (bot.cost.cpu_s(), bot.node.bytes_received, bot.node.bytes_sent)
            for _ in range(HEARTBEATS):
                threading.Event().wait(HEARTBEAT_S)
                for client in clients:
                    client.settle()
            after = (bot.cost.cpu_s(), bot.node.bytes_received, bot.node.bytes_sent)
            cpu_s, sent, received = (b - a for a, b in zip(before, after, strict=True))
            heard = [
                sum(map(len, client.payloads[begin:]))
                for client, begin in zip(clients, told, strict=True)
            ]
            table.add(
                str(count),
                number(cpu_s / minutes * 1e3),
                number(bot.cost.resident_mb()),
                f"{sent / minutes:,.0f}",
                f"{received / minutes:,.0f}",
                f"{max(heard, default=0) / minutes:,.0f}" if count else "",
            )
    return table


def typing() -> Table:
    """Have one client send many texts at once and the others two each."""
    table = Table("scale: typing", (f"{CLIENTS} who type at one moment", "on the air after, s"))
    with SharedBot(USUAL_NODES, CLIENTS) as bot:
        eager, *others = bot.clients(CLIENTS)
        began_s = time.monotonic()
        wanted = [_type(eager, f"eager {n}") for n in range(EAGER)]
        wanted += [_type(one, f"{n} of {i}") for n in range(TYPED) for i, one in enumerate(others)]
        node = bot.node
        if not node.wait_until(lambda seen: len(seen.texts_on_air) >= len(wanted), SENT_S):
            raise RuntimeError("not all texts went out")
        at_s = {sent.text: sent.at_s - began_s for sent in node.texts_on_air}
    for n in range(TYPED):
        times_s = [at_s[f"{n} of {i}"] for i in range(CLIENTS - 1)]
        what = f"text {n + 1} of each of the {CLIENTS - 1} who send {TYPED}"
        table.add(what, f"{min(times_s):.0f} to {max(times_s):.0f}")
    for n in (0, 1, 2, EAGER - 1):
        table.add(f"text {n + 1} of the one who sends {EAGER}", f"{at_s[f'eager {n}']:.0f}")
    return table


def _type(client: RawClient, text: str) -> str:
    client.text(text, BROADCAST)
    return text


def unread() -> Table:
    """Have one of the clients read nothing; count what it takes until it is let go."""
    table = Table("scale: unread", ("one of eight reads nothing", ""))
    with SharedBot(USUAL_NODES, CLIENTS) as bot, ThreadPoolExecutor(1) as pool:
        *others, sleeper = bot.clients(CLIENTS)
        before_mb, given = bot.cost.resident_mb(), 0
        begins = [len(client.frames) for client in others]
        let_go = pool.submit(bot.program.wait_line, "it does not read")
        while not let_go.done():
            bot.node.hear_all(_heard(bot, UNREAD_AT_ONCE))
            given += UNREAD_AT_ONCE
            _together([client.settle for client in others])
        grown_mb = bot.cost.resident_mb() - before_mb
        bot.node.hear_text(bot.node.peer(0), LAST_TEXT, to=BROADCAST)
        _together([partial(client.wait_text, LAST_TEXT) for client in others])
        missing = [
            given + 1 - _packets(one, begin) for one, begin in zip(others, begins, strict=True)
        ]
        sleeper.wait_closed()
    table.add("packets until it is let go, at most", f"{given:,}")
    table.add("memory more by then, MB", number(grown_mb))
    table.add("packets that one of the others was not given, at most", f"{max(missing):,}")
    return table


def _packets(client: RawClient, begin: int) -> int:
    return sum(frame.HasField("packet") for frame in client.frames[begin:])


def _together(calls: list[Callable[[], object]]) -> None:
    with ThreadPoolExecutor(len(calls)) as pool:
        for done in [pool.submit(call) for call in calls]:
            done.result()


def _heard(bot: SharedBot, count: int) -> list[mesh_pb2.MeshPacket]:
    heard = []
    for number_of_it in range(count):
        peer = bot.node.peer(number_of_it % USUAL_NODES)
        packet = packets.packet_from_peer(
            peer, to=packets.BROADCAST_NUM, packet_id=time.monotonic_ns() & 0xFFFFFFFF or 1
        )
        packet.decoded.CopyFrom(packets.position_data(peer))
        heard.append(packet)
    return heard
