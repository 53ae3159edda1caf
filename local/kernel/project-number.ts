import { stableNumber } from "./stable-number.ts";

/** A project's number, as Google gives one to each project id: 12 digits, the same every time. */
export function projectNumber(project: string): string {
  return stableNumber(project, 12);
}
