"""The physics of simulated weeks: what a node, its radio and its clients do to a connection."""

import itertools
import json
import random
from collections import Counter
from dataclasses import replace

import pytest

from meshbot.model.cause import Cause
from meshbot.model.link_event import EventKind, LinkEvent
from meshbot.model.sync_skip import SyncSkip
from tests.diagnosis.weeks import sync_fault
from tests.diagnosis.weeks.air import Air, Fade
from tests.diagnosis.weeks.clients import Person, Poller, Visitor
from tests.diagnosis.weeks.dial import Dial
from tests.diagnosis.weeks.judged import reader
from tests.diagnosis.weeks.kinds import KINDS
from tests.diagnosis.weeks.making import Recipe
from tests.diagnosis.weeks.node import Boot, Connection, NodeTraits, Reply
from tests.diagnosis.weeks.original_bot import OriginalBot, OriginalTraits
from tests.diagnosis.weeks.site import Site
from tests.diagnosis.weeks.sync_fault import SyncFault
from tests.diagnosis.weeks.this_bot import BotTraits, ThisBot
from tests.diagnosis.weeks.traffic import BUSY, NORMAL, MeshTraits
from tests.diagnosis.weeks.week import DAY_S, Chances, Start, make_site

pytestmark = pytest.mark.slow

K = EventKind
MUTE = MeshTraits(gap_s=1e9, telemetry_s=None)
"""Nothing is ever heard but answers."""
NODE = NodeTraits()
BOOT = Boot(2.0, 3.0)
STEADY = BotTraits(periodic_share=0.0)


def place(
    *fades: Fade, mesh: MeshTraits = MUTE, node: NodeTraits = NODE, seed: str = "place"
) -> Site:
    return make_site(Chances(seed), Start(12.0, DAY_S), fades=fades, node=node, mesh=mesh)


def lived(
    site: Site,
    until_s: float = 3_000.0,
    traits: BotTraits = STEADY,
    fault: SyncFault = sync_fault.INNOCENT,
) -> list[LinkEvent]:
    """Return what the bot noted in that time."""
    bot = ThisBot(site, traits, fault)
    site.agenda.run(until_s)
    return bot.events


def of(kind: EventKind, events: list[LinkEvent]) -> list[LinkEvent]:
    return [event for event in events if event.kind is kind]


def knock(site: Site, timeout_s: float = 10.0) -> tuple[int, object]:
    """Return after how many hundredths an attempt that begins now is over, and how."""
    began_s = site.agenda.now_s
    results: list[tuple[int, object]] = []
    guest = Visitor(site, random.Random(1))

    def done(result: object) -> None:
        results.append((round((site.agenda.now_s - began_s) * 100), result))

    Dial(site, guest, timeout_s, done)
    site.agenda.run(began_s + timeout_s + 1.0)
    (result,) = results
    return result


# -- The node ----------------------------------------------------------------------------------


def test_the_newest_client_wins() -> None:
    site = place()
    first, second = Visitor(site, random.Random(1)), Visitor(site, random.Random(2), "phone")
    assert first.come() and second.come()
    lost = first.place
    site.agenda.run(0.11)
    assert first.place is None and lost is not None
    assert lost.fault == "phone"
    assert second.place is site.node.client


def test_a_crash_is_told_to_nobody_and_learned_from_the_next_bytes() -> None:
    site = place()
    guest = Visitor(site, random.Random(1))
    guest.come()
    connection = guest.place
    assert connection is not None
    assert site.node.receive(connection, firm=False) is Reply.ANSWER
    site.node.crash("crash", BOOT)
    assert site.node.receive(connection, firm=False) is Reply.NOTHING
    site.agenda.run(2.5)
    assert guest.place is connection  # nothing came
    assert site.node.receive(connection, firm=False) is Reply.RESET


def test_an_attempt_meets_what_the_node_is_doing() -> None:
    site = place()
    site.node.crash("crash", Boot(2.0, 50.0))
    assert knock(site, 0.9)[1] is Cause.NO_ANSWER
    site.agenda.run(10.0)
    assert knock(site) == (2, Cause.REFUSED)
    site.agenda.run(60.0)
    lasted, connection = knock(site)
    assert lasted == 2 and isinstance(connection, Connection)


def test_a_host_that_was_long_away_is_reported_as_unreachable() -> None:
    site = place(Fade(0.0, 100.0, "wifi"))
    assert knock(site) == (1_000, Cause.NO_ANSWER)
    site.agenda.run(40.0)
    assert knock(site) == (300, Cause.UNREACHABLE)


