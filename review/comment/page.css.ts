/** The page's whole style: nothing is fetched for it. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #1f2328; --soft: #59636e; --line: #d1d9e0; --paper: #fff; --card: #f6f8fa;
  --create: #1a7f37; --update: #bf8700; --replace: #bc4c00; --delete: #cf222e; --danger: #cf222e; --note: #9a6700; --calm: #1a7f37; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9198a1; --line: #3d444d; --paper: #0d1117; --card: #151b23;
  --create: #3fb950; --update: #d29922; --replace: #f0883e; --delete: #f85149; --danger: #f85149; --note: #d29922; --calm: #3fb950; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1080px; padding: 28px 24px 64px; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif; }
h1 { font-size: 27px; line-height: 1.25; margin: 0 0 4px; }
h2 { font-size: 18px; margin: 34px 0 12px; }
.soft, .about { color: var(--soft); }
.about { margin: 0 0 20px; }
code, pre { font: 13px/1.5 ui-monospace, "SFMono-Regular", Menlo, "DejaVu Sans Mono", monospace; }
code { background: var(--card); border-radius: 5px; padding: 1px 5px; overflow-wrap: anywhere; }
table { width: 100%; border-collapse: collapse; }
th { text-align: left; font-weight: 600; color: var(--soft); font-size: 13px; }
th, td { padding: 8px 10px; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
.card { background: var(--card); border: 1px solid var(--line); border-left: 5px solid var(--note); border-radius: 8px;
  padding: 12px 16px; margin: 0 0 12px; overflow-wrap: anywhere; }
.card.danger { border-left-color: var(--danger); }
.card p { margin: 4px 0; }
.card ul { margin: 6px 0 4px; padding-left: 20px; }
.kind { font-weight: 700; font-size: 16px; }
.danger .kind, .verdict.fails, .verdict.dangerous { color: var(--danger); }
.kind, .verdict.read { color: var(--note); }
.verdict { font-weight: 600; white-space: nowrap; }
.verdict.ordinary { color: var(--calm); }
.chip { display: inline-block; border: 1px solid var(--line); border-radius: 999px; padding: 0 9px; margin-left: 6px;
  font-size: 12px; color: var(--soft); background: var(--paper); }
details { margin: 8px 0; }
summary { cursor: pointer; color: var(--soft); }
.card svg, td svg { display: block; max-width: 100%; height: auto; }
svg text { font: 12px ui-monospace, "SFMono-Regular", Menlo, "DejaVu Sans Mono", monospace; fill: currentColor; }
svg .create { fill: var(--create); } svg .update { fill: var(--update); }
svg .replace { fill: var(--replace); } svg .delete { fill: var(--delete); }
svg .wire { fill: none; stroke: var(--line); stroke-width: 1.5; } svg .was { fill: var(--line); } svg .is { fill: var(--update); }
.legend span { margin-right: 14px; font-size: 13px; } .legend i { font-style: normal; font-weight: 700; }
i.create { color: var(--create); } i.update { color: var(--update); } i.replace { color: var(--replace); } i.delete { color: var(--delete); }
.plain { list-style: none; padding: 0; margin: 0; } .plain li { padding: 7px 0; border-bottom: 1px solid var(--line); }
.properties { margin: 2px 0 0 16px; padding: 0; list-style: none; font-size: 13px; }
`;
