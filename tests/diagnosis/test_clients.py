"""Who used the shared node, as the events tell it, and that it changes nothing in the rest."""

import json
import random
from dataclasses import replace

import pytest

from meshbot.diagnosis.client_text import MOST_HOSTS, client_texts
from meshbot.diagnosis.history_builder import history_of
from meshbot.diagnosis.host_use import HostUse
from meshbot.diagnosis.journal_lines import told_by
from meshbot.diagnosis.link_diagnosis import diagnose
from meshbot.diagnosis.report_json import json_report
from meshbot.diagnosis.report_page import html_report
from meshbot.diagnosis.report_text import text_report
from meshbot.model.client_refusals import MOST_KINDS, ClientRefusals
from meshbot.model.client_use import ClientUse
from meshbot.model.link_event import EventKind, LinkEvent
from tests.diagnosis.made import DAY_S, HOUR_S, NOON_S
from tests.diagnosis.sample_weeks import sample_events
from tests.sharing.told import Told, client

pytestmark = pytest.mark.slow

K = EventKind
PHONE, HOME = "192.168.1.20", "192.168.1.30"


def there(
    at_s: float, number: int, since_s: float, packets: int = 0, host: str = PHONE
) -> LinkEvent:
    use = ClientUse(host, packets, (number,))
    return LinkEvent(K.CLIENT_THERE, NOON_S + at_s, seconds=since_s, count=1, text=use.as_json())


def left(
    at_s: float, seconds: float, packets: int = 0, *numbers: int, count: int = 1, ago_s: float = 0
) -> LinkEvent:
    use = ClientUse(PHONE, packets, numbers, ago_s)
    return LinkEvent(K.CLIENT_LEFT, NOON_S + at_s, seconds=seconds, count=count, text=use.as_json())


def refused(at_s: float, host: str = PHONE, kinds: dict[str, int] | None = None) -> LinkEvent:
    refusals = ClientRefusals(host, kinds or {"admin": 1})
    return LinkEvent(K.CLIENT_REFUSED, NOON_S + at_s, count=refusals.count, text=refusals.as_json())


def started(at_s: float = 0.0, **settings: object) -> LinkEvent:
    return LinkEvent(K.STARTED, NOON_S + at_s, text=json.dumps(settings))


def alive(at_s: float) -> LinkEvent:
    return LinkEvent(K.ALIVE, NOON_S + at_s)


def uses(*events: LinkEvent, since_s: float = 0.0) -> list[HostUse]:
    return history_of(events, NOON_S + since_s).clients


# -- What the events amount to -------------------------------------------------------------------


def test_one_who_came_and_left_is_counted_once() -> None:
    assert uses(
        started(), there(10, 1, 10), there(3_610, 1, 3_610, 4), left(4_000, 4_000, 5, 1)
    ) == [HostUse(PHONE, 1, 0, None, 4_000, 5, {}, NOON_S, NOON_S + 4_000)]


def test_one_who_is_still_there_lasts_until_the_end() -> None:
    assert uses(started(), there(10, 1, 10), there(3_610, 1, 3_610, 4), alive(7_200)) == [
        HostUse(PHONE, 1, 1, NOON_S, 7_200, 4, {}, NOON_S, NOON_S + 7_200)
    ]


def test_short_visits_are_added_up_with_when_the_last_ended() -> None:
    (use,) = uses(started(), left(1_000, 12, 3, count=3, ago_s=400), refused(1_001))
    assert (use.connections, use.seconds, use.packets, use.last_s) == (3, 12, 3, NOON_S + 600)
    assert (use.refused, use.refusals) == ({"admin": 1}, 1)


def test_those_of_a_run_that_ended_without_a_word_ended_with_it() -> None:
    events = [started(), there(10, 1, 10), alive(900), started(1_000), there(2_000, 1, 10, 7)]
    assert uses(*events, alive(2_100)) == [
        HostUse(PHONE, 2, 1, NOON_S + 1_990, 1_000 + 110, 7, {}, NOON_S, NOON_S + 2_100)
    ]


