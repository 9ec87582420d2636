/** The page's whole style: system fonts, light and dark, readable on a phone. */
export const style = `
:root {
  color-scheme: light dark;
  --text: #1c2024; --muted: #5b636b; --ground: #f7f8f8; --card: #fff; --line: #d9dde1;
  --good: #18794e; --bad: #b42318; --link: #0b5cad;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #e7eaed; --muted: #a3abb3; --ground: #15181a; --card: #1e2225; --line: #363c41;
    --good: #5dd39e; --bad: #ff8f85; --link: #7db7f5;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 64rem; padding: 2rem 1.5rem; font: 1rem/1.5 system-ui, sans-serif; color: var(--text); background: var(--ground); }
h1 { margin: 0; font-size: 1.75rem; letter-spacing: -0.02em; }
h2 { margin: 2.5rem 0 1rem; font-size: 1.125rem; }
h3 { margin: 0 0 .5rem; font-size: .875rem; font-weight: 500; color: var(--muted); }
a { color: var(--link); }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.verdict { margin: .25rem 0 0; font-size: 1.125rem; }
.verdict.good, .card.good strong::before { color: var(--good); }
.verdict.bad, .card.bad strong::before { color: var(--bad); }
.faults { margin-top: 1.5rem; padding: .75rem 1rem; border: 1px solid var(--bad); border-radius: .5rem; }
.faults h2 { margin: 0 0 .25rem; font-size: 1rem; }
.faults ul { margin: 0; padding-left: 1.25rem; }
.picture, .picture ul { margin: 0; padding: 0; list-style: none; }
.picture { display: grid; gap: 2.5rem; grid-template-columns: repeat(3, 1fr); }
.picture > li { position: relative; }
.picture > li + li::before { content: "→" / ""; position: absolute; left: -1.75rem; top: 2.25rem; color: var(--muted); }
.card { display: grid; gap: .125rem; margin-bottom: .75rem; padding: .625rem .875rem; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; }
.card.bad { border-color: var(--bad); }
.card strong::before { content: "●" / ""; margin-right: .5rem; }
.card.bad strong::before { content: "▲" / ""; }
.card span { color: var(--muted); font-size: .875rem; }
.card small { overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; background: var(--card); border: 1px solid var(--line); font-variant-numeric: tabular-nums; }
th, td { padding: .5rem .875rem; text-align: left; border-bottom: 1px solid var(--line); white-space: nowrap; }
thead th { font-size: .875rem; font-weight: 500; color: var(--muted); }
thead th:nth-child(n + 3), .number { text-align: right; }
footer { margin-top: 2.5rem; color: var(--muted); font-size: .875rem; }
@media (max-width: 40rem) {
  .picture { grid-template-columns: 1fr; gap: 1.5rem; }
  .picture > li + li::before { content: none; }
}
`;