def test_a_second_knock_finds_a_node_that_came_back() -> None:
    site = place(Fade(0.0, 2.0, "wifi"))
    lasted, connection = knock(site)
    assert lasted == 302 and isinstance(connection, Connection)


def test_an_old_firmware_acknowledges_heartbeats_only() -> None:
    site = place(node=NodeTraits(answers_heartbeats=False))
    guest = Visitor(site, random.Random(1))
    guest.come()
    assert guest.place is not None
    assert site.node.receive(guest.place, firm=False) is Reply.ACKNOWLEDGED
    assert site.node.receive(guest.place, firm=True) is Reply.ANSWER


def test_each_start_counts() -> None:
    site = place()
    before = site.node.reboots
    site.node.crash("crash", BOOT)
    site.node.reboot("reboot", BOOT)
    assert site.node.reboots == before + 2
    assert site.node.started_s == 0.0


# -- This bot ----------------------------------------------------------------------------------


def test_a_quiet_link_lasts() -> None:
    events = lived(place(), 80_000.0)
    assert {event.kind for event in events} == {
        K.STARTED,
        K.CONNECTED,
        K.NODE,
        K.SYNC_STARTED,
        K.SYNC_COMPLETE,
        K.ALIVE,
    }
    # A question every 30 s, answered at once.
    assert [event.count for event in of(K.ALIVE, events)[1:4]] == [30, 30, 30]


@pytest.mark.parametrize("at_s", [1_003.0, 1_017.0, 1_029.0])
def test_the_rst_of_a_crash_comes_with_the_next_question(at_s: float) -> None:
    site = place()
    site.agenda.at(at_s, lambda: site.node.crash("crash", BOOT))
    (lost,) = of(K.LOST, lived(site))
    assert lost.cause is Cause.RESET
    assert lost.mono_s - at_s <= 30.1
    assert lost.seconds == pytest.approx(30.0, abs=0.5)
    assert [truth.cause for truth in site.truths] == ["crash"]


def test_an_orderly_reboot_is_a_fin_and_refusals_and_a_higher_count() -> None:
    site = place(mesh=NORMAL)
    site.agenda.at(1_000.0, lambda: site.node.reboot("reboot", Boot(0.05, 12.0)))
    events = lived(site)
    (lost,) = of(K.LOST, events)
    assert lost.cause is Cause.FIN and lost.mono_s == pytest.approx(1_000.0, abs=0.11)
    assert {event.cause for event in of(K.NOT_OPENED, events)} == {Cause.REFUSED}
    first, second = of(K.NODE, events)
    assert first.count is not None and second.count == first.count + 1
    (back,) = of(K.RECONNECTED, events)
    assert 15.0 <= back.mono_s - lost.mono_s <= 18.0
    told_s = of(K.UPTIME, events)[-1].seconds
    assert told_s is not None and told_s < 120.0


def test_a_short_fade_is_outlived_and_a_long_one_is_a_silence() -> None:
    assert not of(K.LOST, lived(place(Fade(1_000.0, 1_050.0, "wifi"))))
    site = place(Fade(1_000.0, 1_300.0, "wifi"), mesh=NORMAL)
    events = lived(site)
    (silence,) = of(K.SILENCE, events)
    assert silence.seconds == pytest.approx(120.0, abs=0.5)
    assert silence.mono_s - 120.0 <= 1_000.0
    (lost,) = of(K.LOST, events)
    assert lost.cause is Cause.SILENCE
    assert [event.count for event in of(K.GATEWAY, events)] == [1]
    assert [truth.cause for truth in site.truths] == ["wifi"]


def test_without_power_the_access_point_takes_everything_away() -> None:
    fade = Fade(1_000.0, 1_200.0, "power", others_too=True, machine_off=True)
    events = lived(place(fade))
    assert {event.cause for event in of(K.NOT_OPENED, events)} == {Cause.NETWORK_UNREACHABLE}
    assert [event.count for event in of(K.GATEWAY, events)] == [0]


def test_a_node_that_hangs_takes_connections_and_says_nothing() -> None:
    site = place()
    site.agenda.at(1_000.0, lambda: site.node.hang("hang", 400.0, deaf=False))
    events = lived(site)
    assert [event.cause for event in of(K.LOST, events)] == [Cause.SILENCE]
    assert Cause.STALLED in {event.cause for event in of(K.NOT_OPENED, events)}
    assert of(K.RECONNECTED, events)


