"""All kinds of week, by name."""

from dataclasses import replace

from tests.diagnosis.weeks.ingredients import (
    at_night,
    bursts,
    crash_bursts,
    crash_loops,
    each,
    flapping,
    in_hours,
    person,
    poller,
    power,
    random_trouble,
    rival,
    wifi,
    wifi_in_hours,
)
from tests.diagnosis.weeks.kind import (
    ACCESS_POINT,
    CLEARED,
    CLIENT,
    CRASHES,
    DUMP,
    INTERVAL,
    NETWORK,
    QUIET_MESH,
    REBOOTS,
    REGION,
    SCHEDULE,
    SCHEDULED,
    TOO_LITTLE,
    UNEXPLAINED,
    Kind,
)
from tests.diagnosis.weeks.making import Recipe
from tests.diagnosis.weeks.node import NodeTraits
from tests.diagnosis.weeks.original_bot import OriginalTraits
from tests.diagnosis.weeks.sync_fault import (
    Harm,
    SyncFault,
    close,
    crash,
    crash_back_at_once,
    hang,
    reboot,
)
from tests.diagnosis.weeks.this_bot import BotTraits
from tests.diagnosis.weeks.traffic import BUSY, QUIET, MeshTraits
from tests.diagnosis.weeks.week import DAY_S, Chances

AT_ONCE = (0.0, 5.0)
SOON = (5.0, 60.0)
ANY = (0.0, 90.0)
LATE = (40.0, 65.0)
OFTEN, ALWAYS = 0.95, 0.99
OLD = OriginalTraits()
DEFERRED_ONLY = OriginalTraits(periodic_s=None)


def _guilty(
    name: str, share: float, recipe: Recipe, harm: Harm, delay_s: tuple[float, float]
) -> Kind:
    found = ALWAYS if share >= 0.5 else OFTEN
    recipe = replace(recipe, sync=SyncFault(share, harm, delay_s))
    return Kind(name, recipe, guilty=True, accused=found, text=_is_text(recipe))


def _single(name: str, recipe: Recipe, *accepts: str, says: str = "") -> Kind:
    return Kind(name, recipe, frozenset(accepts), says=says, text=_is_text(recipe))


def _mixed(name: str, recipe: Recipe, *mix: str) -> Kind:
    return Kind(name, recipe, named=0.90, mix=mix, text=_is_text(recipe))


def _is_text(recipe: Recipe) -> bool:
    return recipe.text or recipe.original is not None


def _moved_nearer(chances: Chances) -> BotTraits:
    day = chances.of("moved").uniform(0.499, 0.501) * 7
    return BotTraits(skips=((0.0, False), (day * DAY_S, True)))


WIFI_1, WIFI_3, WIFI_6 = (Recipe(fades=(wifi(per_day),)) for per_day in (1.0, 3.0, 6.0))
CRASH_3 = Recipe(befalls=(random_trouble(3.0, crash, "crash"),))
OLD_WIFI_3 = Recipe(fades=(wifi(3.0),), original=OLD)

GUILTY = (
    _guilty("sync 1.0, crash", 1.0, WIFI_1, crash, ANY),
    _guilty("sync 1.0, hang", 1.0, WIFI_1, hang, SOON),
    _guilty("sync 1.0, FIN", 1.0, WIFI_1, close, AT_ONCE),
    _guilty("sync 1.0, reboot", 1.0, WIFI_1, reboot, LATE),
    _guilty("sync 0.5, crash", 0.5, WIFI_1, crash, ANY),
    _guilty("sync 0.5, hang", 0.5, WIFI_3, hang, ANY),
    _guilty("sync 0.5, FIN", 0.5, WIFI_3, close, SOON),
    _guilty("sync 0.5, reboot", 0.5, WIFI_3, reboot, ANY),
    _guilty("sync 0.3, crash", 0.3, WIFI_3, crash, ANY),
    _guilty("sync 0.3, crash at once", 0.3, WIFI_1, crash_back_at_once, AT_ONCE),
    _guilty("sync 0.3, hang", 0.3, WIFI_3, hang, LATE),
    _guilty("sync 0.3, FIN", 0.3, WIFI_1, close, LATE),
    _guilty("sync 0.3, reboot", 0.3, WIFI_6, reboot, SOON),
    _guilty("sync 0.3, crash, busy", 0.3, replace(WIFI_6, mesh=BUSY), crash, ANY),
    _guilty("sync 0.3, crash, quiet", 0.3, replace(WIFI_6, mesh=QUIET), crash, LATE),
    _guilty("sync 0.3, crash, crashes beside", 0.3, CRASH_3, crash, SOON),
    _guilty("sync 0.5, crash, crashes beside", 0.5, CRASH_3, crash, ANY),
    _guilty("sync 0.5, crash, text", 0.5, replace(WIFI_3, text=True), crash, ANY),
    _guilty("sync 0.3, reboot, text", 0.3, replace(WIFI_3, text=True), reboot, SOON),
    _guilty(
        "sync 0.5, crash, older records",
        0.5,
        replace(WIFI_3, bot=BotTraits(tells_node=False)),
        crash,
        ANY,
    ),
    _guilty("original: sync 1.0, crash", 1.0, OLD_WIFI_3, crash, ANY),
    _guilty("original: sync 0.5, crash", 0.5, OLD_WIFI_3, crash, SOON),
    _guilty("original: sync 0.5, hang", 0.5, OLD_WIFI_3, hang, ANY),
    _guilty("original: sync 0.3, FIN", 0.3, OLD_WIFI_3, close, ANY),
    _guilty("original: sync 0.3, reboot", 0.3, OLD_WIFI_3, reboot, LATE),
    _guilty(
        "original: sync 0.5, crash, deferred only",
        0.5,
        replace(OLD_WIFI_3, original=DEFERRED_ONLY),
        crash,
        ANY,
    ),
)

