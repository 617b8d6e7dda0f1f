"""The figures of a site as the comparison says them, in text and on the page. Pure."""

from meshbot.diagnosis.date_text import date_text
from meshbot.diagnosis.page.wording import (
    length_text,
    moment_of,
    percent_text,
    round_text,
    whole_text,
)
from meshbot.diagnosis.report_text import UNDATED
from meshbot.diagnosis.sites.shared_losses import SharedLosses, groups_of
from meshbot.diagnosis.sites.site import Site
from meshbot.text.foreign_text import printable
from meshbot.text.language import tr
from meshbot.text.quantities import decimal_text

NOTHING = "–"
DAY_S = 86_400.0
MOST_MOMENTS = 4


def first_text(site: Site) -> str:
    """Return from when on it was judged, to the minute."""
    return date_text(site.first_s, site.in_utc)[:-3] if site.last_s else NOTHING


def last_text(site: Site) -> str:
    """Return until when it was judged, to the minute."""
    return date_text(site.last_s, site.in_utc)[:-3] if site.last_s else NOTHING


def observed_text(site: Site) -> str:
    """Return for how long its bot ran in that time."""
    return round_text(site.observed_s)


def losses_text(site: Site) -> str:
    """Return how many losses there were, and how many a day."""
    count = whole_text(site.losses)
    if not site.losses or site.observed_s < DAY_S:
        return count
    per_day = site.losses * DAY_S / site.observed_s
    rate = whole_text(round(per_day)) if per_day >= 10 else decimal_text(per_day)
    return tr("{count} ({rate} par jour)", count=count, rate=rate)


def down_text(site: Site) -> str:
    """Return how long there was no link, and which part of the time."""
    if site.uptime_percent is None:
        return NOTHING
    if site.down_s < 1:
        return "0"
    return f"{length_text(site.down_s)} ({percent_text(1 - site.uptime_percent / 100)})"


def longest_text(site: Site) -> str:
    """Return how long the longest outage was."""
    return NOTHING if site.longest_outage_s is None else length_text(site.longest_outage_s)


def cause_text(site: Site) -> str:
    """Return what explains most of its losses, and how many."""
    return f"{site.cause} ({percent_text(site.cause_share)})" if site.cause else NOTHING


def sync_text(site: Site) -> str:
    """Return how many losses the key sync cost."""
    if site.sync_accused:
        return whole_text(site.sync_losses)
    if site.sync_accused is None:
        return tr("on ne sait pas")
    return tr("aucune, hors de cause")


def firmware_text(site: Site) -> str:
    """Return which firmware its node has, as it says."""
    return printable(site.firmware, 40) or NOTHING


def remarks_of(site: Site) -> list[str]:
    """Return what to know of its record before its figures are believed."""
    said = [tr(UNDATED).removeprefix("⚠️ ")] if site.in_utc else []
    return [*said, *site.remarks]


def relation_texts(sites: list[Site], shared: list[SharedLosses]) -> list[str]:
    """Return which sites lose their links together, or that none do."""
    if not sum(not site.in_utc for site in sites) > 1:
        return [tr("Pas deux sites dont on sache quand la liaison a été coupée : rien à comparer")]
    if not shared:
        return [tr("Aucun site ne perd sa liaison en même temps qu'un autre, sinon par hasard")]
    told = [
        _pair_text(group[0]) if len(group) == 1 else _group_text(group)
        for group in groups_of(shared)
    ]
    return [
        *told,
        tr(
            "Coupés ensemble : chercher ce que ces sites ont en commun, point d'accès, box, "
            "alimentation, cette machine, ou ce qui se passe à ces heures-là"
        ),
    ]


def _pair_text(shared: SharedLosses) -> str:
    return tr(
        "{first} et {second} : {count} coupures en même temps, à 30 s près, sur {of_first} et "
        "{of_second} ; le hasard en donnerait {expected} ; les dernières : {moments}",
        first=shared.first,
        second=shared.second,
        count=len(shared.moments_s),
        of_first=shared.of_first,
        of_second=shared.of_second,
        expected=_expected_text(shared.expected),
        moments=_moments_text(shared),
    )


def _group_text(group: list[SharedLosses]) -> str:
    names = dict.fromkeys(name for shared in group for name in (shared.first, shared.second))
    most = max(group, key=lambda shared: len(shared.moments_s))
    return tr(
        "{sites} : jusqu'à {count} coupures en même temps, deux à deux, à 30 s près ; le hasard "
        "en donnerait {expected} au plus ; les dernières : {moments}",
        sites=", ".join(names),
        count=len(most.moments_s),
        expected=_expected_text(max(shared.expected for shared in group)),
        moments=_moments_text(most),
    )


def _moments_text(shared: SharedLosses) -> str:
    latest = (moment_of(at_s, in_utc=False) for at_s in shared.moments_s[-MOST_MOMENTS:])
    return ", ".join(f"{moment:%d/%m %H:%M}" for moment in latest)


def _expected_text(expected: float) -> str:
    return tr("moins de 0,1") if expected < 0.1 else decimal_text(expected)
