#include "tools/report/page_assets.hh"

namespace pqsweep::tools {

const std::string_view page_style =
    R"(
:root { color-scheme: light dark; --text: #1c2024; --faint: #60646c; --back: #f9f9fb; --card: #fff; --line: #e0e1e6; --bad: #c62a2f; --bad-back: #feebec; --good: #18794e; --good-back: #e6f6eb; --warn: #9a5b00; --warn-back: #fff4d5; --link: #0d5cb6; --other: #9ba1a6 }
@media screen and (prefers-color-scheme: dark) {
  :root { --text: #edeef0; --faint: #b0b4ba; --back: #111113; --card: #18191b; --line: #363a3f; --bad: #ff9592; --bad-back: #3b1219; --good: #3dd68c; --good-back: #132d21; --warn: #ffca16; --warn-back: #302008; --link: #70b8ff; --other: #696e77 }
}
* { box-sizing: border-box } [hidden] { display: none !important }
body { font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; color: var(--text); background: var(--back); margin: 0 }
main { max-width: 1120px; margin: 0 auto; padding: 1.5rem 1.25rem 4rem }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .5rem; letter-spacing: -.01em } h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem } h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; font-weight: 600 }
a { color: var(--link); text-underline-offset: .15em } code, .mono { font: .9em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 4px }
.skip { position: absolute; left: -99rem } .skip:focus { left: 1rem; top: .5rem; background: var(--card); padding: .4rem .8rem; z-index: 9 }
.faint { color: var(--faint) } .card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1.25rem }
.verdict { display: inline-block; padding: .15rem .7rem; border-radius: 99px; font-weight: 600; background: var(--good-back); color: var(--good) } .verdict.failed { background: var(--bad-back); color: var(--bad) }
.numbers { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .75rem; margin: 1.25rem 0; padding: 0; list-style: none } .numbers .card { padding: .75rem 1rem } .numbers b { display: block; font-size: 1.7rem; line-height: 1.2; font-weight: 650; font-variant-numeric: tabular-nums } .numbers .failed b { color: var(--bad) }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: 0 } .facts dt { color: var(--faint) } .facts dd { margin: 0; overflow-wrap: break-word; min-width: 0 }
.chart { padding: 1rem; margin-bottom: 1rem } .chart h3 { margin-top: 0 } .wide { overflow-x: auto } svg { display: block; width: 100%; height: auto; font-size: 12px }
svg text { fill: var(--faint) } .end { text-anchor: end } .middle { text-anchor: middle } .grid { stroke: var(--line); fill: none }
.without { stroke: var(--text); fill: none; stroke-width: 1.4; stroke-dasharray: 5 3; vector-effect: non-scaling-stroke } .sweep { fill: var(--bad) } .hover { fill: var(--text); fill-opacity: 0 } .hover:hover { fill-opacity: .1 }
.c0 { fill: #4c78a8; background: #4c78a8 } .c1 { fill: #f58518; background: #f58518 } .c2 { fill: #54a24b; background: #54a24b } .c3 { fill: #b279a2; background: #b279a2 } .c4 { fill: #d8b022; background: #d8b022 }
.c5 { fill: #72b7b2; background: #72b7b2 } .c6 { fill: #e45756; background: #e45756 } .c7 { fill: #9d755d; background: #9d755d } .c8 { fill: #ff9da6; background: #ff9da6 } .c9 { fill: var(--other); background: var(--other) }
.options { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; font-size: .9rem } .options label { display: flex; gap: .4rem; align-items: center }
.scale { transform-origin: 0 234px } .zoomed { display: none }
.chart:has(.zoom:checked) .scale { transform: scaleY(var(--zoom)) } .chart:has(.zoom:checked) .zoomed { display: inline } .chart:has(.zoom:checked) .whole { display: none }
.chart:has(.stretch:checked) svg { width: 400%; min-width: 2800px }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.25rem; padding: 0; margin: .75rem 0 0; list-style: none; font-size: .88rem } .legend li { min-width: 0 } .legend i { display: inline-block; width: .75em; height: .75em; border-radius: 2px; margin-right: .45em }
.tools { display: flex; flex-wrap: wrap; gap: .6rem; margin: 0 0 .75rem; align-items: center } .tools input, .tools select { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 7px; padding: .35rem .6rem } .tools input { flex: 1 1 14rem; min-width: 0 } .tools label { display: flex; gap: .4rem; align-items: center; color: var(--faint); font-size: .9rem }
.place { background: var(--card); border: 1px solid var(--line); border-left: 4px solid var(--other); border-radius: 8px; margin: .5rem 0 } .place.failed { border-left-color: var(--bad) } .place.left { border-left-color: var(--warn) }
.place > summary { display: grid; grid-template-columns: 3.2rem 1fr; gap: 0 .9rem; padding: .6rem 1rem .6rem .6rem; cursor: pointer; list-style: none; align-items: baseline } .place > summary::-webkit-details-marker { display: none }
.place > summary b { font-size: 1.15rem; text-align: right; font-variant-numeric: tabular-nums } .place > summary > span { min-width: 0 } .place > summary:hover { background: color-mix(in srgb, var(--line) 30%, transparent) } .place[open] > summary { border-bottom: 1px solid var(--line) }
.place > summary .where::after { content: " \25B8"; color: var(--faint) } .place[open] > summary .where::after { content: " \25BE" }
.inside { padding: .6rem 1rem 1rem 4.7rem } .chain { margin: 0 0 .75rem; padding: 0; list-style: none } .chain li + li::before { content: "\2190  called by "; color: var(--faint) }
.pill { display: inline-block; border-radius: 99px; padding: 0 .55rem; font-size: .85rem; background: var(--line) } .failed .pill { background: var(--bad-back); color: var(--bad) } .left .pill { background: var(--warn-back); color: var(--warn) }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums } caption { text-align: left; color: var(--faint); padding: .2rem 0 }
th { text-align: left; vertical-align: bottom; font-weight: 600 } thead th { position: sticky; top: 0; background: var(--card) } th, td { padding: .35rem .45rem; border-bottom: 1px solid var(--line) } td { vertical-align: top } tbody th { font-weight: 400; min-width: 15rem } tr.all th, tr.all td { font-weight: 600 } tbody tr:hover { background: color-mix(in srgb, var(--line) 30%, transparent) }
.n { text-align: right } td.bad { color: var(--bad); font-weight: 600 } .numbers-of-tags td { text-align: right } .numbers-of-tags td:empty::after { content: "0"; color: var(--faint); opacity: .55 } th button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; text-align: inherit } th[aria-sort=descending] button::after { content: " \2193" } th[aria-sort=ascending] button::after { content: " \2191" }
.tags { max-height: 40rem; overflow: auto; padding: 0 } @media (max-width: 600px) {
  main { padding: 1rem .75rem 3rem } h1 { font-size: 1.3rem } .numbers { grid-template-columns: 1fr 1fr } .card { padding: .75rem } .facts { grid-template-columns: 1fr } .facts dd { margin-bottom: .4rem } .inside { padding: .6rem .8rem } .place > summary { grid-template-columns: 2.2rem 1fr } svg { min-width: 640px } .chart { padding: .5rem } .cards tbody th { min-width: 0 }
  .cards thead { display: none } .cards, .cards tbody { display: block } .tags { max-height: none } .cards tr { display: grid; grid-template-columns: 1fr 1fr; gap: 0 1rem; padding: .6rem .75rem; border-bottom: 1px solid var(--line) } .cards th, .cards td { border: 0; padding: .1rem 0 } .cards th { grid-column: 1 / -1; font-weight: 600 } .cards td { display: flex; justify-content: space-between; gap: .6rem; white-space: nowrap } .cards td:empty { display: none } .cards td::before { color: var(--faint) }
)"
    // The labels of a card's numbers stand once, in the style, and not in each of a thousand rows.
    R"(  .numbers-of-tags td:nth-of-type(1)::before { content: "opened" } .numbers-of-tags td:nth-of-type(2)::before { content: "closed" } .numbers-of-tags td:nth-of-type(3)::before { content: "idle" } .numbers-of-tags td:nth-of-type(4)::before { content: "in transaction" } .numbers-of-tags td:nth-of-type(5)::before { content: "running" } .numbers-of-tags td:nth-of-type(6)::before { content: "revived" } .numbers-of-tags td:nth-of-type(7)::before { content: "closed late" } .numbers-of-tags td:nth-of-type(8)::before { content: "abandoned" } .numbers-of-tags td:nth-of-type(9)::before { content: "peak" } .numbers-of-tags td:nth-of-type(10)::before { content: "without pqsweep" }
}
@media print { body { background: #fff; color: #000; font-size: 11px } main { max-width: none; padding: 0 } .tools, .options, .skip { display: none } .card, .place { break-inside: avoid } .tags { max-height: none; overflow: visible } thead th { position: static } * { print-color-adjust: exact } }
)";

const std::string_view page_script = R"(
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const places = document.getElementById('places'), said = document.getElementById('said');
  const search = document.getElementById('search'), order = document.getElementById('order'), only = document.getElementById('only');
  const rows = places ? all('.place', places) : [], tags = all('.numbers-of-tags tbody tr:not(.all)');
  all('.tools').forEach(tool => tool.hidden = false);
  const texts = new Map([...rows, ...tags].map(one => [one, one.textContent.toLowerCase()]));
  const show = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = one => words.every(word => texts.get(one).includes(word));
    rows.forEach(row => row.hidden = !(fits(row) && (!only.value || row.dataset.is.split(' ').includes(only.value))));
    tags.forEach(row => row.hidden = !fits(row));
    said.textContent = rows.filter(row => !row.hidden).length + ' of ' + rows.length + ' places';
  };
  const sorted = () => {
    const keys = {worst: row => rows.indexOf(row), most: row => -row.querySelector('b').textContent, name: row => row.querySelector('.where').textContent};
    const key = keys[order.value];
    [...rows].sort((a, b) => key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0).forEach(row => places.append(row));
  };
  if (search) {
    search.addEventListener('input', show);
    only.addEventListener('change', show);
    order.addEventListener('change', sorted);
    addEventListener('keydown', event => {
      if (event.key === '/' && !/INPUT|SELECT/.test(document.activeElement.tagName)) { event.preventDefault(); search.focus(); }
    });
    show();
  }
  all('.numbers-of-tags thead th').forEach((head, column) => {
    const button = document.createElement('button');
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener('click', () => {
      const down = head.getAttribute('aria-sort') !== (column ? 'descending' : 'ascending');
      all('.numbers-of-tags thead th').forEach(other => other.removeAttribute('aria-sort'));
      head.setAttribute('aria-sort', down === !!column ? 'descending' : 'ascending');
      const value = row => column ? +row.children[column].textContent : row.children[0].textContent;
      const sign = head.getAttribute('aria-sort') === 'ascending' ? 1 : -1, body = tags[0].parentNode, last = body.querySelector('.all');
      [...tags].sort((a, b) => sign * (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0)).forEach(row => body.insertBefore(row, last));
    });
  });
  let closed = [];
  addEventListener('beforeprint', () => { closed = rows.filter(row => !row.open); closed.forEach(row => row.open = true); });
  addEventListener('afterprint', () => closed.forEach(row => row.open = false));
})();
)";

} // namespace pqsweep::tools
