import { createHash } from "node:crypto";
import type { Branch } from "../changes/must-read.ts";
import type { Review, StackReview } from "../changes/review.ts";
import { PRICES_AS_OF } from "../cost/prices.ts";
import { rehearsalHtml } from "../rehearsal/sections.ts";
import { html, sentence } from "./escape.ts";
import { draggedAlong, type GroupedReview, groupedReview } from "./grouping.ts";
import { STYLE } from "./page.css.ts";
import { outcomeBar, sizeBars, treePicture } from "./pictures.ts";
import { codeChange, counted, dollars, KIND_WORDS, type Subject, VERDICT_WORDS } from "./words.ts";

/** A page that fetches nothing and runs nothing: whatever a value says, it stays text. */
const POLICY = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'; base-uri 'none'; form-action 'none'`;
const IN_HTML = { text: html, name: (part: string) => `<code>${html(part)}</code>` };
const DANGEROUS = "🛑🌐🛡️";

/** The whole of a review, with pictures, for whoever wants more than a comment has room for. */
export function toHtml(review: Review, subject: Subject): string {
  const groups = groupedReview(review);
  const count = groups.mustRead.length;
  const title =
    count > 0 ? `${counted(count, "change")} to read before approving` : "Nothing that must be read";
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title><style>${STYLE}</style></head><body>
<h1>${title}</h1>
<p class="about">${about(subject)}</p>
${errors(review)}${stackTable(review)}${review.rehearsal ? rehearsalHtml(review.rehearsal) : ""}${mustRead(groups)}${workloads(groups)}${unjudged(review)}${policies(groups)}${costs(review)}${others(groups)}${foot(review)}
</body></html>
`;
}

function about({ commit, base, at }: Subject): string {
  const of = commit === undefined ? "Review" : `Review of <code>${html(commit.slice(0, 12))}</code>`;
  const against = base === undefined ? "" : `, compared with <code>${html(base)}</code>`;
  return `${of}${against}, ${html(at.slice(0, 16).replace("T", " "))} UTC. Stale once the branch has a newer commit.`;
}

function errors({ stacks }: Review): string {
  return stacks
    .filter((stack) => stack.errors.length > 0)
    .map(({ stack, errors: told }) => {
      const items = told.map((error) => `<li>${html(error)}</li>`).join("");
      return `<div class="card danger"><p class="kind">❌ ${html(stack)} does not preview</p><ul>${items}</ul></div>`;
    })
    .join("");
}

function stackTable({ stacks }: Review): string {
  const most = Math.max(
    1,
    ...stacks.map(({ counts }) => Object.values(counts).reduce((sum, count) => sum + count, 0)),
  );
  const rows = stacks.map(({ stack, counts, cost, verdict, unchanged }: StackReview) => {
    const [sign, word] = VERDICT_WORDS[verdict];
    const cells = [counts.create, counts.update, counts.replace, counts.delete, unchanged].map(
      (count) => `<td class="number">${count === 0 ? "" : count}</td>`,
    );
    return `<tr><td><b>${html(stack)}</b></td><td>${outcomeBar(counts, most)}</td>${cells.join("")}<td class="number">${dollars(cost)}</td><td><span class="verdict ${verdict}">${sign} ${word}</span></td></tr>`;
  });
  const legend = (["create", "update", "replace", "delete"] as const).map(
    (outcome) => `<th class="number"><i class="${outcome}">■</i> ${outcome}</th>`,
  );
  return `<table><tr><th>Stack</th><th></th>${legend.join("")}<th class="number">same</th><th class="number">a month</th><th>Verdict</th></tr>${rows.join("")}</table>`;
}

function mustRead({ mustRead: read }: GroupedReview): string {
  if (read.length === 0) return "";
  const cards = read.map(({ item, stacks }) => {
    const [sign, word] = KIND_WORDS[item.kind];
    const more = item.more.map(
      (each) => `<li><b>${KIND_WORDS[each.kind].join(" ")}</b>: ${sentence(each.sentence, IN_HTML)}</li>`,
    );
    const also = more.length === 0 ? "" : `<ul>${more.join("")}</ul>`;
    const tree =
      item.tree === undefined
        ? ""
        : `<details${isSmall(item.tree) ? " open" : ""}><summary>Drags along: ${html(draggedAlong(item.tree))}</summary>${treePicture(item.tree)}</details>`;
    return `<div class="card${DANGEROUS.includes(sign) ? " danger" : ""}"><p><span class="kind">${sign} ${word}</span>${chips(stacks)}</p><p>${sentence(item.sentence, IN_HTML)}</p>${also}${tree}</div>`;
  });
  return `<h2>Must read</h2>${cards.join("\n")}`;
}

/** A larger one would push down what else is to be read. */
function isSmall({ drags }: Branch): boolean {
  return drags.length <= 5 && drags.every((each) => each.drags.length <= 2);
}

function workloads({ workloads: changed }: GroupedReview): string {
  if (changed.length === 0) return "";
  const rows = changed.map(({ item, stacks }) => {
    const { before, after } = item.code ?? {};
    const bars = before !== undefined && after !== undefined ? sizeBars(before, after) : "";
    const settings = item.settings.map(
      (each) =>
        `<div>${html(each.name)} <code>${html(each.before)}</code> → <code>${html(each.after)}</code></div>`,
    );
    const verb = item.outcome === "update" ? "" : ` <b>${item.outcome}</b>`;
    return `<tr><td><code>${html(item.name)}</code>${verb}${chips(stacks)}</td><td>${html(codeChange(item))}${bars}</td><td>${settings.join("")}</td></tr>`;
  });
  return `<h2>Workloads</h2><table><tr><th>Workload</th><th>Code</th><th>Settings</th></tr>${rows.join("\n")}</table>`;
}

function unjudged({ stacks }: Review): string {
  return stacks
    .flatMap(({ stack, unjudged: why }) =>
      why === undefined
        ? []
        : [`<p>⚠️ <b>Policies not judged</b> in <code>${html(stack)}</code>: ${html(why)}.</p>`],
    )
    .join("");
}

function policies({ policies: found }: GroupedReview): string {
  const list = (items: GroupedReview["policies"]) =>
    items.map(({ item, stacks }) => {
      const exempt = item.exemption
        ? ` <span class="soft">Exempt until ${html(item.exemption.expires)}, says ${html(item.exemption.owner)}.</span>`
        : "";
      return `<li><b>${item.severity}</b> <code>${html(item.id)}</code>${chips(stacks)}<br>${sentence(item.sentence, IN_HTML)} <span class="soft">${sentence(item.wayOut, IN_HTML)}</span>${exempt}</li>`;
    });
  const fresh = list(found.filter(({ item }) => item.isNew));
  const standing = list(found.filter(({ item }) => !item.isNew));
  const broken =
    fresh.length === 0 ? "" : `<h2>Policies that this breaks</h2><ul class="plain">${fresh.join("")}</ul>`;
  return `${broken}${folded(`${counted(standing.length, "policy finding")} that stood before`, standing)}`;
}

function costs({ stacks }: Review): string {
  const differing = stacks.filter(({ cost }) => cost.lines.length > 0);
  if (differing.length === 0) return "";
  const rows = differing.flatMap(({ stack, cost }) =>
    cost.lines.map(
      ({ what, monthly, source, besides }) =>
        `<tr><td>${html(stack)}</td><td>${html(what)}${besides === undefined ? "" : ` <span class="soft">(besides: ${html(besides)})</span>`}</td><td class="number"><a href="${html(source)}" rel="noreferrer">${dollars({ monthly })}</a></td></tr>`,
    ),
  );
  const use = [...new Set(differing.flatMap(({ cost }) => cost.byUse))];
  const unknown =
    use.length === 0 ? "" : `<p class="soft">By use, and not known: ${html(use.join("; "))}.</p>`;
  return `<h2>Cost a month</h2><p class="soft">List prices as of ${PRICES_AS_OF}, without what hangs on use.</p><table>${rows.join("")}</table>${unknown}`;
}

function others({ others: changed }: GroupedReview): string {
  const items = changed.map(({ item, stacks }) => {
    const properties = item.properties.map(
      ({ path, before, after }) =>
        `<li><code>${html(path)}</code>: <code>${html(before)}</code> → <code>${html(after)}</code></li>`,
    );
    if (item.left > 0) properties.push(`<li>… and ${item.left} more</li>`);
    const list = properties.length === 0 ? "" : `<ul class="properties">${properties.join("")}</ul>`;
    return `<li><i class="${item.outcome}">■</i> ${item.outcome} ${html(item.noun)} <code>${html(item.name)}</code>${chips(stacks)}${list}</li>`;
  });
  return folded(`${counted(changed.length, "other change")}, and what differs`, items);
}

function folded(title: string, items: readonly string[]): string {
  if (items.length === 0) return "";
  return `<details><summary>${title}</summary><ul class="plain">${items.join("\n")}</ul></details>`;
}

function foot({ stacks }: Review): string {
  const noise = stacks.reduce((sum, stack) => sum + stack.noise, 0);
  return `<p class="soft">Not shown: ${counted(noise, "step")} of noise (reads, outputs, what services rewrite by themselves).</p>`;
}

function chips(stacks: readonly string[]): string {
  return stacks.map((stack) => `<span class="chip">${html(stack)}</span>`).join("");
}
