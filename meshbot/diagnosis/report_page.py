"""The report as one HTML file that needs no network: verdict, one bar a day, figures. Pure."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from html import escape

from meshbot.diagnosis.link_diagnosis import Diagnosis
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.report_text import UNDATED, date_text, figure_rows
from meshbot.model.cause import Cause
from meshbot.text.quantities import duration_text

DAY_S = 86_400.0
MAX_DAYS = 92
MIN_WIDTH_PERCENT = 0.12
"""Anything shorter would not be seen; two minutes of a day."""
_PASSED_CLASSES = {True: "yes", False: "no", None: "open"}
_HOURS = "".join(f"<span>{hour} h</span>" for hour in range(0, 25, 6))
_STYLE = """
:root{color-scheme:light dark;--back:#f7f7f4;--card:#fff;--ink:#1b1f23;--soft:#5c656e;
--line:#dcdfe3;--up:#8fcfa8;--down:#cf4436;--off:#c9ced3;--sync:#1f4fa8;--silence:#8a4b00;
--good:#1f7a45;--bad:#b3261e}
@media(prefers-color-scheme:dark){:root{--back:#14171a;--card:#1d2125;--ink:#e9ecef;
--soft:#9aa4ad;--line:#343a40;--up:#2f7d50;--down:#ef6a5b;--off:#3a4148;--sync:#a9c7ff;
--silence:#ffd27a;--good:#6fd19a;--bad:#ff8a80}}
*{box-sizing:border-box}
body{margin:0;padding:1rem;background:var(--back);color:var(--ink);
font:16px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:60rem;margin:0 auto}
h1{font-size:1.25rem;margin:0 0 .25rem}h2{font-size:1rem;margin:0 0 .6rem}
p.when{color:var(--soft);margin:0 0 1rem}
section{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:1rem;
margin:0 0 1rem;overflow-wrap:anywhere}
.verdict strong{display:block;font-size:1.3rem;line-height:1.25;margin-bottom:.4rem}
.good strong{color:var(--good)}.bad strong{color:var(--bad)}
ul{margin:.2rem 0 .6rem;padding-left:1.2rem}
.yes::marker{content:"✓ ";color:var(--good)}.no::marker{content:"✗ ";color:var(--bad)}
.open::marker{content:"– ";color:var(--soft)}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(15rem,1fr));gap:.6rem 1.2rem;margin:0}
dt{color:var(--soft);font-size:.85rem}dd{margin:0;font-variant-numeric:tabular-nums}
.day{display:flex;align-items:center;gap:.6rem;margin:.3rem 0}
.day time{flex:0 0 3.2rem;font-size:.8rem;color:var(--soft);font-variant-numeric:tabular-nums}
.bar{position:relative;flex:1;height:1.5rem;background:var(--off);border-radius:.2rem;
overflow:hidden}
.bar i{position:absolute;top:0;bottom:0}
.up{background:var(--up)}.down{background:var(--down)}
.sync{width:2px;top:60%!important;background:var(--sync)}
.silence{width:3px;bottom:60%!important;background:var(--silence)}
.hours{display:flex;justify-content:space-between;margin-left:3.8rem;color:var(--soft);
font-size:.75rem}
.key{display:flex;flex-wrap:wrap;gap:.3rem 1rem;margin:.7rem 0 0;font-size:.85rem;
color:var(--soft)}
.key i{display:inline-block;width:.8rem;height:.8rem;border-radius:.15rem;margin-right:.35rem;
vertical-align:-.1rem;position:static}
"""


_PAGE = """<!DOCTYPE html>
<html lang="fr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Liaison du bot : {title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>Liaison avec le nœud</h1>
<p class="when">du {first} au {last}, {observed} observés</p>
{undated}
<section class="verdict {tone}">
<strong>{headline}</strong>
{reasons}
<h2>À faire</h2>
{advice}
</section>
<section>
<h2>Jour par jour</h2>
{days}
<div class="hours">{hours}</div>
<div class="key"><span><i class="up"></i>liaison</span><span><i class="down"></i>coupée</span>
<span><i style="background:var(--off)"></i>bot arrêté</span>
<span><i style="background:var(--silence)"></i>début d'un silence</span>
<span><i style="background:var(--sync)"></i>synchronisation des clés</span></div>
</section>
<section>
<h2>Chiffres</h2>
<dl>{figures}</dl>
</section>
<section>
<h2>Critères</h2>
<ul>{criteria}</ul>
</section>
</main>
</body>
</html>
"""


def _warnings(history: LinkHistory, in_utc: bool) -> list[str]:
    """Return what is to be known before the figures are believed."""
    remarks = [f"⚠️ {remark}" for remark in history.remarks]
    return [UNDATED, *remarks] if in_utc else remarks


def html_report(history: LinkHistory, diagnosis: Diagnosis) -> str:
    """Return the whole page."""
    in_utc = history.in_utc
    headline = diagnosis.headline
    return _PAGE.format(
        title=escape(headline),
        style=_STYLE,
        first=date_text(history.first_s, in_utc),
        last=date_text(history.last_s, in_utc),
        observed=duration_text(diagnosis.figures.observed_s),
        undated="".join(f"<p>{escape(text)}</p>" for text in _warnings(history, in_utc)),
        tone=diagnosis.verdict.tone.value,
        headline=escape(headline[:1].upper() + headline[1:]),
        reasons=_list(statement.text for statement in diagnosis.statements),
        advice=_list(diagnosis.advice),
        days=_days(history, in_utc),
        hours=_HOURS,
        figures=_figures(diagnosis),
        criteria=_criteria(diagnosis),
    )


def _figures(diagnosis: Diagnosis) -> str:
    return "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
        for name, value in figure_rows(diagnosis)
    )


def _criteria(diagnosis: Diagnosis) -> str:
    return "".join(
        f'<li class="{_PASSED_CLASSES[criterion.passed]}">'
        f"{escape(criterion.name)} : {escape(criterion.evidence)}</li>"
        for criterion in diagnosis.criteria
    )


def _list(items: Iterable[str]) -> str:
    rows = "".join(f"<li>{escape(item)}</li>" for item in items)
    return f"<ul>{rows}</ul>" if rows else ""


def _days(history: LinkHistory, in_utc: bool) -> str:
    """Return one bar for each of the last days."""
    zone = UTC if in_utc else None
    midnight = datetime.fromtimestamp(history.last_s, zone).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    rows: list[str] = []
    while midnight.timestamp() + DAY_S > history.first_s and len(rows) < MAX_DAYS:
        start_s = midnight.timestamp()
        end_s = (midnight + timedelta(days=1)).timestamp()  # 23 or 25 h twice a year
        rows.append(
            f'<div class="day"><time>{midnight:%d/%m}</time>'
            f'<div class="bar">{_marks(history, start_s, end_s)}</div></div>'
        )
        midnight -= timedelta(days=1)
    return "\n".join(reversed(rows))


def _marks(history: LinkHistory, start_s: float, end_s: float) -> str:
    """Return the marks of the link, its silences and its syncs within a day."""
    up = [(session.start_s, history.end_of(session)) for session in history.sessions]
    silences = [loss.began_s for loss in history.losses if loss.cause is Cause.SILENCE]
    syncs = [sync.at_s for sync in history.syncs]
    length_s = end_s - start_s

    def percent(at_s: float) -> float:
        return 100 * (at_s - start_s) / length_s

    parts = []
    for name, spans in (("up", up), ("down", history.down_spans)):
        for from_s, to_s in spans:
            if to_s <= start_s or from_s >= end_s:
                continue
            left = percent(max(from_s, start_s))
            width = max(percent(min(to_s, end_s)) - left, MIN_WIDTH_PERCENT)
            parts.append(f'<i class="{name}" style="left:{left:.2f}%;width:{width:.2f}%"></i>')
    for name, moments in (("sync", syncs), ("silence", silences)):
        places = sorted({round(percent(at_s), 1) for at_s in moments if start_s <= at_s < end_s})
        parts += [f'<i class="{name}" style="left:{place:.1f}%"></i>' for place in places]
    return "".join(parts)
