"""What the page is about: which node, which time, and what is odd about the record. Pure."""

from meshbot.diagnosis.date_text import date_text
from meshbot.diagnosis.link_diagnosis import Diagnosis
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.page.markup import EMPTY, Markup, joined, tag, words
from meshbot.diagnosis.page.wording import round_text
from meshbot.diagnosis.report_text import UNDATED
from meshbot.text.language import tr
from meshbot.text.log_format import printable
from meshbot.text.metrics_text import metrics_text

UNSET = "UNSET"


def heading(history: LinkHistory, diagnosis: Diagnosis) -> Markup:
    """Return the first lines of the page."""
    node = ", ".join(filter(None, (node_text(history.node), metrics_text(history.metrics))))
    return joined(
        tag("h1", words(tr("Liaison avec le nœud"))),
        tag("p", words(_period_text(history, diagnosis)), class_="when"),
        tag("p", words(node), class_="when") if node else EMPTY,
        *(tag("p", words(remark), class_="remark") for remark in _remarks(history)),
    )


def _period_text(history: LinkHistory, diagnosis: Diagnosis) -> str:
    if history.last_s <= 0:
        return tr("Aucun événement de la liaison.")
    first, last = (date_text(at_s, history.in_utc) for at_s in (history.first_s, history.last_s))
    observed = round_text(diagnosis.figures.observed_s)
    return tr(
        "Du {first} au {last}, {observed} observés",
        first=first[:-3],
        last=last[:-3],
        observed=observed,
    )


def _remarks(history: LinkHistory) -> list[str]:
    """Return what to know of the record before its figures are believed."""
    remarks = [f"⚠️ {remark}" for remark in history.remarks]
    return [*([tr(UNDATED)] if history.in_utc else []), *remarks]


def node_text(node: dict[str, object]) -> str:
    """Return what the node said of itself, as far as it did."""
    name = node.get("id")
    said = (
        [tr("Nœud {printable}", printable=printable(name, 40))]
        if isinstance(name, str) and name
        else []
    )
    firmware, region = node.get("firmware"), node.get("region")
    if isinstance(firmware, str) and firmware:
        said.append(f"firmware {printable(firmware, 40)}")
    if isinstance(region, str) and region:
        known = region != UNSET
        said.append(
            tr("région {printable}", printable=printable(region, 40))
            if known
            else tr("région LoRa non réglée")
        )
    if node.get("transmits") is False:
        said.append(tr("émetteur coupé"))
    text = ", ".join(said)
    return text[:1].upper() + text[1:]
