"""``main_bot.py check`` where the node is shared: the port, who is there, what was refused."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from meshbot.cli.check_command import CheckCommand
from meshbot.model.client_refusals import ClientRefusals
from meshbot.model.client_use import ClientUse
from meshbot.model.link_event import EventKind, LinkEvent
from meshbot.service.site_settings import SiteSettings
from meshbot.sharing.share_settings import ShareSettings
from meshbot.store.database import Database
from meshbot.store.instance_lock import InstanceLock
from meshbot.store.link_event_store import LinkEventStore
from tests.support.damages import DAMAGES
from tests.support.unused_port import unused_port

K = EventKind
NOW_S = 1_800_000_000.0
PHONE, HOME = "192.168.1.20", "192.168.1.30"


@pytest.fixture
def site(tmp_path: Path) -> SiteSettings:
    return SiteSettings(
        connection_mode="simulated",
        tcp_host="127.0.0.1",
        tcp_port=unused_port(),
        serial_port=None,
        database_path=tmp_path / "bot.db",
        log_level="INFO",
        answer_channels=(),
        admin_nodes={},
        require_pki=False,
        share=ShareSettings(port=unused_port()),
    )


@pytest.fixture
def hold(site: SiteSettings) -> Iterator[Callable[..., None]]:
    """Hold what a running bot holds."""
    with ExitStack() as held:

        def hold(*, port: bool, database: bool) -> None:
            if port:
                held.enter_context(socket.create_server(("127.0.0.1", site.share.port)))
            if database:
                lock = InstanceLock(site.database_path)
                lock.acquire()
                held.callback(lock.release)

        yield hold


def check(site: SiteSettings) -> list[str]:
    written: list[str] = []
    CheckCommand(site, write=written.append, wall_clock=lambda: NOW_S).run()
    return "".join(written).splitlines()


def said_of_the_share(site: SiteSettings) -> list[str]:
    """Return the lines that follow those about all else."""
    lines = check(site)
    return lines[1 + next(at for at, line in enumerate(lines) if "horloge" in line) :]


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def event(kind: EventKind, ago_s: float, run: int = 1, **told: object) -> LinkEvent:
    return LinkEvent(kind, NOW_S - ago_s, 1e6 - ago_s, run, **told)  # type: ignore[arg-type]


def there(ago_s: float, number: int, since_s: float, packets: int, host: str) -> LinkEvent:
    text = ClientUse(host, packets, (number,)).as_json()
    return event(K.CLIENT_THERE, ago_s, seconds=since_s, count=1, text=text)


EVENTS = [
    event(K.STARTED, 200_000, text="{}"),
    there(7_190, 4, 10, 0, PHONE),
    there(3_590, 4, 3_610, 14, PHONE),
    there(3_000, 5, 60, 2, HOME),
    there(3_000, 6, 30, 0, HOME),
    event(
        K.CLIENT_LEFT,
        2_000,
        count=9,
        seconds=40.0,
        text=ClientUse(PHONE, 9).as_json(),
    ),
    event(
        K.CLIENT_REFUSED,
        1_000,
        count=5,
        text=ClientRefusals(PHONE, {"no room": 3, "dropped": 2}).as_json(),
    ),
]
REFUSED = "refusé : 3 × place prise (SHARE_MAX_CLIENTS), 2 × écarté par le bot"


def record(site: SiteSettings, events: list[LinkEvent], *, simulated: bool = True) -> None:
    database = Database(site.database_path, simulated=simulated)
    database.open()
    LinkEventStore(database).add_link_events(events)
    database.close()


# -- The port --------------------------------------------------------------------------------------


def test_nothing_is_said_where_the_node_is_not_shared(site: SiteSettings) -> None:
    assert said_of_the_share(replace(site, share=ShareSettings())) == []


def test_a_port_that_could_be_opened(site: SiteSettings) -> None:
    port = site.share.port
    assert said_of_the_share(site) == [f"✅ partage du nœud sur 127.0.0.1:{port} : port libre"]


def test_a_port_that_the_running_bot_holds(site: SiteSettings, hold: Callable[..., None]) -> None:
    hold(port=True, database=True)
    assert said_of_the_share(site) == [
        f"✅ partage du nœud sur 127.0.0.1:{site.share.port} : port pris, par le bot en marche"
    ]


def test_a_port_that_another_program_holds(site: SiteSettings, hold: Callable[..., None]) -> None:
    hold(port=True, database=False)
    assert said_of_the_share(site) == [
        f"❌ partage du nœud sur 127.0.0.1:{site.share.port} : un autre programme y écoute déjà → "
        "arrêter ce programme, ou changer SHARE_PORT"
    ]


def test_a_port_that_the_running_bot_does_not_hold(
    site: SiteSettings, hold: Callable[..., None]
) -> None:
    hold(port=False, database=True)
    assert said_of_the_share(site) == [
        f"❌ partage du nœud sur 127.0.0.1:{site.share.port} : le bot en marche n'a pas ouvert ce "
        "port → le redémarrer"
    ]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("192.0.2.1", " : cette machine n'a pas cette adresse → corriger SHARE_ADDRESS"),
        ("x" * 70, " : nom introuvable → corriger SHARE_ADDRESS"),
    ],
)
def test_an_address_that_makes_no_sense_here(address: str, said: str, site: SiteSettings) -> None:
    share = replace(site.share, address=address)
    (line,) = said_of_the_share(replace(site, share=share))
    assert line == f"❌ partage du nœud sur {address}:{share.port}{said}"


def test_nobody_connects_to_a_port_that_is_held(site: SiteSettings) -> None:
    with socket.create_server(("127.0.0.1", site.share.port)) as bot:
        check(site)
        bot.setblocking(False)
        with pytest.raises(BlockingIOError):
            bot.accept()


# -- The clients -----------------------------------------------------------------------------------


def test_who_is_there_and_what_they_sent(site: SiteSettings, hold: Callable[..., None]) -> None:
    record(site, EVENTS)
    hold(port=True, database=True)
    assert said_of_the_share(site)[1:] == [
        f"✅ client {PHONE} : connecté depuis 2 h 0 min, 23 paquets, {REFUSED} en 7 jours",
        f"✅ client {HOME} : connecté (2 fois) depuis 51 min, 2 paquets en 7 jours",
        f"✅ clients en 7 jours : 2 adresses, 12 connexions, 25 paquets, {REFUSED}",
    ]


def test_nobody_is_there_where_no_bot_runs(site: SiteSettings) -> None:
    record(site, EVENTS)
    before = contents(site.database_path.parent)
    assert said_of_the_share(site)[1:] == [
        f"✅ clients en 7 jours : 2 adresses, 12 connexions, 25 paquets, {REFUSED}"
    ]
    assert contents(site.database_path.parent) == before, "nothing is changed"


def test_clients_of_before_the_sharing_ended_are_still_told(site: SiteSettings) -> None:
    record(site, EVENTS)
    (line,) = said_of_the_share(replace(site, share=ShareSettings()))
    assert line.startswith("✅ clients en 7 jours : 2 adresses")


def test_clients_of_last_month_and_of_the_other_mesh_are_not_told(site: SiteSettings) -> None:
    old = [replace(one, wall_s=one.wall_s - 30 * 86_400) for one in EVENTS]
    record(site, old)
    record(site, EVENTS, simulated=False)
    assert len(said_of_the_share(site)) == 1


@pytest.mark.parametrize("name", sorted(DAMAGES.keys() - {"a page"}))
def test_a_damaged_record_costs_no_more_than_itself(name: str, site: SiteSettings) -> None:
    record(site, EVENTS * 200)
    DAMAGES[name](site.database_path)
    assert "port libre" in said_of_the_share(site)[0]
