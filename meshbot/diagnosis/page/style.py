"""The page's style: light and dark, from 320 pixels on, and on paper."""

LIGHT = """
--back:#f6f6f3;--card:#fff;--ink:#1a1e22;--soft:#565f68;--line:#d9dce0;--grid:#e4e6e9;
--good:#1b7340;--bad:#b3261e;--plain:#44505c;--good-back:#eaf5ee;--bad-back:#fcedeb;
--plain-back:#eff1f3;
--c0:#e9edf0;--c1:#fdd49e;--c2:#fdae6b;--c3:#f1762f;--c4:#c9371b;--c5:#7f0000;
--off:#f6f6f3;--hatch:#b4bac0;
--k0:#0b6bb0;--k1:#b8470a;--k2:#0b755a;--k3:#a03d78;--k4:#785600;--k5:#4b5fb8;--none:#6b7278;
--on:#fff;--soon:#23939f;--late:#8b98a4;--band:#e4f3f4;--down:#c9371b;--outage:#566777;--unknown:#8a939c
"""
DARK = """
--back:#121518;--card:#1b1f23;--ink:#e9ecef;--soft:#a3adb6;--line:#343a40;--grid:#2b3136;
--good:#6fd19a;--bad:#ff9087;--plain:#b9c3cd;--good-back:#18281f;--bad-back:#2f1d1c;
--plain-back:#23282d;
--c0:#2a3036;--c1:#6b2c12;--c2:#a8430f;--c3:#e06a1d;--c4:#fca652;--c5:#ffe3b3;
--off:#16191c;--hatch:#59626a;
--k0:#5db3f0;--k1:#ff9a5c;--k2:#45c9a0;--k3:#e79ac6;--k4:#e0b64a;--k5:#a5b1ff;--none:#9aa2a9;
--on:#101316;--soon:#23939f;--late:#6d7a86;--band:#15292c;--down:#fca652;--outage:#93a4b5;--unknown:#77818a
"""
_RULES = """
*{box-sizing:border-box}
body{margin:0;padding:1rem .75rem 2rem;background:var(--back);color:var(--ink);
font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:68rem;margin:0 auto}
h1{font-size:1.05rem;margin:0}
h2{font-size:1.05rem;margin:0 0 .7rem;line-height:1.3}
h3{font-size:.95rem;margin:1.2rem 0 .5rem}
p{margin:.4rem 0}
.when{color:var(--soft);margin:.1rem 0;font-size:.9rem}
.remark{border-left:.25rem solid var(--soon);padding-left:.6rem;font-size:.9rem}
section{background:var(--card);border:1px solid var(--line);border-radius:.7rem;padding:1rem;
margin:1rem 0;overflow-wrap:anywhere;min-width:0}
.verdict{--tone:var(--plain);--tone-back:var(--plain-back);background:var(--tone-back);
border-color:var(--tone);border-left-width:.4rem}
.verdict.good{--tone:var(--good);--tone-back:var(--good-back)}
.verdict.bad{--tone:var(--bad);--tone-back:var(--bad-back)}
.headline{font-size:1.45rem;font-weight:700;line-height:1.25;color:var(--tone);margin:0 0 .7rem;
text-wrap:balance}
.verdict h2{margin:.9rem 0 .3rem;font-size:1rem}
ul,ol{margin:.3rem 0;padding-left:1.2rem}
li{margin:.2rem 0}
.statements{list-style:none;padding:0}
.mark{display:inline-block;min-width:4.4rem;text-align:center;font-size:.75rem;font-weight:600;
line-height:1.35;padding:.05rem .4rem;margin-right:.3rem;border:1px solid currentColor;
border-radius:1rem;color:var(--soft)}
.mark.d{border-style:dashed}
.tiles{display:grid;grid-template-columns:repeat(4,1fr);gap:.75rem;margin:1rem 0}
.tiles div{background:var(--card);border:1px solid var(--line);border-radius:.7rem;
padding:.7rem .9rem;min-width:0}
.tiles dt{color:var(--soft);font-size:.85rem;line-height:1.3}
.tiles dd{margin:0}
.tiles strong{display:block;font-size:1.7rem;line-height:1.25;font-variant-numeric:tabular-nums}
.tiles span{color:var(--soft);font-size:.85rem;line-height:1.3;display:block}
.pair{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:0 1rem;align-items:start;
margin:-1rem 0}
.pair>:only-child{grid-column:1/-1}
.chart{display:block;overflow:visible;width:calc(100% - 4rem);margin:0 1rem 0 3rem}
.chart .chart{width:100%}
.map{width:calc(100% - 6rem);margin:0 2.7rem 0 3.3rem}
.shares,.flat{width:100%;margin:0}
.rows{width:calc(100% - 9.5rem);margin:0 3rem 0 6.5rem}
text{pointer-events:none;fill:var(--soft);font-size:11px;font-variant-numeric:tabular-nums}
.rows text,.flat text{font-size:13px}
.end{text-anchor:end}.middle{text-anchor:middle}
.total{text-anchor:end;transform:translateX(2.5rem)}
text.strong{fill:var(--ink);font-weight:600}
text.n{text-anchor:middle;fill:#1a1e22}
text.on{fill:var(--on);font-size:14px;font-weight:700}
.grid{stroke:var(--grid)}
.gap{fill:none;stroke:var(--card);stroke-width:1.5;vector-effect:non-scaling-stroke}
.hatch{fill:none;stroke:var(--hatch);stroke-width:1;vector-effect:non-scaling-stroke}
.chance{fill:none;stroke:var(--ink);stroke-width:2;stroke-dasharray:5 3;
vector-effect:non-scaling-stroke;pointer-events:none}
.clear{fill:transparent}
.shares rect{stroke:var(--card);stroke-width:2}
.causes{list-style:none;padding:0;margin:.8rem 0 0}
.causes>li{margin:.6rem 0;padding-left:2.1rem;position:relative}
.causes>li>.letter{position:absolute;left:0;top:.05rem}
.figure{color:var(--soft)}
.note,.legend{color:var(--soft);font-size:.85rem;margin:.5rem 0 0}
.legend{display:flex;flex-wrap:wrap;gap:.25rem .9rem}
.key{display:inline-block;width:.85rem;height:.85rem;border-radius:.15rem;margin-right:.35rem;
vertical-align:-.1rem}
.key.letter{width:1.5rem;height:1.5rem;border-radius:.3rem;color:var(--on);font-style:normal;
font-weight:700;font-size:.9rem;line-height:1.5rem;text-align:center;margin:0}
.key.dash{background:none!important;height:0;border-top:2px dashed var(--ink);border-radius:0;
vertical-align:.25rem;width:1.4rem}
.key.off{border:1px solid var(--hatch);
background:repeating-linear-gradient(-55deg,var(--off) 0 3px,var(--hatch) 3px 4px)}
details{margin-top:.6rem;font-size:.85rem}
summary{cursor:pointer;color:var(--soft)}
table{border-collapse:collapse;width:100%;margin-top:.4rem;font-variant-numeric:tabular-nums}
th,td{overflow-wrap:normal;text-align:right;padding:.15rem .3rem;font-weight:400;
border-bottom:1px solid var(--grid)}
th:first-child{text-align:left;white-space:nowrap}
thead th{color:var(--soft);vertical-align:bottom}
.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,16rem),1fr));
gap:.6rem 1.2rem;margin:0}
.figures dt{color:var(--soft);font-size:.85rem}
.figures dd{margin:0;font-variant-numeric:tabular-nums}
.criteria{list-style:none;padding:0}
.criteria>li{padding-left:1.5rem;position:relative}
.criteria>li::before{position:absolute;left:0;font-weight:700;content:"–";color:var(--soft)}
.criteria>.yes::before{content:"✓";color:var(--good)}
.criteria>.no::before{content:"✗";color:var(--bad)}
.reasons{margin:0}
@media(max-width:44rem){
.tiles{grid-template-columns:repeat(2,1fr);gap:.5rem}.tiles div{padding:.55rem .7rem}
.tiles strong{font-size:1.4rem}
.pair{grid-template-columns:minmax(0,1fr);margin:-.75rem 0}
.pair>div+div{margin-top:-.75rem}
.headline{font-size:1.2rem}
section{padding:.8rem;margin:.75rem 0}
.mark{display:block;width:max-content;margin:.3rem 0 .1rem}
.map{width:calc(100% - 5.6rem);margin:0 2.5rem 0 3.1rem}
.total{transform:translateX(2.4rem)}
text.n{font-size:9px}text.n2{font-size:8px;letter-spacing:-.4px}
text.n3,text.n4,.dense text.n2{display:none}
text.on{font-size:12px}
table{font-size:.75rem}th,td{padding:.15rem .15rem}
}
@media(max-width:23rem){text.n2{display:none}.flat text{font-size:11px}}
@media print{
:root{font-size:12.5px}
body{background:none;padding:0}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
section,.tiles div,.causes>li,svg{break-inside:avoid}
summary{display:none}
}
"""
_COLOURED = (
    *("c0", "c1", "c2", "c3", "c4", "c5", "off", "k0", "k1", "k2", "k3", "k4", "k5", "none"),
    *("soon", "late", "band", "down", "outage", "unknown"),
)


def style() -> str:
    """Return the whole style sheet."""
    fills = "".join(f".{name}{{fill:var(--{name});background:var(--{name})}}" for name in _COLOURED)
    # On the two darkest cells in the light, the two palest in the dark.
    light = "text.t4,text.t5{fill:#fff}"
    dark = "text.n{fill:#fff}text.t3,text.t4,text.t5{fill:#101316}"
    return (
        f":root{{color-scheme:light dark;{LIGHT}}}{fills}{_RULES}"
        f"{light}@media screen and (prefers-color-scheme:dark){{:root{{{DARK}}}{dark}}}"
    )