def test_a_download_that_breaks_is_told_with_its_nodes_and_not_tried_again() -> None:
    events = lived(place(node=NodeTraits(dump_fails=1.0), seed="1"))
    (lost,) = of(K.LOST, events)
    assert lost.cause is Cause.RESET and lost.count is not None and 1 < lost.count < 87
    assert [event.count for event in of(K.CONNECTED, events)] == [1]


def test_a_sync_that_kills_does_so_each_time() -> None:
    site = place(mesh=NORMAL)
    fault = SyncFault(1.0, sync_fault.crash_back_at_once, (10.0, 10.0))
    events = lived(site, 4_000.0, fault=fault)
    syncs, losses = of(K.SYNC_STARTED, events), of(K.LOST, events)
    assert len(losses) >= 30 and {truth.cause for truth in site.truths} == {"sync"}
    for lost in losses:
        assert any(10.0 <= lost.mono_s - sync.mono_s <= 40.1 for sync in syncs)


def test_a_deferred_sync_looks_at_what_became_of_its_interface() -> None:
    site = place()
    for at_s in (1_000.0, 1_010.0):  # the second while the first one's sync waits
        site.agenda.at(at_s, lambda: site.node.drop_client("drop"))
    site.agenda.at(2_000.0, lambda: site.node.drop_client("drop"))
    site.agenda.at(2_033.0, lambda: site.node.reboot("reboot", Boot(0.1, 60.0)))
    events = lived(site)
    assert [event.text for event in of(K.SYNC_SKIPPED, events)] == [
        SyncSkip.CHANGED,
        SyncSkip.RECONNECTING,
    ]


def test_the_flag_leaves_the_sync_to_the_periodic_one() -> None:
    site = place()
    site.agenda.at(1_000.0, lambda: site.node.drop_client("drop"))
    events = lived(site, traits=replace(STEADY, skips=((0.0, True),)))
    assert [event.text for event in of(K.SYNC_SKIPPED, events)] == [SyncSkip.FLAG]
    assert [event.mono_s for event in of(K.SYNC_STARTED, events)][1:] == [1_200.0]
    started = json.loads(of(K.STARTED, events)[0].text)
    assert started["TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT"] is True


def test_a_poller_takes_the_place_at_its_interval() -> None:
    site = place(mesh=NORMAL)
    Poller(site, random.Random(1)).start(600.0)
    losses = of(K.LOST, lived(site, 10_000.0))
    assert {lost.cause for lost in losses} == {Cause.FIN}
    gaps_s = [b.mono_s - a.mono_s for a, b in itertools.pairwise(losses)]
    assert len(gaps_s) >= 14
    assert all(gap_s == pytest.approx(600.0, abs=0.2) for gap_s in gaps_s)


def test_a_person_comes_back_by_hand_and_loses_patience() -> None:
    site = place(mesh=NORMAL)
    Person(site, random.Random(1), patience=(4, 4)).start([1_000.0])
    losses = of(K.LOST, lived(site, 6_000.0))
    assert len(losses) == 4
    assert all(25.0 <= b.mono_s - a.mono_s <= 160.0 for a, b in itertools.pairwise(losses))


@pytest.mark.parametrize("mesh", [MUTE, NORMAL, MeshTraits(gap_s=900.0), BUSY])
def test_leaping_over_healthy_times_makes_no_difference(mesh: MeshTraits) -> None:
    def noted(*, leaps: bool) -> list[LinkEvent]:
        chances = Chances("leaps")
        fades = [Fade(at_s, at_s + 7.0, "wifi") for at_s in (2_000.0, 9_000.0)]
        fades.append(Fade(12_000.0, 12_400.0, "wifi"))
        site = make_site(chances, Start(12.0, DAY_S), fades=fades, mesh=mesh)
        for at_s in (4_011.0, 20_000.0, 40_021.0):
            site.agenda.at(at_s, lambda: site.node.crash("crash", BOOT))
        return lived(site, 50_000.0, replace(STEADY, leaps=leaps))

    leapt, stepped = noted(leaps=True), noted(leaps=False)
    assert [(event.kind, event.session, event.cause) for event in leapt] == [
        (event.kind, event.session, event.cause) for event in stepped
    ]
    for one, other in zip(leapt, stepped, strict=True):
        assert one.mono_s == pytest.approx(other.mono_s, abs=0.1)  # an answer's way, at most


# -- The original bot --------------------------------------------------------------------------