_CRASH_6H = Recipe(befalls=(each(6 * 3_600.0, crash_back_at_once, "crash", 240.0),))
_CRASHES = Recipe(befalls=(random_trouble(4.0, crash_back_at_once, "crash"),))
_SLOW_CRASHES = Recipe(befalls=(random_trouble(4.0, crash, "crash"),))
_REBOOTS = Recipe(befalls=(random_trouble(4.0, reboot, "reboot"),))

NODE = (
    _single("crash every 6 h", _CRASH_6H, CRASHES, SCHEDULE),
    _single("crash every 6 h, text", replace(_CRASH_6H, text=True), CRASHES, SCHEDULE),
    _single("crashes, back at once", _CRASHES, CRASHES),
    _single("crashes, busy", replace(_CRASHES, mesh=BUSY), CRASHES),
    _single("crashes, back sooner or later", _SLOW_CRASHES, CRASHES, REBOOTS),
    _single("reboots", _REBOOTS, REBOOTS),
    _single("reboots, text", replace(_REBOOTS, text=True), REBOOTS),
    _single("crash loops", Recipe(befalls=(crash_loops(orderly=False),)), CRASHES, REBOOTS),
    _single("reboot loops", Recipe(befalls=(crash_loops(orderly=True),)), CRASHES, REBOOTS),
    _single("crashes in bursts", Recipe(befalls=(crash_bursts,)), CRASHES, REBOOTS),
    _single(
        "dump at each start",
        Recipe(
            node=NodeTraits(dump_fails=0.9),
            bot=BotTraits(restarts_s=tuple(n * DAY_S / 2 for n in range(1, 14))),
        ),
        DUMP,
    ),
    _single(
        "dump at each reconnection",
        Recipe(fades=(wifi(2.0),), node=NodeTraits(dump_fails=0.75), bot=BotTraits(light=False)),
        DUMP,
    ),
    _single(
        "region unset",
        Recipe(node=NodeTraits(region="UNSET"), mesh=MeshTraits(gap_s=1e9)),
        REGION,
    ),
)

WAY = (
    _single("steady Wi-Fi", Recipe(fades=(wifi(4.0),)), NETWORK),
    _single("steady Wi-Fi, often", Recipe(fades=(wifi(12.0),)), NETWORK),
    _single("steady Wi-Fi, text", Recipe(fades=(wifi(4.0),), text=True), NETWORK),
    _single("steady Wi-Fi, busy", Recipe(fades=(wifi(4.0),), mesh=BUSY), NETWORK),
    _single(
        "steady Wi-Fi, firmware 2.6",
        Recipe(fades=(wifi(4.0),), node=NodeTraits(answers_heartbeats=False)),
        NETWORK,
    ),
    _single(
        "steady Wi-Fi, older records",
        Recipe(fades=(wifi(4.0),), bot=BotTraits(tells_node=False)),
        NETWORK,
    ),
    _single("bursts of Wi-Fi", Recipe(fades=(bursts,)), NETWORK),
    _single("flapping Wi-Fi", Recipe(fades=(flapping,)), NETWORK),
    _single("flapping Wi-Fi, text", Recipe(fades=(flapping,), text=True), NETWORK),
    _single(
        "access point's power", Recipe(fades=(power(3.0, machine_on_wifi=False),)), ACCESS_POINT
    ),
    _single(
        "access point's power, machine on Wi-Fi",
        Recipe(fades=(power(3.0, machine_on_wifi=True),)),
        ACCESS_POINT,
    ),
    _single(
        "moved nearer with the flag",
        Recipe(fades=(wifi(9.0, until=0.5), wifi(1.5, since=0.5)), bot=_moved_nearer),
        NETWORK,
    ),
)

