import type { Review, StackReview } from "../changes/review.ts";
import { PRICES_AS_OF } from "../cost/prices.ts";
import { rehearsalMarkdown } from "../rehearsal/sections.ts";
import { code, html, plain, sentence } from "./escape.ts";
import { draggedAlong, type Grouped, type GroupedReview, groupedReview, treeLines } from "./grouping.ts";
import { cut, fitting, Pages } from "./pages.ts";
import {
  codeChange,
  counted,
  dollars,
  KIND_WORDS,
  type Subject,
  settingChange,
  VERDICT_WORDS,
} from "./words.ts";

/** By this a workflow finds the comment that it wrote before, whoever it was written as. */
export const MARKER = "<!-- platform-review -->";
/** GitHub takes 65,536; what others add to it must have room. */
export const MOST_CHARACTERS = 60_000;
/** Folds that are longer nobody opens. */
const MOST_ALONE = 30;
/** Of one thing to read, and of all errors and all stacks: what comes after them is to have room too. */
const BLOCK_ROOM = 4_000;
const SECTION_ROOM = 10_000;
const MOST_SENTENCE = 600;
const IN_MARKDOWN = { text: plain, name: code };

/**
 * A review as one comment of a pull request: the most important first, and no longer than a forge takes, whatever it is
 * of. What is left out for that is counted.
 */
export function toMarkdown(review: Review, subject: Subject): string {
  const groups = groupedReview(review);
  const page = new Pages(MOST_CHARACTERS);
  page.must(head(groups, subject));
  page.each(errors(review), "stacks that do not preview", SECTION_ROOM);
  page.must(TABLE_HEAD);
  page.each(stackRows(review), "stacks", SECTION_ROOM);
  if (review.rehearsal) page.must(rehearsalMarkdown(review.rehearsal));
  if (groups.mustRead.length > 0) page.must(`\n### Must read\n`);
  page.each(groups.mustRead.map(mustReadBlock), "to be read");
  page.must(workloadHead(groups));
  page.each(groups.workloads.map(workloadRow), "workloads");
  page.each(unjudgedBlocks(review), "stacks whose policies are not judged");
  policyBlocks(page, groups);
  costBlocks(page, review);
  page.fold(
    `${counted(groups.others.length, "other change")}, and what differs in ${groups.others.length === 1 ? "it" : "them"}`,
    groups.others.map(otherBlock),
    "other changes",
  );
  page.must(foot(review));
  return page.toString();
}

const TABLE_HEAD =
  "\n| Stack | Create | Update | Replace | Delete | Cost a month | Verdict |\n| --- | ---: | ---: | ---: | ---: | ---: | --- |\n";

function head({ mustRead }: GroupedReview, subject: Subject): string {
  const count = mustRead.length;
  const title =
    count > 0 ? `${counted(count, "change")} to read before approving` : "Nothing that must be read";
  return `${MARKER}\n## ${title}\n\n${banner(subject)}\n`;
}

function banner({ commit, base, at }: Subject): string {
  const of = commit === undefined ? "" : ` of ${code(commit.slice(0, 12))}`;
  const against = base === undefined ? "" : ` compared with ${code(cut(base, 200))}`;
  return `> Review${of}${against}, ${plain(at.slice(0, 16).replace("T", " "))} UTC. **Stale** once the branch has a newer commit: then wait for the next one.\n`;
}

function errors({ stacks }: Review): readonly string[] {
  const failed = stacks.filter((stack) => stack.errors.length > 0);
  return failed.map(({ stack, errors: told }) => {
    const lines = told.map((error) => `> - ${plain(cut(error, 500))}\n`);
    const shown = fitting(lines, { most: 10, room: BLOCK_ROOM, rest: (left) => `> - … and ${left} more\n` });
    return `\n> ❌ **${plain(cut(stack, 100))} does not preview** (${counted(told.length, "mistake")})\n${shown}`;
  });
}

function stackRows({ stacks }: Review): readonly string[] {
  return stacks.map(({ stack, counts, cost, verdict }: StackReview) => {
    const [sign, word] = VERDICT_WORDS[verdict];
    const cells = [counts.create, counts.update, counts.replace, counts.delete].map((count) =>
      count === 0 ? "" : `**${count}**`,
    );
    return `| ${code(stack)} | ${cells.join(" | ")} | ${dollars(cost)} | ${sign} ${word} |\n`;
  });
}

function mustReadBlock({ item, stacks }: GroupedReview["mustRead"][number], index: number): string {
  const [sign, word] = KIND_WORDS[item.kind];
  const told = (text: string) => sentence(cut(text, MOST_SENTENCE), IN_MARKDOWN);
  const more = item.more.map(
    (finding) => `- ${KIND_WORDS[finding.kind].join(" ")}: ${told(finding.sentence)}\n`,
  );
  const shown = fitting(more, {
    most: MOST_ALONE,
    room: BLOCK_ROOM,
    rest: (left) => `- … and ${left} more\n`,
  });
  const also = shown === "" ? "\n" : `\n\n${shown}`;
  const tree = item.tree && fold(`Drags along: ${draggedAlong(item.tree)}`, treeLines(item.tree));
  return `\n**${index + 1}. ${sign} ${word}** (${names(stacks)}): ${told(item.sentence)}${also}${tree ?? ""}`;
}