def test_the_original_takes_a_quiet_mesh_for_a_dead_link() -> None:
    site = place()
    bot = OriginalBot(site, OriginalTraits(periodic_s=None))
    site.agenda.run(280.0)
    lines = [line.split("]: ", 1)[1].rstrip() for line in bot.lines]
    assert lines[4] == "[INFO] ⚠️ SILENCE TCP: 150s sans paquet (max: 120s)"
    assert lines[5].startswith("[INFO] 📊 Session stats: ")
    assert lines[6:12] == [
        "[INFO] 🔄 Forçage reconnexion TCP (silence détecté)...",
        "[INFO] 🔄 Reconnexion TCP #1 à 192.168.1.38:4403...",
        "[INFO] 🔑 Synchronisation clés publiques programmée dans 30s...",
        "[INFO] ✅ Reconnexion TCP réussie (background)",
        "[INFO] 🔑 Démarrage synchronisation clés publiques différée...",
        "[INFO] 🔄 Starting public key synchronization to interface.nodes...",
    ]
    assert [truth.cause for truth in site.truths] == ["quiet"]


def test_the_original_notices_a_crash_by_silence_and_a_fin_at_once() -> None:
    site = place(mesh=BUSY)
    bot = OriginalBot(site, OriginalTraits(periodic_s=None))
    site.agenda.at(1_000.0, lambda: site.node.crash("crash", BOOT))
    site.agenda.at(2_000.0, lambda: site.node.drop_client("drop"))
    site.agenda.run(3_000.0)
    crash, drop = site.truths
    assert 1_118.0 <= crash.at_s <= 1_152.0
    assert drop.at_s == pytest.approx(2_000.0, abs=0.11)
    assert sum("Socket TCP mort" in line for line in bot.lines) == 1


def test_the_original_gives_up_after_three_attempts_and_begins_anew() -> None:
    site = place(Fade(1_000.0, 3_000.0, "wifi"), mesh=BUSY)
    bot = OriginalBot(site, OriginalTraits(periodic_s=None))
    site.agenda.run(5_000.0)
    text = "".join(bot.lines)
    assert "❌ Erreur reconnexion tentative 1: [Errno 113] No route to host" in text
    assert "❌ Échec reconnexion TCP après 3 tentatives" in text
    assert "🔄 Reconnexion TCP #2 à" in text
    assert text.count("Reconnexion TCP réussie") == 1


# -- Weeks -------------------------------------------------------------------------------------


def test_fades_never_overlap_and_the_graver_one_stays_whole() -> None:
    power = Fade(50.0, 80.0, "power", others_too=True)
    air = Air([Fade(0.0, 60.0, "wifi"), Fade(10.0, 100.0, "wifi"), power])
    spans = [(fade.start_s, fade.end_s, fade.cause) for fade in air.fades]
    assert spans == [
        (0.0, 50.0, "wifi"),
        (50.0, 80.0, "power"),
        (80.0, 100.0, "wifi"),
    ]
    assert air.fade_at(79.9) == power
    assert air.fade_at(100.0) is None


def test_a_seed_makes_one_week() -> None:
    kind = KINDS["reboots and Wi-Fi"]
    assert kind.play(Chances("7")).events == kind.play(Chances("7")).events
    assert kind.play(Chances("7")).events != kind.play(Chances("8")).events


@pytest.mark.parametrize("name", ["reboots and Wi-Fi", "phone by hand", "flapping Wi-Fi"])
def test_the_text_journal_tells_what_was_noted(name: str) -> None:
    recipe = KINDS[name].play
    assert isinstance(recipe, Recipe)
    week = replace(recipe, text=True)(Chances("3"))
    noted = Counter(event.kind for event in week.events)
    read = Counter(event.kind for event in reader().events(week.lines))
    for kind in (K.RECONNECTED, K.ATTEMPT, K.SILENCE, K.SYNC_COMPLETE, K.SYNC_SCHEDULED):
        assert read[kind] == noted[kind] > 0 or (kind is K.SILENCE and not noted[kind])


def test_every_loss_has_a_true_cause() -> None:
    for name in ("steady Wi-Fi", "crashes and power", "phone by hand", "sync 0.5, FIN"):
        week = KINDS[name].play(Chances("5"))
        assert len(of(K.LOST, week.events)) == len(week.truths)
        assert "unknown" not in {truth.cause for truth in week.truths}


def test_there_are_kinds_enough_and_each_asks_for_something() -> None:
    assert len(KINDS) >= 30
    for kind in KINDS.values():
        assert kind.guilty or kind.accepts or kind.mix