OTHERS = (
    _single("client every 10 min", Recipe(befalls=(poller(600.0),)), INTERVAL),
    _single("client every 15 min", Recipe(befalls=(poller(900.0),)), INTERVAL),
    _single("client every 15 min, text", Recipe(befalls=(poller(900.0),), text=True), INTERVAL),
    _single("phone by hand", Recipe(befalls=(person(),)), CLIENT),
    _single("phone by hand, text", Recipe(befalls=(person(),), text=True), CLIENT),
    _single(
        "phone by hand, all day",
        Recipe(befalls=(person(0.9, (8.0, 23.0), times_a_day=3),)),
        CLIENT,
    ),
    _single("rival, back at once", Recipe(befalls=(rival((0.1, 1.0), 1.0),)), CLIENT),
    _single("rival, back after 5 to 10 s", Recipe(befalls=(rival((5.0, 10.0), 1.0),)), CLIENT),
)

CLOCK = (
    _single(
        "04:00 every night",
        Recipe(befalls=(at_night(4.0, reboot, "clock"),)),
        SCHEDULE,
        REBOOTS,
        says=SCHEDULE,
    ),
    _single(
        "Wi-Fi in the afternoon",
        Recipe(fades=(wifi_in_hours(5.0, 13.0, 18.0),)),
        SCHEDULE,
        NETWORK,
        says=SCHEDULE,
    ),
    _single(
        "crashes in the evening",
        Recipe(befalls=(in_hours(4.0, 18.0, 23.0, crash_back_at_once, "crash"),)),
        SCHEDULE,
        CRASHES,
        says=SCHEDULE,
    ),
    _single("every 346 s", Recipe(befalls=(each(346.0, close, "clock"),)), SCHEDULE, INTERVAL),
)

MIXES = (
    _mixed(
        "reboots and Wi-Fi",
        Recipe(fades=(wifi(1.8),), befalls=(random_trouble(4.2, reboot, "reboot"),)),
        "reboot",
        "wifi",
    ),
    _mixed("phone and Wi-Fi", Recipe(fades=(wifi(2.2),), befalls=(person(0.9),)), "client", "wifi"),
    _mixed(
        "crashes and power",
        Recipe(
            fades=(power(1.8, machine_on_wifi=False),),
            befalls=(random_trouble(4.2, crash_back_at_once, "crash"),),
        ),
        "crash",
        "power",
    ),
    _mixed(
        "reboots and phone",
        Recipe(befalls=(random_trouble(8.0, reboot, "reboot"), person(0.6, patience=(3, 6)))),
        "reboot",
        "client",
    ),
)

ORIGINAL = (
    _single("original: steady Wi-Fi", Recipe(fades=(wifi(4.0),), original=OLD), NETWORK),
    _single(
        "original: Wi-Fi, deferred only",
        Recipe(fades=(wifi(6.0),), original=DEFERRED_ONLY),
        NETWORK,
    ),
    _single("original: bursts of Wi-Fi", Recipe(fades=(bursts,), original=OLD), NETWORK),
    _single(
        "original: crashes",
        Recipe(befalls=(random_trouble(4.0, crash_back_at_once, "crash"),), original=OLD),
        CRASHES,
        REBOOTS,
        NETWORK,
        UNEXPLAINED,
    ),
    _single(
        "original: reboots",
        Recipe(befalls=(random_trouble(4.0, reboot, "reboot"),), original=OLD),
        REBOOTS,
        CRASHES,
        UNEXPLAINED,
    ),
    _single(
        "original: quiet nights",
        Recipe(mesh=MeshTraits(15.0, 8.0, telemetry_s=None), original=OLD),
        QUIET_MESH,
    ),
    _single(
        "original: quiet mesh",
        Recipe(mesh=MeshTraits(120.0, 3.0, telemetry_s=None), original=OLD),
        QUIET_MESH,
    ),
    _single(
        "original: client every 10 min", Recipe(befalls=(poller(600.0),), original=OLD), INTERVAL
    ),
    _single("original: phone by hand", Recipe(befalls=(person(),), original=OLD), CLIENT),
    _single(
        "original: scheduled reconnection",
        Recipe(original=OriginalTraits(scheduled_s=3_600.0)),
        SCHEDULED,
    ),
)

LITTLE = (
    _single("nothing wrong", Recipe(), TOO_LITTLE, CLEARED),
    _single("few losses", Recipe(fades=(wifi(0.3),)), TOO_LITTLE, CLEARED, NETWORK, UNEXPLAINED),
)

KINDS = {
    kind.name: kind for kind in (*GUILTY, *NODE, *WAY, *OTHERS, *CLOCK, *MIXES, *ORIGINAL, *LITTLE)
}
