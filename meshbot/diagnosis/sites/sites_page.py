"""Several sites as one page: side by side on top, below the charts of each. Pure."""

from collections.abc import Sequence

from meshbot.diagnosis.page.markup import EMPTY, Markup, card, joined, listed, tag, words
from meshbot.diagnosis.report_page import page_of
from meshbot.diagnosis.sites.shared_losses import SharedLosses
from meshbot.diagnosis.sites.site import Site
from meshbot.diagnosis.sites.site_texts import (
    cause_text,
    down_text,
    firmware_text,
    first_text,
    last_text,
    longest_text,
    losses_text,
    relation_texts,
    remarks_of,
    sync_text,
)
from meshbot.text.language import mark, tr
from meshbot.text.quantities import counted
from meshbot.text.typography import labelled

_HEAD = (
    mark("Site"),
    mark("Verdict"),
    mark("Coupures"),
    mark("Sans liaison"),
    mark("La plus longue"),
    mark("Première cause"),
    mark("Dues à la synchro"),
    mark("Firmware"),
)
MAX_SHORT_CHARS = 14
_STYLE = """
header>h1{font-size:1.5rem;line-height:1.2}
.sites{display:table;margin:0;font-size:.9rem;line-height:1.35}
.sites th,.sites td{text-align:left;vertical-align:top;padding:.45rem .5rem}
.sites th:first-child{white-space:normal;padding-left:.6rem}
.sites tbody tr>:first-child{border-left:.3rem solid var(--plain)}
.sites tr.good>:first-child{border-left-color:var(--good)}
.sites tr.bad>:first-child{border-left-color:var(--bad)}
.sites tbody tr:last-child>*{border-bottom:0}
.sites a{font-weight:700;font-size:1rem;color:inherit}
.sites span{display:block;color:var(--soft);font-size:.85em}
.sites strong{font-weight:600}
.sites b{font-weight:400}.sites .short,.sites div span{white-space:nowrap}
.one{border-top:.2rem solid var(--line);margin-top:2.5rem;padding-top:1rem;scroll-margin-top:.5rem}
.one>h1{font-size:1.5rem;line-height:1.2;margin-bottom:.5rem;overflow-wrap:anywhere}
.one>header h1{display:none}
.top{font-size:.85rem;text-align:right}.top a{color:var(--soft)}
@media(max-width:44rem){
.sites,.sites tbody,.sites tr,.sites th,.sites td{display:block}
.sites thead{display:none}
.sites tr{border-left:.3rem solid var(--plain);padding:.2rem 0 .2rem .6rem;margin:0 0 1rem}
.sites tr:last-child{margin-bottom:0}
.sites tr.good{border-left-color:var(--good)}.sites tr.bad{border-left-color:var(--bad)}
.sites tbody tr>:first-child{border-left:0}
.sites th,.sites td,.sites th:first-child{border:0;padding:.1rem 0;font-size:.9rem}
.sites td[data-name]{display:grid;grid-template-columns:8.2rem 1fr;gap:.5rem}
.sites td[data-name]::before{content:attr(data-name);color:var(--soft)}
.sites th a{display:block}.sites th span{display:inline;margin-right:.4em}
.sites div span{display:inline;margin-left:.5em}
.sites td.said{margin:.2rem 0 .4rem}
}
@media print{.one{break-before:page;border:0}.top{display:none}}
"""


def sites_page(
    sites: list[Site], parts: Sequence[Sequence[Markup]], shared: list[SharedLosses]
) -> str:
    """Return the whole page. ``parts``: those of each site's own page."""
    title = tr("Comparaison : {sites}", sites=counted(len(sites), "site", "sites"))
    return page_of(
        words(title),
        [
            tag("header", tag("h1", words(title)), *_remarks(sites), id="top"),
            tag("section", _table(sites)),
            card(tr("Ce qui ressort"), listed(relation_texts(sites, shared))),
            *(
                _site(place, site, own)
                for place, (site, own) in enumerate(zip(sites, parts, strict=True), start=1)
            ),
        ],
        _STYLE,
    )


def _remarks(sites: list[Site]) -> list[Markup]:
    return [
        tag("p", words(f"⚠️ {labelled(site.name, remark)}"), class_="remark")
        for site in sites
        for remark in remarks_of(site)
    ]


def _table(sites: list[Site]) -> Markup:
    head = tag("tr", *(tag("th", words(tr(name)), scope="col") for name in _HEAD))
    rows = [_row(place, site) for place, site in enumerate(sites, start=1)]
    return tag("table", tag("thead", head), tag("tbody", *rows), class_="sites")


def _row(place: int, site: Site) -> Markup:
    link = tag("a", words(site.name), href=f"#site-{place}")
    remedy = tag("span", words(site.remedy)) if site.remedy else EMPTY
    figures = (
        losses_text(site),
        down_text(site),
        longest_text(site),
        cause_text(site),
        sync_text(site),
        firmware_text(site),
    )
    cells = [
        tag("td", _figure(text), data_name=tr(name))
        for name, text in zip(_HEAD[2:], figures, strict=True)
    ]
    return tag(
        "tr",
        tag("th", link, *_period(site), scope="row"),
        tag("td", tag("strong", words(site.verdict)), remedy, class_="said"),
        *cells,
        class_=site.tone.value or "plain",
    )


def _period(site: Site) -> list[Markup]:
    if not site.last_s:
        return []
    said = (tr("du {first}", first=first_text(site)), tr("au {last}", last=last_text(site)))
    return [tag("span", words(text), class_="short") for text in said]


def _figure(text: str) -> Markup:
    """Return a figure, and smaller what it says more closely in brackets; short ones in a line."""
    value, remark = text, ""
    if text.endswith(")"):
        value, _, remark = text[:-1].rpartition(" (")
    class_ = "short" if len(value) <= MAX_SHORT_CHARS else "long"
    more = tag("span", words(remark)) if remark else EMPTY
    return tag("div", tag("b", words(value), class_=class_), more)


def _site(place: int, site: Site, parts: Sequence[Markup]) -> Markup:
    back = tag("p", tag("a", words(tr("↑ tous les sites")), href="#top"), class_="top")
    return tag(
        "article",
        tag("h1", words(site.name)),
        joined(*parts),
        back,
        id=f"site-{place}",
        class_="one",
    )
