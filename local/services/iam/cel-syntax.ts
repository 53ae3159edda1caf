import { Environment } from "@marcbachmann/cel-js";

/** @returns what is wrong with the syntax of an expression, if anything is. Google has functions that no other has. */
export function brokenSyntax(expression: string): string | undefined {
  try {
    new Environment({ unlistedVariablesAreDyn: true }).parse(expression);
    return undefined;
  } catch (error) {
    return firstLine(error);
  }
}

/** The evaluator shows the place of a mistake in the lines below. */
export function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split("\n", 1)[0] ?? "";
}
