"""From a connection to what ``check`` and the report say of it."""

import json
import queue
import socket
import threading
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest
from meshtastic.protobuf import mesh_pb2

from meshbot.cli.check_command import CheckCommand
from meshbot.cli.report_command import ReportCommand
from meshbot.diagnosis.link_journal import LinkJournal
from meshbot.link.frame_decoder import encode_frame
from meshbot.model.link_event import EventKind
from meshbot.service.site_settings import SiteSettings
from meshbot.sharing import client_ledger
from meshbot.sharing.client_server import ClientServer
from meshbot.sharing.share_narrator import ShareNarrator
from meshbot.sharing.share_settings import ShareSettings
from meshbot.store.database import Database
from meshbot.store.instance_lock import InstanceLock
from meshbot.store.link_event_store import LinkEventStore
from tests.support.limits import WAIT_S
from tests.support.unused_port import unused_port

pytestmark = pytest.mark.slow


class AwaitedJournal(LinkJournal):
    """Lets a test wait for an event."""

    def __init__(self, storage: LinkEventStore) -> None:
        super().__init__(storage, on_vanished=print)
        self._kinds: queue.SimpleQueue[EventKind] = queue.SimpleQueue()

    def note(self, kind: EventKind, **told: Any) -> None:
        super().note(kind, **told)
        self._kinds.put(kind)

    def wait_for(self, kind: EventKind) -> None:
        while self._kinds.get(timeout=WAIT_S) is not kind:
            pass


class AwaitedNarrator(ShareNarrator):
    """Lets a test wait until the port is open."""

    def __init__(self, notes: LinkJournal) -> None:
        super().__init__(notes)
        self.open = threading.Event()

    def listening(self, where: str, open_to_network: bool) -> None:
        super().listening(where, open_to_network)
        self.open.set()


class CountingDesk:
    """Takes each frame for a packet, refuses those with an id, and tells the narrator of all."""

    def __init__(self, narrator: ShareNarrator) -> None:
        self.server: ClientServer
        self._narrator = narrator

    def client_came(self, client: int, host: str) -> None:
        pass

    def client_gone(self, client: int) -> None:
        pass

    def frame_came(self, client: int, message: mesh_pb2.ToRadio) -> None:
        if message.want_config_id:
            self.server.count_refused(client)
            self._narrator.refused("127.0.0.1", "les réglages", "settings")
        else:
            self.server.count_packet(client)
        self.server.send(client, b"told")

    def tick(self) -> None:
        self._narrator.look(self.server.clients())


class Bench:
    """What of a bot has to do with the record of its clients."""

    def __init__(self, folder: Path) -> None:
        self.site = SiteSettings(
            connection_mode="simulated",
            tcp_host="127.0.0.1",
            tcp_port=unused_port(),
            serial_port=None,
            database_path=folder / "bot.db",
            log_level="INFO",
            answer_channels=(),
            admin_nodes={},
            require_pki=False,
            share=ShareSettings(port=unused_port(), max_clients=1),
        )
        self._lock = InstanceLock(self.site.database_path)
        self._lock.acquire()
        self._database = Database(self.site.database_path, simulated=True)
        self._database.open()
        self.journal = AwaitedJournal(LinkEventStore(self._database))
        self.journal.start({"SHARE_PORT": self.site.share.port, "SHARE_ADDRESS": "127.0.0.1"})
        self.narrator = AwaitedNarrator(self.journal)
        desk = CountingDesk(self.narrator)
        self.server = desk.server = ClientServer(self.site.share, desk, self.narrator)
        self.server.start()
        assert self.narrator.open.wait(WAIT_S)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.site.share.port), WAIT_S)

    def check(self) -> list[str]:
        """Return what check says of the share."""
        self.journal.flush()
        written: list[str] = []
        CheckCommand(self.site, write=written.append).run()
        lines = "".join(written).splitlines()
        return [line for line in lines if "partage" in line or "client" in line]

    def stop(self) -> None:
        """Stop as the bot does."""
        assert self.server.stop(WAIT_S)
        self.narrator.stopped()
        self.journal.note(EventKind.STOPPED)
        self.journal.flush()
        self._database.close()
        self._lock.release()


def say(client: socket.socket, message: mesh_pb2.ToRadio) -> None:
    """Say something and hear the answer."""
    client.sendall(encode_frame(message.SerializeToString()))
    assert client.recv(100)


def report(site: SiteSettings, *, as_json: bool = False) -> str:
    written: list[str] = []
    command = ReportCommand(site.database_path, simulated=True, write=written.append)
    command.run(Namespace(since=None, journal=None, files=[], html=None, json=as_json))
    return "".join(written)


def test_who_is_connected_is_told_by_check_and_later_by_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_ledger, "STAYS_S", 0.0)
    bench = Bench(tmp_path)
    try:
        port = bench.site.share.port
        with bench.connect() as client:
            say(client, mesh_pb2.ToRadio(packet=mesh_pb2.MeshPacket(id=5)))
            say(client, mesh_pb2.ToRadio(want_config_id=69420))
            bench.journal.wait_for(EventKind.CLIENT_THERE)
            bench.journal.wait_for(EventKind.CLIENT_REFUSED)
            with bench.connect():  # there is one place
                bench.journal.wait_for(EventKind.CLIENT_REFUSED)
            shared, there, week = bench.check()
            assert shared.startswith(f"✅ partage du nœud sur 127.0.0.1:{port} : port pris, par le")
            assert there.startswith("✅ client 127.0.0.1 : connecté depuis ")
            assert week.startswith("✅ clients en 7 jours : 1 adresse, 1 connexion, ")
        bench.journal.wait_for(EventKind.CLIENT_LEFT)
    finally:
        bench.stop()
    (told,) = json.loads(report(bench.site, as_json=True))["clients"]
    assert told["host"] == "127.0.0.1"
    assert (told["connections"], told["connected"], told["packets"]) == (1, 0, 1)
    assert told["refused"] == {"settings": 1, "no room": 1}
    assert "  – 127.0.0.1 : 1 connexion du " in report(bench.site)
