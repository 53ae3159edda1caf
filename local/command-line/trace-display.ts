import { duration } from "../../operator/terminal/durations.ts";
import { paint } from "../../operator/terminal/output.ts";
import type { TraceSpan, TraceTree } from "./trace-tree.ts";

const BAR_WIDTH = 24;
const SHARES = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
const NAME_WIDTH = 90;

/** A trace as a waterfall: start and duration of each span, a bar on the trace's whole time, and the tree. */
export function waterfall(tree: TraceTree): string {
  const lines = tree.spans.flatMap((span, index) =>
    spanLines(span, tree, { indent: "", isLast: index === tree.spans.length - 1 }),
  );
  return [paint("dim", `${"START".padStart(8)}  ${"DURATION".padStart(8)}`), ...lines].join("\n");
}

interface Position {
  readonly indent: string;
  readonly isLast: boolean;
  readonly parent?: TraceSpan;
}

function spanLines(
  span: TraceSpan,
  tree: TraceTree,
  { indent, isLast, parent }: Position,
): readonly string[] {
  const branch = !parent ? "" : isLast ? "└─ " : "├─ ";
  const below = !parent ? indent : `${indent}${isLast ? "   " : "│  "}`;
  const parts = [
    ...span.children.map((child) => ({ at: child.startMs, child })),
    ...span.events.map(({ name, atMs }) => ({ at: atMs, name })),
  ].sort((a, b) => a.at - b.at);
  return [
    [
      duration(span.startMs).padStart(8),
      duration(span.durationMs).padStart(8),
      bar(span, tree),
      `${indent}${branch}${label(span, parent)}`,
    ].join("  "),
    ...parts.flatMap((part, index) => {
      const isLast = index === parts.length - 1;
      if ("child" in part) return spanLines(part.child, tree, { indent: below, isLast, parent: span });
      const mark = `${below}${isLast ? "└─ " : "├─ "}◆ ${part.name}`;
      return [`${duration(part.at).padStart(8)}  ${"".padStart(8)}  ${"".padEnd(BAR_WIDTH)}  ${mark}`];
    }),
  ];
}

/** Whose work it is goes without saying for what a workload does itself. */
function label({ name, source, status, error }: TraceSpan, parent: TraceSpan | undefined): string {
  const short = name.length <= NAME_WIDTH ? name : `${name.slice(0, NAME_WIDTH - 1)}…`;
  const failed = error !== undefined || (status ?? 0) >= 400;
  return [
    failed ? paint("red", short) : short,
    ...(status === undefined ? [] : [String(status)]),
    ...(source === parent?.source ? [] : [paint("cyan", `(${source})`)]),
    ...(error === undefined ? [] : [paint("red", error)]),
  ].join(" ");
}

/** Where a span lies in the trace's time, to an eighth of a column. */
function bar({ startMs, durationMs }: TraceSpan, tree: TraceTree): string {
  const scale = BAR_WIDTH / Math.max(tree.durationMs, 1);
  const from = Math.min(Math.floor(startMs * scale), BAR_WIDTH - 1);
  const eighths = Math.max(1, Math.round(durationMs * scale * 8));
  const whole = Math.min(Math.floor(eighths / 8), BAR_WIDTH - from);
  const rest = from + whole < BAR_WIDTH ? (SHARES[eighths % 8] ?? "") : "";
  return `${" ".repeat(from)}${"█".repeat(whole)}${rest}`.padEnd(BAR_WIDTH);
}
