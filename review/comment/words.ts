import type { FindingKind } from "../changes/finding.ts";
import type { Verdict } from "../changes/review.ts";
import type { Setting, WorkloadChange } from "../changes/workloads.ts";
import type { CostDifference } from "../cost/cost.ts";

/** What a review is of. */
export interface Subject {
  /** The commit whose program was previewed. */
  readonly commit?: string;
  /** What it is compared with, if that is no stack in use. */
  readonly base?: string;
  /** RFC 3339. */
  readonly at: string;
}

/** A sign tells at a glance, a word those who don't see it. */
export const KIND_WORDS: Readonly<Record<FindingKind, readonly [string, string]>> = {
  deletion: ["🛑", "Deletion"],
  replacement: ["🛑", "Replacement"],
  backlog: ["🛑", "Lost messages"],
  "dead-letter": ["🛑", "Dead letters"],
  public: ["🌐", "Public"],
  access: ["🔑", "Access"],
  protection: ["🛡️", "Protection"],
  edge: ["⚠️", "Edge"],
  encryption: ["⚠️", "Encryption"],
  certificate: ["⚠️", "Certificate"],
  route: ["⚠️", "Route"],
  retention: ["⚠️", "Retention"],
  alert: ["⚠️", "Alert"],
};

export const VERDICT_WORDS: Readonly<Record<Verdict, readonly [string, string]>> = {
  fails: ["❌", "does not preview"],
  dangerous: ["🛑", "dangerous"],
  read: ["⚠️", "to be read"],
  ordinary: ["✅", "ordinary"],
  unchanged: ["➖", "unchanged"],
};

/** `412 kB → 415 kB (+3 kB)` */
export function codeChange({ code }: WorkloadChange): string {
  if (code === undefined) return "";
  const { before, after } = code;
  if (before === undefined && after === undefined) return "changes (sizes are not known here)";
  if (before === undefined) return `new, ${kilobytes(after)} (the size before is not known here)`;
  if (after === undefined) return `changes, from ${kilobytes(before)} (the new size is not known here)`;
  // Archives grow in blocks.
  if (after === before) return `changes, as large as before (${kilobytes(after)})`;
  const more = after - before;
  const sign = more < 0 ? "−" : "+";
  return `${kilobytes(before)} → ${kilobytes(after)} (${sign}${kilobytes(Math.abs(more))})`;
}

/** `memory 512Mi → 1Gi, cpu 1 → 2` */
export function settingChange({ name, before, after }: Setting): string {
  return `${name} ${before} → ${after}`;
}

export function dollars({ monthly }: Pick<CostDifference, "monthly">): string {
  if (Math.abs(monthly) < 0.005) return "±$0";
  return `${monthly < 0 ? "−" : "+"}$${Math.abs(monthly).toFixed(2)}`;
}

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;
}

function kilobytes(bytes = 0): string {
  if (bytes < 1_000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${(bytes / 1_000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(2)} MB`;
}
