import { markup } from './markup.js';
import { methodRules } from './methods.js';

/** The report's style sheet: light and dark, narrow and wide, on paper. */
export const style = markup`
:root{color-scheme:light dark;--ground:#fbfaf8;--panel:#fff;--ink:#1b1f27;--quiet:#5d6675;--rule:#e3e1dc;--soft:#f1efea;--good:#00735c;--bad:#b83a00}
${methodRules('light')}
@media (prefers-color-scheme:dark){
:root{--ground:#14171c;--panel:#1b1f26;--ink:#e9ebee;--quiet:#9ba4b1;--rule:#2e343e;--soft:#242932;--good:#3ccfaa;--bad:#ff9466}
${methodRules('dark')}
}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1160px;margin:0 auto;padding:48px 28px 72px}
h1{font:600 2.1rem/1.2 Charter,"Iowan Old Style",Georgia,"Times New Roman",serif;letter-spacing:-.01em;margin:0 0 .4rem}
h2{font:600 1.35rem/1.25 Charter,"Iowan Old Style",Georgia,"Times New Roman",serif;margin:0 0 .35rem}
p{margin:.2rem 0;max-width:76ch}
.lead{font-size:1.08rem;color:var(--quiet)}
.quiet,small{color:var(--quiet)}
.quiet{font-size:.88rem;font-weight:400;max-width:none}
small{font-size:.8em;white-space:nowrap}
section{margin-top:44px}
figure{margin:0;min-width:0}
ul{list-style:none;margin:0;padding:0}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.number{text-align:right;white-space:nowrap}
.scroll{overflow-x:auto}
.settings{display:grid;grid-template-columns:repeat(auto-fill,minmax(200px,1fr));gap:0 28px;margin:22px 0 0;border-top:1px solid var(--rule);font-size:.86rem}
.settings div{display:flex;justify-content:space-between;gap:12px;padding:5px 0;border-bottom:1px solid var(--rule)}
.settings dt{color:var(--quiet)}
.settings dd{margin:0;text-align:right;overflow-wrap:anywhere}
.headline{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));gap:22px}
.bars{background:var(--panel);border:1px solid var(--rule);border-radius:10px;padding:18px 20px 16px}
.bars figcaption{font-weight:600;margin-bottom:10px}
.bars li{display:grid;grid-template-columns:minmax(84px,24%) 1fr 7.2em;align-items:center;column-gap:12px;font-size:.92rem}
.bars .name{overflow-wrap:anywhere;line-height:1.2}
.bars .number b{font-weight:600}
.track{position:relative;height:32px}
.bar{position:absolute;left:0;top:7px;bottom:7px;background:var(--method);border-radius:0 3px 3px 0;min-width:2px}
.whisker{position:absolute;top:50%;border-top:2px solid var(--ink);margin-top:-1px}
.whisker::before,.whisker::after{content:"";position:absolute;top:-6px;height:10px;border-left:2px solid var(--ink)}
.whisker::after{right:0}
.whisker::before{left:0}
.chance{position:absolute;top:0;bottom:0;border-left:1.5px dashed var(--ink);opacity:.65}
table{border-collapse:collapse}
.scores{width:100%;margin-top:12px;font-size:.95rem}
.scores th,.scores td{padding:8px;vertical-align:top;border-bottom:1px solid var(--rule)}
.scores th{text-align:left;font-weight:500;line-height:1.35}
.scores thead th{font-size:.84rem;color:var(--quiet);text-align:right;vertical-align:bottom;border-bottom:2px solid var(--ink)}
.scores thead th:first-child{text-align:left}
.scores tbody th{white-space:nowrap}
.scores tbody tr:hover{background:var(--soft)}
.scores .swatch{margin-right:9px;vertical-align:-1px}
.scores tfoot th,.scores tfoot td{color:var(--quiet);font-size:.9rem;padding-top:6px;padding-bottom:6px}
.best{font-weight:700}
.difference{display:block;font-size:.84rem}
.up{color:var(--good)}.down{color:var(--bad)}.same{color:var(--quiet)}
.line{fill:none;stroke:var(--method);stroke-width:2;stroke-linejoin:round}
.marker{fill:var(--method);stroke:var(--panel);stroke-width:1}
.marker.open{fill:var(--panel);stroke:var(--method);stroke-width:2}
.legend{display:flex;flex-wrap:wrap;gap:4px 22px;margin:6px 0 12px;font-size:.92rem}
.legend .swatch{margin-right:7px;vertical-align:-1px}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));gap:22px}
.charts figure{background:var(--panel);border:1px solid var(--rule);border-radius:10px;padding:14px 14px 8px}
.charts figcaption{font-weight:600;margin:0 0 6px 6px}
.chart{display:block;width:100%;height:auto;max-width:720px}
.chart text{font-size:12px;fill:var(--quiet)}
.chart .axis-label{fill:var(--ink)}
.grid path{stroke:var(--rule)}
.axis{stroke:var(--quiet)}
.cases{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,340px),1fr));gap:22px;margin-top:14px}
.case{display:grid;grid-template-columns:116px 1fr;gap:12px 16px;align-content:start;background:var(--panel);border:1px solid var(--rule);border-radius:10px;padding:16px}
.case img{width:116px;height:auto;border-radius:6px}
.texts p{margin:0 0 6px;line-height:1.35;font-size:.95rem;overflow-wrap:anywhere}
.texts .quiet{font-size:.84rem}
.texts u{text-decoration-thickness:2px;text-underline-offset:3px;font-weight:600}
.tag{font-size:.72rem;letter-spacing:.04em;text-transform:uppercase;color:var(--quiet);display:block}
.case table{grid-column:1/-1;width:100%;font-size:.86rem}
.case th{text-align:left;font-weight:500;padding:2px 10px 2px 0;white-space:nowrap;max-width:11em;overflow:hidden;text-overflow:ellipsis}
.case td{padding:2px 0 2px 8px}
.case svg{display:block;width:100%;min-width:64px}
.case td:nth-child(2){width:100%;padding-left:0}
.rail{stroke:var(--rule);stroke-width:2}
.right,.wrong{font-weight:700;text-align:right}
.right{color:var(--good)}.wrong{color:var(--bad)}
.alignment{display:grid;grid-template-columns:168px 1fr;gap:22px;margin-top:18px;padding:16px;background:var(--panel);border:1px solid var(--rule);border-radius:10px}
.alignment svg{display:block;width:100%;height:auto;border-radius:5px}
.alignment figcaption{font-size:.88rem;line-height:1.35;margin-top:6px;overflow-wrap:anywhere}
.whole figcaption .quiet{display:block}
.words{display:grid;grid-template-columns:repeat(auto-fill,minmax(84px,1fr));gap:14px 10px;align-content:start}
.words figcaption{text-align:center;font-weight:600}
.veil{fill:#0b0e13}
.frame{fill:none;stroke:#ffd21f;stroke-linecap:square}
.notes{margin-top:10px;padding:14px 20px;background:var(--soft);border-radius:10px}
.notes li{position:relative;padding-left:18px;margin:5px 0;max-width:82ch}
.notes li::before{content:"–";position:absolute;left:0;color:var(--quiet)}
@media (max-width:640px){main{padding:28px 16px 48px}.alignment{grid-template-columns:1fr}.whole{max-width:200px}.bars li{grid-template-columns:1fr 7.2em}.bars .name{grid-column:1/-1}}
@media print{.bars,.charts figure,.case,.alignment,tr{break-inside:avoid}.bar{print-color-adjust:exact}}
`;
