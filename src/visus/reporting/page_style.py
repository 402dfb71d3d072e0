"""How the page looks: calm, for light and dark rooms, phones and paper."""

# Everything hangs below .visus, so that a notebook around it stays as it is.
STYLE = """
.visus{--ink:#1d2125;--muted:#5c656f;--line:#d9dee3;--paper:#fff;--card:#f5f7f9;
--accent:#1f5f9e;--on-accent:#fff;--first:#1f5f9e;--second:#b5541c;--third:#2f7d4f;
--fourth:#7a4a9e;--warning:#b86e00;--error:#c02626;color:var(--ink);
background:var(--paper);box-sizing:border-box;max-width:62rem;margin:0 auto;
padding:2rem 1.5rem 3rem;font:16px/1.55 system-ui,sans-serif;overflow-wrap:anywhere}
@media (prefers-color-scheme:dark){.visus{--ink:#e7eaee;--muted:#9aa4af;--line:#3a424b;
--paper:#16191d;--card:#20252b;--accent:#6aaef2;--on-accent:#10151a;--first:#6aaef2;
--second:#f0a06a;--third:#74c794;--fourth:#c39ae6;--warning:#e9a23b;--error:#f07070}}
.visus h1{font-size:1.65rem;line-height:1.25;font-weight:650;margin:0 0 1.25rem}
.visus h2,.visus caption{font-size:1.1rem;font-weight:600;margin:2rem 0 .5rem;
text-align:left;color:var(--ink)}
.visus caption{margin:0;padding:0 0 .5rem}
.visus .facts{display:grid;gap:.75rem;margin-bottom:1.25rem;
grid-template-columns:repeat(auto-fill,minmax(min(100%,15rem),1fr))}
.visus .fact{background:var(--card);border-radius:.5rem;padding:.75rem 1rem}
.visus .fact b{display:block;font-size:.8rem;color:var(--muted);font-weight:600}
.visus .bar{display:block;width:100%;height:10px;margin-top:.45rem}
.visus .finding{border-left:4px solid var(--accent);border-radius:.25rem;
padding:.5rem .9rem;margin:.5rem 0;background:var(--card)}
.visus .finding b{margin-right:.3rem;color:var(--accent)}
.visus .finding.warning{border-color:var(--warning)}
.visus .finding.warning b{color:var(--warning)}
.visus .finding.error{border-color:var(--error)}
.visus .finding.error b{color:var(--error)}
.visus .charts{display:grid;gap:0 1.5rem;
grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr))}
.visus .chart svg{display:block;max-width:100%;height:auto}
.visus .scroll{overflow-x:auto;margin-top:2rem}
.visus h2+.scroll{margin-top:0}
.visus table{border-collapse:collapse;font-size:.95rem;background:none}
.visus th,.visus td{padding:.3rem .9rem;border-bottom:1px solid var(--line);
text-align:left;vertical-align:top;background:none;color:inherit}
.visus th{font-size:.8rem;color:var(--muted);font-weight:600}
.visus th:first-child,.visus td:first-child{padding-left:0}
.visus .number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.visus .note{color:var(--muted);font-size:.9rem;max-width:46rem;margin:.5rem 0}
.visus .tiles{display:grid;gap:1.25rem 1rem;
grid-template-columns:repeat(auto-fill,minmax(8rem,1fr))}
.visus figure{margin:0;font-size:.85rem;line-height:1.35}
.visus img,.visus .missing{display:block;width:9rem;max-width:100%;min-width:96px;
height:auto;border-radius:.25rem;background:var(--card);margin:0 0 .4rem}
.visus img.small{image-rendering:pixelated}
.visus .missing{padding:1.5rem .5rem;box-sizing:border-box;color:var(--muted)}
.visus figure small{color:var(--muted);display:block}
@media print{.visus{--ink:#000;--muted:#444;--line:#bbb;--paper:#fff;--card:#fff;
--accent:#1f5f9e;--on-accent:#fff;--first:#000;--second:#000;--third:#000;
--fourth:#000;--warning:#000;--error:#000;max-width:none;padding:0;font-size:11pt}
.visus .fact{border:1px solid var(--line)}.visus svg{max-width:100%;height:auto}
.visus .fact,.visus .finding,.visus figure,.visus tr,.visus svg{break-inside:avoid}
.visus h2,.visus caption{break-after:avoid}
.visus{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""

PAGE_STYLE = """
body{margin:0;background:#fff}
@media (prefers-color-scheme:dark){body{background:#16191d}}
@media print{body{background:#fff}}
"""