def test_an_end_noted_after_the_bot_said_that_it_stops_counts_once() -> None:
    stop = LinkEvent(K.STOPPED, NOON_S + 500)
    events = [started(), there(10, 1, 10), stop, left(501, 500, 2, 1)]
    assert uses(*events) == uses(*events, started(600))
    (use,) = uses(*events)
    assert (use.connections, use.there, use.seconds, use.packets) == (1, 0, 500, 2)


def test_nobody_is_there_any_more_when_the_bot_has_stopped() -> None:
    (use,) = uses(started(), there(10, 1, 10), LinkEvent(K.STOPPED, NOON_S + 500))
    assert (use.there, use.seconds, use.last_s) == (0, 500, NOON_S + 500)


def test_what_ended_before_the_time_that_is_judged_is_left_out() -> None:
    events = [
        started(),
        there(10, 1, 10),
        there(20, 2, 10, host=HOME),
        refused(30),
        left(100, 100, 5, 1),
        alive(HOUR_S),
        alive(2 * HOUR_S),
    ]
    assert [use.host for use in uses(*events, since_s=HOUR_S)] == [HOME]


def test_one_whom_nothing_is_known_of_since_long_ago_is_left_out() -> None:
    assert uses(started(), there(10, 1, 10), since_s=HOUR_S) == []


def test_those_who_were_there_longest_come_first_and_who_found_no_place_last() -> None:
    events = [started(), refused(5, "10.0.0.9", {"no room": 4}), there(10, 1, 10), alive(20)]
    found = uses(*events, there(3_000, 2, 10, host=HOME), alive(4_000))
    assert [use.host for use in found] == [PHONE, HOME, "10.0.0.9"]
    assert (found[2].connections, found[2].first_s) == (0, None)


@pytest.mark.parametrize("kind", [K.CLIENT_THERE, K.CLIENT_LEFT, K.CLIENT_REFUSED])
@pytest.mark.parametrize("text", ["", "[]", '{"host": "‹\\n<script>"}', '{"numbers": [[]]}'])
def test_an_event_of_a_damaged_file_does_no_harm(kind: EventKind, text: str) -> None:
    history = history_of([started(), LinkEvent(kind, NOON_S + 5, text=text), alive(10)])
    assert {use.host for use in history.clients} <= {""}
    diagnosis = diagnose(history)
    assert "script>" not in text_report(history, diagnosis)


