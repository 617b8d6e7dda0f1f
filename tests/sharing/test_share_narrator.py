"""What the journal and the link's notes are told of clients, and how much at most."""

import errno
import json
import logging
import threading

import pytest

from meshbot.model.client_refusals import MOST_KINDS, ClientRefusals
from meshbot.model.client_use import ClientUse
from meshbot.model.link_event import EventKind
from meshbot.model.link_notes import LinkNotes
from meshbot.sharing.client_ledger import AGAIN_S, EVENT_EACH_S, MOST_EVENTS, STAYS_S, host_of
from meshbot.sharing.share_narrator import MOST_LINES, ShareNarrator
from meshbot.sharing.share_settings import ShareSettings
from meshbot.text.counted_lines import SEARCHED
from tests.sharing.told import Told, client
from tests.support.clock import Clock
from tests.support.limits import WAIT_S

DAY_S = 86_400.0
ADDRESS = "192.168.1.20:51034"


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Told:
    return Told(caplog)


# -- The port ----------------------------------------------------------------------------------


def test_a_port_on_the_loopback_is_said_and_no_more(told: Told) -> None:
    told.narrator.listening("127.0.0.1:4404", False)
    assert told.lines == ["🔗 Nœud partagé sur 127.0.0.1:4404 : les autres clients s'y connectent"]
    assert not told.notes.events


