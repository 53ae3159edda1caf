import type { Report } from "../kind.ts";
import { type Properties, text } from "../values.ts";

/** The last part of an id, a link or a bare name: the SDK takes any of them in most places. */
export function lastSegment(value: string): string {
  return value.slice(value.lastIndexOf("/") + 1);
}

/** The id itself, or the one that a bare name stands for. */
export function idIn(inputs: Properties, collection: string, property: string): string {
  const value = text(inputs, property);
  return value.startsWith("projects/") ? value : `${projectId(inputs)}/${collection}/${value}`;
}

/** `projects/P` */
export function projectId(inputs: Properties): string {
  return `projects/${lastSegment(text(inputs, "project"))}`;
}

/** Reports a known string that does not match. */
export function checkPattern(
  inputs: Properties,
  property: string,
  pattern: RegExp,
  rule: string,
  report: Report,
): void {
  const value = inputs[property];
  if (typeof value === "string" && !pattern.test(value)) report(property, rule);
}

/** Reports a known number outside of a range. */
export function checkRange(
  value: unknown,
  path: string,
  range: { readonly from: number; readonly to: number; readonly what: string },
  report: Report,
): void {
  if (typeof value !== "number") return;
  if (!Number.isInteger(value) || value < range.from || value > range.to) {
    report(path, `must be a whole number from ${range.from} to ${range.to} (${range.what})`);
  }
}

/** Reports a known string that is not one of the words. */
export function checkWord(value: unknown, path: string, words: readonly string[], report: Report): void {
  if (typeof value === "string" && !words.includes(value)) {
    report(path, `must be one of ${words.join(", ")}`);
  }
}

/** Seconds of a duration such as "300s" or "3.5s"; NaN when it is none. */
export function seconds(value: string): number {
  return /^\d+(\.\d{1,9})?s$/.test(value) ? Number(value.slice(0, -1)) : Number.NaN;
}

/** Reports a known duration that is malformed or outside of a range in seconds. */
export function checkDuration(
  value: unknown,
  path: string,
  range: { readonly from: number; readonly to: number; readonly what: string },
  report: Report,
): void {
  if (typeof value !== "string") return;
  const length = seconds(value);
  if (!(length >= range.from && length <= range.to)) {
    report(path, `must be a duration from "${range.from}s" to "${range.to}s" (${range.what})`);
  }
}
