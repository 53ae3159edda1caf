import type { Branch } from "../changes/must-read.ts";
import type { Outcome } from "../changes/stack-changes.ts";
import { html } from "./escape.ts";

const OUTCOMES: readonly Outcome[] = ["create", "update", "replace", "delete"];
const BAR = { width: 220, height: 12 };
const ROW = 22;
const STEP = 20;
const MOST_ROWS = 40;
const LETTER_WIDTH = 7.4;

/** How much of each a stack has, on one scale for all stacks. */
export function outcomeBar(counts: Readonly<Record<Outcome, number>>, most: number): string {
  let x = 0;
  const bars = OUTCOMES.filter((outcome) => counts[outcome] > 0).map((outcome) => {
    // What is few must be seen too.
    const width = Math.max(3, (counts[outcome] / Math.max(1, most)) * BAR.width);
    const bar = `<rect class="${outcome}" x="${x.toFixed(1)}" y="0" width="${width.toFixed(1)}" height="${BAR.height}"/>`;
    x += width + 1;
    return bar;
  });
  const told = OUTCOMES.map((outcome) => `${counts[outcome]} ${outcome}`).join(", ");
  const width = Math.ceil(Math.max(x, BAR.width));
  return `<svg role="img" aria-label="${told}" viewBox="0 0 ${width} ${BAR.height}" width="${width}" height="${BAR.height}">${bars.join("")}</svg>`;
}

/** Before above after, the longer one over the whole width. */
export function sizeBars(before: number, after: number): string {
  const most = Math.max(before, after, 1);
  const bar = (value: number, y: number, name: string) =>
    `<rect class="${name}" x="0" y="${y}" width="${Math.max(2, (value / most) * 120).toFixed(1)}" height="6"/>`;
  return `<svg aria-hidden="true" viewBox="0 0 120 15" width="120" height="15">${bar(before, 0, "was")}${bar(after, 8, "is")}</svg>`;
}

interface Row {
  readonly depth: number;
  readonly label: string;
  readonly outcome: Outcome;
  readonly parent: number;
}

/** A change and what it drags along, as a tree. */
export function treePicture(tree: Branch): string {
  const rows: Row[] = [];
  const add = ({ noun, name, outcome, cause, drags }: Branch, depth: number, parent: number): void => {
    const row = rows.length;
    rows.push({
      depth,
      outcome,
      parent,
      label: `${outcome}  ${noun} ${name}${cause === "" ? "" : `  ${cause}`}`,
    });
    for (const each of drags) add(each, depth + 1, row);
  };
  add(tree, 0, -1);
  const shown = rows.slice(0, MOST_ROWS);
  const rest = rows.length - shown.length;
  const width = Math.ceil(
    Math.max(...shown.map(({ depth, label }) => depth * STEP + 24 + [...label].length * LETTER_WIDTH)),
  );
  const middle = (index: number) => index * ROW + ROW / 2;
  const drawn = shown.map(({ depth, label, outcome, parent }, index) => {
    const x = depth * STEP + 8;
    const wire =
      parent < 0
        ? ""
        : `<path class="wire" d="M${x - STEP} ${middle(parent) + 6}V${middle(index)}H${x - 6}"/>`;
    return `${wire}<circle class="${outcome}" cx="${x}" cy="${middle(index)}" r="5"/><text x="${x + 12}" y="${middle(index) + 4}">${html(label)}</text>`;
  });
  const more = rest > 0 ? `<text x="8" y="${middle(shown.length) + 4}">… and ${rest} more</text>` : "";
  const height = (shown.length + (rest > 0 ? 1 : 0)) * ROW;
  return `<svg role="img" aria-label="What the change drags along" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">${drawn.join("")}${more}</svg>`;
}