def test_what_the_narrator_notes_is_what_is_read(caplog: pytest.LogCaptureFixture) -> None:
    told = Told(caplog)
    for second in range(7_200):
        told.clock.now_s = float(second)
        told.narrator.look([client(1, f"{HOME}:1", second, packets=second // 1_000)])
        if second % 60 == 0:
            told.narrator.client_left(client(2, f"{PHONE}:2", 4.0, packets=1), "fin")
            told.narrator.refused(f"{PHONE}:2", "refusé", "admin")
    told.narrator.client_left(client(1, f"{HOME}:1", 7_200, packets=7), "fin")
    told.narrator.stopped()
    home, phone = history_of(
        [LinkEvent(K.STARTED, told.notes.events[0].wall_s), *told.notes.events]
    ).clients
    assert (home.host, home.connections, home.seconds, home.packets) == (HOME, 1, 7_200, 7)
    assert (phone.host, phone.connections, phone.seconds, phone.packets) == (PHONE, 120, 480, 120)
    assert phone.refused == {"admin": 120}
    assert home.last_s is not None
    assert phone.last_s is not None
    assert home.last_s - phone.last_s == pytest.approx(59, abs=1.5)


# -- The rest of the report ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["rival, back at once", "reboots", "sync 0.5, hang"])
def test_clients_change_nothing_in_the_judgement(name: str) -> None:
    events, chance, mixed = sample_events(name), random.Random(7), []
    of_clients = (there(0, 1, 5), left(0, 5), refused(0))
    for event in events:
        mixed.append(event)
        for told in chance.sample(of_clients, chance.randrange(3)):
            mixed.append(replace(told, wall_s=event.wall_s, mono_s=event.mono_s, run=event.run))
    assert len(mixed) > 1.5 * len(events)
    without, with_clients = history_of(events), history_of(mixed)
    assert with_clients.clients
    assert not without.clients
    told = json.loads(json_report(with_clients, diagnose(with_clients)))
    assert len(told.pop("clients")) == 1
    assert told == json.loads(json_report(without, diagnose(without)))


def busy_node(hosts: int = 2) -> list[LinkEvent]:
    events = [started(SHARE_PORT=4404, SHARE_ADDRESS="0.0.0.0")]
    events += [there(100 + n, n + 1, 10, n, f"192.168.1.{20 + n}") for n in range(hosts)]
    return [
        *events,
        refused(3_000, PHONE, {"admin": 12, "no room": 3, "zz": 2, "other": 1}),
        alive(DAY_S),
    ]


def test_the_text_names_them() -> None:
    history = history_of(busy_node())
    history.in_utc = True
    lines = text_report(history, diagnose(history)).splitlines()
    at = lines.index("Clients du nœud partagé")
    assert lines[at + 1 : at + 3] == [
        "  – 192.168.1.20 : connecté depuis le 22/09/2026 12:01:30, 23 h 58 "
        "min en tout, 0 paquet, refusé : 12 × admin, 3 × place "
        "prise (SHARE_MAX_CLIENTS), 2 × zz, 1 × autre chose",
        "  – 192.168.1.21 : connecté depuis le 22/09/2026 12:01:31, 23 h 58 min en tout, 1 paquet",
    ]


@pytest.mark.parametrize(
    ("events", "said"),
    [
        (
            [left(1_000, 12, 3, count=3, ago_s=400)],
            "3 connexions du 22/09/2026 12:09:56 au 22/09/2026 12:10:00, 12 s en tout, 3 paquets",
        ),
        (
            [left(1_000, 60, 3, count=3), there(2_000, 1, 30), there(2_000, 2, 10)],
            "connecté depuis le 22/09/2026 12:32:50, 5 connexions depuis le 22/09/2026 12:16:20, "
            "2 min en tout, 3 paquets",
        ),
        (
            [refused(5, PHONE, {"no room": 4})],
            "aucune connexion, refusé : 4 × place prise (SHARE_MAX_CLIENTS)",
        ),
    ],
)
def test_what_is_said_of_a_host(events: list[LinkEvent], said: str) -> None:
    history = history_of([started(), *events, alive(2_020)])
    history.in_utc = True
    assert client_texts(history) == [f"{PHONE} : {said}"]


def test_more_of_them_than_a_reader_wants_are_counted() -> None:
    texts = client_texts(history_of(busy_node(40)))
    assert len(texts) == MOST_HOSTS + 1
    assert texts[-1].startswith("28 autres adresses : ")
    assert max(map(len, texts)) < 300


def test_the_page_and_the_programs_are_told_the_same() -> None:
    history = history_of(busy_node())
    diagnosis = diagnose(history)
    page = html_report(history, diagnosis)
    assert "Clients du nœud partagé" in page
    assert "192.168.1.21" in page
    phone = json.loads(json_report(history, diagnosis))["clients"][0]
    assert phone == {
        "host": PHONE,
        "connections": 1,
        "connected": 1,
        "seconds": DAY_S - 90,
        "packets": 0,
        "refused": {"admin": 12, "no room": 3, "zz": 2, "other": 1},
        "from": NOON_S + 90,
        "to": NOON_S + DAY_S,
    }


def test_nothing_is_said_where_nobody_came() -> None:
    history = history_of([started(SHARE_PORT=4404, SHARE_ADDRESS="0.0.0.0"), alive(DAY_S)])
    diagnosis = diagnose(history)
    assert "Clients" not in text_report(history, diagnosis)
    assert "Clients" not in html_report(history, diagnosis)
    assert "clients" not in json.loads(json_report(history, diagnosis))


# -- Another client takes the connection -----------------------------------------------------------


def advice(events: list[LinkEvent], **settings: object) -> str:
    start = next(event for event in events if event.kind is K.STARTED)
    at = events.index(start)
    told = json.dumps({**json.loads(start.text or "{}"), **settings})
    changed = LinkEvent(K.STARTED, start.wall_s, start.mono_s, start.run, text=told)
    diagnosis = diagnose(history_of([*events[:at], changed, *events[at + 1 :]]))
    assert diagnosis.verdict.name in (
        "another client takes the connection",
        "a client with a fixed interval",
    )
    return "\n".join(diagnosis.advice)


@pytest.mark.parametrize("name", ["rival, back at once", "client every 10 min"])
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "Ou laisser ce bot partager le nœud : SHARE_PORT = 4403 dans config.py"),
        ({"SHARE_PORT": 0, "SHARE_ADDRESS": "127.0.0.1"}, "Ou laisser ce bot partager le nœud"),
        ({"SHARE_PORT": "x", "SHARE_ADDRESS": []}, "Ou laisser ce bot partager le nœud"),
        ({"SHARE_PORT": 4404, "SHARE_ADDRESS": "127.0.0.1"}, "sur 127.0.0.1:4404 : y connecter"),
        ({"SHARE_PORT": 4404, "SHARE_ADDRESS": "::"}, "l'adresse de la machine du bot, port 4404"),
        ({"SHARE_PORT": 4404, "SHARE_ADDRESS": "fd00::5"}, "cet autre client [fd00::5]:4404 au"),
        ({"SHARE_PORT": 4404, "SHARE_ADDRESS": "192.168.1.5"}, "client 192.168.1.5:4404 au lieu"),
    ],
)
def test_another_client_is_shown_the_way_to_the_bots_port(
    name: str, settings: dict[str, object], said: str
) -> None:
    text = advice(sample_events(name), **settings)
    assert said in text
    assert "docs/sharing.md" in text