/** A fold is HTML down to the next empty line, of which there is none in it. */
function fold(title: string, lines: readonly string[]): string {
  const shown = fitting(
    lines.map((line) => `${html(cut(line, MOST_SENTENCE))}\n`),
    { most: lines.length, room: BLOCK_ROOM, rest: () => "…\n" },
  );
  return `\n<details><summary>${html(title)}</summary><pre>${shown.trimEnd()}</pre></details>\n`;
}

function workloadHead({ workloads }: GroupedReview): string {
  if (workloads.length === 0) return "";
  return "\n### Workloads\n\n| Workload | Stacks | Code | Settings |\n| --- | --- | --- | --- |\n";
}

function workloadRow({ item, stacks }: GroupedReview["workloads"][number]): string {
  const settings = item.settings.map(
    ({ name, before, after }) => `${plain(name)} ${code(before)} → ${code(after)}`,
  );
  const told =
    item.outcome === "update"
      ? settings
      : [
          `**${item.outcome}**`,
          ...(item.outcome === "create" ? item.settings.map((each) => plain(settingChange(each))) : settings),
        ];
  return `| ${code(item.name)} | ${names(stacks)} | ${plain(codeChange(item))} | ${told.join("<br>")} |\n`;
}

function unjudgedBlocks({ stacks }: Review): readonly string[] {
  return stacks.flatMap(({ stack, unjudged }) =>
    unjudged === undefined
      ? []
      : [`\n> ⚠️ **Policies not judged** in ${code(stack.slice(0, 100))}: ${plain(unjudged)}.\n`],
  );
}

function policyBlocks(page: Pages, { policies }: GroupedReview): void {
  const [fresh, standing] = [true, false].map((isNew) => policies.filter(({ item }) => item.isNew === isNew));
  if (fresh !== undefined && fresh.length > 0) {
    page.must("\n### Policies that this breaks\n\n");
    page.each(
      fresh.map(({ item, stacks }) => {
        const exempt = item.exemption
          ? ` Exempt until ${plain(item.exemption.expires)}, says ${code(item.exemption.owner)}.`
          : "";
        return `- **${item.severity}** ${code(item.id)} (${names(stacks)}): ${sentence(item.sentence, IN_MARKDOWN)} ${sentence(item.wayOut, IN_MARKDOWN)}${exempt}\n`;
      }),
      "policy findings",
    );
  }
  page.fold(
    `${counted(standing?.length ?? 0, "policy finding")} that stood before`,
    (standing ?? [])
      .map(({ item, stacks }) => `${item.severity} ${item.id} (${stacks.join(", ")}): ${item.sentence}`)
      .map(html),
    "older policy findings",
  );
}

function costBlocks(page: Pages, { stacks }: Review): void {
  const differing = stacks.filter(({ cost }) => cost.lines.length > 0);
  if (differing.length === 0) return;
  page.must(`\n### Cost a month\n\nList prices as of ${PRICES_AS_OF}, without what hangs on use.\n\n`);
  page.each(
    differing.map(({ stack, cost }) => {
      const lines = cost.lines.map(({ what, monthly, source, besides }) => {
        const beside = besides === undefined ? "" : `; besides: ${plain(besides)}`;
        return `  - ${dollars({ monthly })} ${plain(what)} ([price](${source})${beside})\n`;
      });
      const shown = fitting(lines, {
        most: MOST_ALONE,
        room: SECTION_ROOM,
        rest: (left) => `  - … and ${left} more\n`,
      });
      const use =
        cost.byUse.length === 0 ? "" : `  - by use, and not known: ${plain(cost.byUse.join("; "))}\n`;
      return `- ${code(stack)} ${dollars(cost)}\n${shown}${use}`;
    }),
    "stacks' costs",
  );
}

function otherBlock({ item, stacks }: GroupedReview["others"][number]): string {
  const head = `${html(item.outcome)} ${html(item.noun)} <code>${html(item.name)}</code> (${stacks.map(html).join(", ")})`;
  const properties = item.properties.map(
    ({ path, before, after }) => `   <code>${html(path)}: ${html(before)} → ${html(after)}</code>`,
  );
  const rest = item.left > 0 ? [`   … and ${counted(item.left, "more property", "more properties")}`] : [];
  return [head, ...properties, ...rest].join("\n");
}

function foot({ stacks }: Review): string {
  const [noise, unchanged] = [stacks.map((stack) => stack.noise), stacks.map((stack) => stack.unchanged)].map(
    (counts) => counts.reduce((sum, count) => sum + count, 0),
  );
  return `\n<sub>Not shown: ${counted(unchanged ?? 0, "resource")} that stay as they are, and ${counted(noise ?? 0, "step")} of noise (reads, outputs, what services rewrite by themselves).</sub>\n`;
}

function names(stacks: Grouped<unknown>["stacks"]): string {
  const more = stacks.length > MOST_ALONE ? ` and ${stacks.length - MOST_ALONE} more` : "";
  return `${stacks
    .slice(0, MOST_ALONE)
    .map((stack) => plain(cut(stack, 100)))
    .join(", ")}${more}`;
}
