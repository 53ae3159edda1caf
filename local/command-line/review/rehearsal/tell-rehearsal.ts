import { paint, table } from "../../../../operator/terminal/output.ts";
import { accountOf } from "../../../../review/rehearsal/account.ts";
import type { Rehearsal } from "../../../../review/rehearsal/rehearsal.ts";

/** A rehearsal for a terminal. */
export function tellRehearsal(rehearsal: Rehearsal): string {
  const { title, verdict, table: rows, troubles } = accountOf(rehearsal);
  return [
    paint("bold", title),
    paint(rehearsal.isClean ? "green" : "red", verdict),
    "",
    table(rows),
    ...troubles.flatMap(({ what, examples }) => ["", what, ...examples.map((example) => `  ${example}`)]),
    "",
  ].join("\n");
}