def test_a_share_that_was_ended_is_offered_again() -> None:
    shared, ended = started(SHARE_PORT=4404, SHARE_ADDRESS="::"), started(10, TCP_SYNC_TRIAL=False)
    assert history_of([shared]).share.port == 4404
    assert history_of([shared, ended]).share.port == 0


# -- Text journals -------------------------------------------------------------------------------


def test_lines_about_clients_tell_nothing_of_the_link(caplog: pytest.LogCaptureFixture) -> None:
    told = Told(caplog)
    told.narrator.listening("0.0.0.0:4404", True)
    told.narrator.not_listening("0.0.0.0:4404", OSError("MeshBot 1 : Liaison TCP perdue"))
    told.narrator.client_came(f"{PHONE}:1")
    for why in ("reconnexion TCP", "après : reconnexion", "SYNC COMPLETE: 4", "Bot arrêté"):
        told.narrator.client_left(client(1, f"{PHONE}:1"), why, dropped=True)
        told.narrator.refused(f"{PHONE}:1", why, why)
    told.narrator.no_room(f"{PHONE}:1", 8)
    assert len(told.lines) == 13
    assert [line for line in told.lines if told_by(line) is not None] == []


def test_kinds_are_bounded_in_a_report_too() -> None:
    many = json.dumps({"host": PHONE, "kinds": {f"kind {number}": 1 for number in range(1_000)}})
    (use,) = uses(started(), LinkEvent(K.CLIENT_REFUSED, NOON_S + 5, text=many), alive(10))
    assert len(use.refused) <= MOST_KINDS + 1
