import { html, plain } from "../comment/escape.ts";
import { cut, fitting } from "../comment/pages.ts";
import { accountOf } from "./account.ts";
import type { Rehearsal } from "./rehearsal.ts";

/** Of everything that went wrong, what fits into a comment. */
const MOST_TROUBLES = 12;
const MOST_CHARACTERS = 300;
const MOST_FIGURES = 30;
const ROOM = 16_000;

/** For a comment: of a bounded length, and a clean one's figures folded. */
export function rehearsalMarkdown(rehearsal: Rehearsal): string {
  const { title, verdict, table, troubles } = accountOf(rehearsal);
  const blocks = troubles.map(({ what, examples }) => {
    const lines = examples.map((example) => `  - ${plain(cut(example, MOST_CHARACTERS))}\n`);
    return `- **${plain(cut(what, MOST_CHARACTERS))}**\n${lines.join("")}`;
  });
  const shown = fitting(blocks, {
    most: MOST_TROUBLES,
    room: ROOM,
    rest: (left) => `- … and ${left} more\n`,
  });
  const rows = table.map((row) => `${row.map((cell) => html(cut(cell, MOST_CHARACTERS))).join(" · ")}\n`);
  const figures = fitting(rows, {
    most: MOST_FIGURES,
    room: ROOM,
    rest: (left) => `… and ${left} more\n`,
  });
  return [
    `\n### ${plain(cut(title, MOST_CHARACTERS))}\n\n${signOf(rehearsal)} ${plain(cut(verdict, MOST_CHARACTERS))}\n\n`,
    shown,
    `\n<details><summary>Figures of the rehearsal</summary><pre>${figures.trimEnd()}</pre></details>\n`,
  ].join("");
}

export function rehearsalHtml(rehearsal: Rehearsal): string {
  const { title, verdict, table, troubles } = accountOf(rehearsal);
  const [head = [], ...rows] = table.map((row) => row.map((cell) => html(cell)));
  const row = (cells: readonly string[]) => `<tr><td>${cells.join("</td><td>")}</td></tr>`;
  const items = troubles.map(({ what, examples }) => {
    const list = examples.map((example) => `<li><code>${html(example)}</code></li>`).join("");
    return `<li><b>${html(what)}</b>${list === "" ? "" : `<ul class="properties">${list}</ul>`}</li>`;
  });
  const told = items.length === 0 ? "" : `<ul class="plain">${items.join("\n")}</ul>`;
  return `<h2>${html(title)}</h2><div class="card${rehearsal.isClean ? "" : " danger"}"><p>${signOf(rehearsal)} ${html(verdict)}</p>${told}</div><table><tr><th>${head.join("</th><th>")}</th></tr>${rows.map(row).join("\n")}</table>`;
}

function signOf({ isClean }: Rehearsal): string {
  return isClean ? "✅" : "❌";
}
