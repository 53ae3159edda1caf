import type { Step, StepOp, UpdateKind } from "./events.ts";
import { allProperties, changedProperties } from "./property-display.ts";

const GLYPHS: Readonly<Record<StepOp, string>> = {
  create: "+",
  update: "~",
  replace: "+-",
  "delete-replaced": "--",
  delete: "-",
  read: ">",
  discard: "<",
  same: " ",
};
const SUMMED_UP: readonly StepOp[] = [
  "create",
  "update",
  "replace",
  "delete-replaced",
  "delete",
  "read",
  "discard",
  "same",
];
const COLOURS: Readonly<Record<StepOp, number>> = {
  create: 32,
  update: 33,
  replace: 35,
  "delete-replaced": 31,
  delete: 31,
  read: 36,
  discard: 36,
  same: 0,
};
const FUTURE: Readonly<Record<StepOp, string>> = {
  create: "to create",
  update: "to update",
  replace: "to replace",
  "delete-replaced": "replaced before, to delete",
  delete: "to delete",
  read: "to read",
  discard: "to forget",
  same: "unchanged",
};
const PAST: Readonly<Record<StepOp, string>> = {
  create: "created",
  update: "updated",
  replace: "replaced",
  "delete-replaced": "replaced before, deleted",
  delete: "deleted",
  read: "read",
  discard: "forgotten",
  same: "unchanged",
};

/** Whether to colour what goes to a stream: a terminal, and nobody asked not to. @see https://no-color.org */
export function wantsColour(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  return stream.isTTY === true && (env.NO_COLOR ?? "") === "";
}

export interface PlanStyle {
  readonly colour: boolean;
  /** All properties of what changes, whole, and not only the paths that do. @default false */
  readonly whole?: boolean | undefined;
  /** Also what stays the same. @default false */
  readonly sames?: boolean | undefined;
}

/** The steps as a tree by parent: what changes, with its properties, under the components it is part of. */
export function renderPlan(steps: readonly Step[], style: PlanStyle): string {
  const shown = mergedByUrn(steps);
  const children = Map.groupBy(shown.values(), ({ parent }) => (shown.has(parent) ? parent : ""));
  const lines: string[] = [];
  const visit = (step: Step, depth: number): boolean => {
    const at = lines.length;
    let changes = style.sames || step.op !== "same" || step.error !== undefined;
    for (const child of children.get(step.urn) ?? []) changes = visit(child, depth + 1) || changes;
    if (changes) lines.splice(at, 0, ...renderStep(step, depth, style));
    return changes;
  };
  for (const root of children.get("") ?? []) visit(root, 0);
  return lines.join("\n");
}

/** `+ 3 to create, ~ 1 to update, 40 unchanged`. Components are not counted. */
export function renderSummary(
  { steps, mistakes }: { readonly steps: readonly Step[]; readonly mistakes: number },
  kind: UpdateKind,
  { colour }: { readonly colour: boolean },
): string {
  const words = kind === "preview" ? FUTURE : PAST;
  const counted = [...mergedByUrn(steps).values()].filter((step) => step.custom);
  const parts = SUMMED_UP.flatMap((op) => {
    const count = counted.filter((step) => step.op === op && step.error === undefined).length;
    if (count === 0) return [];
    return [
      op === "same" ? `${count} ${words[op]}` : paint(op, `${GLYPHS[op]} ${count} ${words[op]}`, colour),
    ];
  });
  const failed = counted.filter((step) => step.error !== undefined).length;
  if (failed > 0) parts.push(paint("delete", `${failed} failed`, colour));
  if (mistakes > 0) {
    parts.push(paint("delete", `${mistakes} ${mistakes === 1 ? "mistake" : "mistakes"} to mend`, colour));
  }
  return parts.length === 0 ? "nothing to do" : parts.join(", ");
}

/** One step a URN: the deletion of what was replaced is part of its replacement. */
function mergedByUrn(steps: readonly Step[]): ReadonlyMap<string, Step> {
  const merged = new Map<string, Step>();
  for (const step of steps) {
    const isPart = step.op === "delete-replaced" && step.error === undefined;
    if (!isPart || !merged.has(step.urn)) merged.set(step.urn, step);
  }
  return merged;
}

function renderStep(step: Step, depth: number, { colour, whole }: PlanStyle): readonly string[] {
  const indent = "  ".repeat(depth);
  const head = `${indent}${GLYPHS[step.op].padEnd(2)} ${step.name}  ${step.type}`;
  const isShownWhole = whole && step.custom && step.op !== "same";
  const lines = isShownWhole ? allProperties(step) : changedProperties(step);
  const details = lines.map((line) => `${indent}     ${line}`);
  if (step.error !== undefined) details.push(`${indent}     failed: ${step.error}`);
  return [paint(step.op, head, colour), ...details];
}

function paint(op: StepOp, text: string, colour: boolean): string {
  return colour && COLOURS[op] !== 0 ? `\u001b[${COLOURS[op]}m${text}\u001b[0m` : text;
}