def test_a_port_open_to_a_network_is_said_with_what_that_means(
    told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    told.narrator.listening("0.0.0.0:4404", True)
    assert told.lines[1] == (
        "⚠️ Partage ouvert au réseau : le protocole n'a pas de mot de passe, quiconque atteint "
        "0.0.0.0:4404 lit les messages et en envoie au nom du nœud"
    )
    assert caplog.records[1].levelno == logging.WARNING


def test_what_everybody_may_do_is_in_the_line(caplog: pytest.LogCaptureFixture) -> None:
    settings = ShareSettings(4403, "0.0.0.0", allow_admin=True, private_key=True)
    ShareNarrator(LinkNotes(), settings.grants).listening("0.0.0.0:4403", True)
    assert "SHARE_ALLOW_ADMIN" in caplog.messages[-1]
    assert "SHARE_PRIVATE_KEY" in caplog.messages[-1]


def test_a_port_that_cannot_be_opened_is_said_once_an_hour_and_when_the_reason_changes(
    told: Told,
) -> None:
    taken = OSError(errno.EADDRINUSE, "Address already in use")
    for _ in range(100):
        told.narrator.not_listening("127.0.0.1:4404", taken)
        told.clock.now_s += 30
    assert told.lines == [
        "❌ Nœud non partagé, 127.0.0.1:4404 : un autre programme y écoute déjà (le bot continue, "
        "nouvel essai plus tard)"
    ]
    told.narrator.not_listening("127.0.0.1:4404", OSError(errno.EACCES, "Permission denied"))
    assert len(told.lines) == 2
    told.clock.now_s += AGAIN_S
    told.narrator.not_listening("127.0.0.1:4404", OSError(errno.EACCES, "Permission denied"))
    told.narrator.not_listening("127.0.0.1:4404", OSError("a reason\nwithout number"))
    assert "a reason without number" in told.lines[3]


def test_it_is_said_anew_after_the_port_was_open(told: Told) -> None:
    taken = OSError(errno.EADDRINUSE, "Address already in use")
    for _ in range(2):
        told.narrator.not_listening("127.0.0.1:4404", taken)
        told.narrator.listening("127.0.0.1:4404", False)
    assert len(told.lines) == 4


# -- Clients -----------------------------------------------------------------------------------


def test_a_client_comes_and_leaves(told: Told) -> None:
    told.narrator.client_came(ADDRESS)
    told.narrator.client_left(
        client(connected_s=3 * 3_600 + 125, packets=14, refused=2), "il a fermé"
    )
    assert told.lines == [
        "🔗 Client connecté : 192.168.1.20:51034",
        "🔗 Client parti : 192.168.1.20:51034, après 3 h 2 min, 14 paquets, 2 refusés (il a fermé)",
    ]


def test_one_that_is_dropped_turned_away_or_refused_something_is_said(
    told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    told.narrator.client_left(client(connected_s=5), "il ne lit rien", dropped=True)
    told.narrator.no_room(ADDRESS, 8)
    told.narrator.refused(ADDRESS, "écrire les réglages (SHARE_ALLOW_ADMIN)", "admin")
    told.narrator.not_sent(ADDRESS, "le nœud est absent")
    assert told.lines == [
        "⚠️ Client écarté : 192.168.1.20:51034, après 5 s, 0 paquet (il ne lit rien)",
        "⚠️ Client refusé, 192.168.1.20:51034 : déjà 8 clients (SHARE_MAX_CLIENTS)",
        "⛔ Refusé à 192.168.1.20:51034 : écrire les réglages (SHARE_ALLOW_ADMIN)",
        "⚠️ Paquet de 192.168.1.20:51034 non transmis : le nœud est absent",
    ]
    assert {record.levelno for record in caplog.records} == {logging.WARNING}


def test_no_line_holds_what_operators_count(told: Told) -> None:
    told.narrator.listening("0.0.0.0:4404", True)
    told.narrator.not_listening("0.0.0.0:4404", OSError("reconnexion\n[ERROR] SYNC COMPLETE"))
    told.narrator.client_came(ADDRESS)
    told.narrator.client_left(client(), "Reconnexion TCP réussie")
    told.narrator.refused(ADDRESS, "SILENCE TCP\n", "x")
    assert len(told.lines) == 6
    for line in told.lines:
        assert "\n" not in line
        assert not [word for word in SEARCHED if word.casefold() in line.casefold()]


def test_a_client_that_comes_every_second_does_not_fill_the_journal_nor_hide_another(
    told: Told,
) -> None:
    for _ in range(3_600):
        told.narrator.client_came(ADDRESS)
        told.narrator.client_left(client(connected_s=1), "il a fermé")
        told.clock.now_s += 1
    assert len(told.lines) <= 2 * (MOST_LINES + 60)
    told.narrator.client_came("192.168.1.30:40000")
    assert told.lines[-1].startswith("🔗 Client connecté : 192.168.1.30:40000 (et ")
    told.narrator.client_left(client(2, "192.168.1.30:40000"), "il a fermé")
    assert told.lines[-1].startswith("🔗 Client parti : 192.168.1.30:40000")


def test_made_up_addresses_do_not_fill_the_journal_of_lines_either(told: Told) -> None:
    for number in range(36_000):
        told.narrator.no_room(f"10.{number % 200}.{number // 200}.1:1024", 8)
        told.clock.now_s += 0.1
    assert len(told.lines) <= MOST_LINES + 60 + 1


def test_what_is_not_said_of_one_who_came_is_not_said_when_he_leaves(told: Told) -> None:
    for number in range(1_000):
        told.narrator.client_came(f"10.0.0.{number % 250}:{number}")
    said = len(told.lines)
    assert said <= MOST_LINES
    for number in range(1_000):
        told.narrator.client_left(client(number, f"10.0.0.{number % 250}:{number}"), "fin")
    assert len(told.lines) == 2 * said


# -- Events ------------------------------------------------------------------------------------


def test_one_who_stays_is_noted_once_then_with_what_he_sent_each_hour(told: Told) -> None:
    for second in range(3 * 3_600):
        told.clock.now_s = float(second)
        told.narrator.look([client(7, connected_s=second, packets=second // 4_000)])
    events = told.notes.events
    assert {event.kind for event in events} == {EventKind.CLIENT_THERE}
    uses = [ClientUse.from_json(event.text) for event in events]
    assert uses == [ClientUse("192.168.1.20", packets, (7,)) for packets in (0, 1, 2)]
    assert events[0].seconds == STAYS_S
    told.narrator.client_left(client(7, connected_s=10_800, packets=9), "il a fermé")
    left = told.notes.events[-1]
    assert (left.kind, left.count, left.seconds) == (EventKind.CLIENT_LEFT, 1, 10_800)
    assert ClientUse.from_json(left.text) == ClientUse("192.168.1.20", 9, (7,))


def test_a_short_visit_is_one_event(told: Told) -> None:
    told.narrator.look([client(1, connected_s=3)])
    told.narrator.client_left(client(1, connected_s=4, packets=1), "il a fermé")
    assert told.notes.kinds() == [EventKind.CLIENT_LEFT]
    assert json.loads(told.notes.events[0].text) == {
        "host": "192.168.1.20",
        "packets": 1,
        "numbers": [],
    }


def test_refusals_are_counted_by_kind(told: Told) -> None:
    for _ in range(3_000):
        told.narrator.refused(ADDRESS, "écrire", "admin")
        told.narrator.no_room(ADDRESS, 8)
        told.narrator.look([])
        told.clock.now_s += 1
    told.narrator.stopped()
    refusals = [ClientRefusals.from_json(event.text) for event in told.notes.events]
    total: dict[str, int] = {}
    for one in refusals:
        assert one.host == "192.168.1.20"
        for kind, count in one.kinds.items():
            total[kind] = total.get(kind, 0) + count
    assert total == {"admin": 3_000, "no room": 3_000}
    assert sum(event.count or 0 for event in told.notes.events) == 6_000
    assert len(told.notes.events) < 30


@pytest.mark.slow
def test_whatever_clients_do_there_are_few_events_a_day_and_none_of_it_is_lost(
    told: Told,
) -> None:
    visits = 0
    for second in range(0, int(DAY_S), 7):
        told.clock.now_s = float(second)
        host = f"10.0.{second % 40}.{second % 200}"
        told.narrator.look([client(second, f"{host}:9", connected_s=STAYS_S)])
        told.narrator.refused(f"{host}:9", "refusé", f"kind {second}")
        told.narrator.client_left(client(second, f"{host}:9", connected_s=2, packets=3), "fin")
        visits += 1
    most = MOST_EVENTS + DAY_S / EVENT_EACH_S
    assert len(told.notes.events) <= most
    assert most * 90 < 100_000 / 2, "ninety days of it are less than half of the journal"
    told.narrator.stopped()
    left = [event for event in told.notes.events if event.kind is EventKind.CLIENT_LEFT]
    assert sum(event.count or 0 for event in left) == visits
    assert sum(event.seconds or 0 for event in left) == 2 * visits
    assert sum(ClientUse.from_json(event.text).packets for event in left) == 3 * visits
    assert all(len(event.text) < 1_000 for event in told.notes.events)


def test_one_who_misbehaves_does_not_keep_another_out_of_the_record(told: Told) -> None:
    for second in range(7_200):
        told.clock.now_s = float(second)
        told.narrator.client_left(client(second, connected_s=1), "fin")
        told.narrator.refused(ADDRESS, "refusé", "admin")
        told.narrator.look([])
    before = len(told.notes.events)
    told.narrator.look([client(0, "192.168.1.30:5", connected_s=STAYS_S)])
    assert [ClientUse.from_json(event.text).host for event in told.notes.events[before:]] == [
        "192.168.1.30"
    ]


def test_eight_who_come_at_once_from_one_machine_are_all_noted(told: Told) -> None:
    told.narrator.look(client(number, f"127.0.0.1:{number}") for number in range(1, 9))
    assert told.notes.kinds() == [EventKind.CLIENT_THERE] * 8


def test_an_end_that_waited_tells_how_long(told: Told) -> None:
    for _ in range(2 * MOST_EVENTS):
        told.narrator.client_left(client(connected_s=1), "fin")
    told.clock.now_s += 599
    told.narrator.stopped()
    assert ClientUse.from_json(told.notes.events[-1].text).ago_s == 599


def test_many_threads_lose_nothing(told: Told) -> None:
    def visit(start: int) -> None:
        for number in range(start, start + 500):
            told.narrator.client_came(f"10.0.0.{start}:{number}")
            told.narrator.client_left(client(number, f"10.0.0.{start}:{number}"), "fin")

    threads = [threading.Thread(target=visit, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    told.narrator.stopped()
    assert sum(event.count or 0 for event in told.notes.events) == 2_000


def test_whoever_is_told_may_tell_again() -> None:
    """The lock is not held while lines and events are given."""

    class Asking(LinkNotes):
        def note(self, *told: object, **more: object) -> None:
            narrator.client_came(ADDRESS)
            narrator.look([])

    narrator = ShareNarrator(Asking(), clock=Clock(0.0))
    thread = threading.Thread(target=narrator.client_left, args=(client(), "fin"), daemon=True)
    thread.start()
    thread.join(WAIT_S)
    assert not thread.is_alive()


# -- What an event keeps -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["", "[]", "null", "{", '"x"', "[" * 100_000, '{"host": 3, "packets": "x"}']
)
def test_what_a_damaged_file_holds_is_nothing(text: str) -> None:
    assert ClientUse.from_json(text) == ClientUse("")
    assert ClientRefusals.from_json(text) == ClientRefusals("")


def test_what_is_sound_of_a_damaged_text_is_kept() -> None:
    text = '{"host": "a", "packets": -1, "numbers": [1, "x", true, 0, 5], "ago": 7, "kinds": 5}'
    assert ClientUse.from_json(text) == ClientUse("a", 0, (1, 5), 7.0)
    assert ClientRefusals.from_json('{"host": "a", "kinds": {"x": 2, "y": "z", "w": -1}}') == (
        ClientRefusals("a", {"x": 2})
    )


def test_kinds_beyond_any_measure_are_counted_together() -> None:
    refusals = ClientRefusals("a")
    for number in range(1_000):
        refusals.add(f"kind {number}")
    assert (len(refusals.kinds), refusals.count) == (MOST_KINDS + 1, 1_000)
    assert ClientRefusals.from_json(refusals.as_json()) == refusals


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("192.168.1.20:51034", "192.168.1.20"),
        ("192.168.1.20", "192.168.1.20"),
        ("[fe80::1%eth0]:5", "fe80::1%eth0"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("::1", "::1"),
        ("x", "x"),
    ],
)
def test_the_host_of_an_address(address: str, host: str) -> None:
    assert host_of(address) == host
