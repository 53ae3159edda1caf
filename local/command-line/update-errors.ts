import { paint } from "../../operator/terminal/output.ts";
import { nameOf } from "../provider/requests.ts";
import { about } from "../pulumi/judgement.ts";
import type { UpdateResult } from "../pulumi/update.ts";

const GRAVE: readonly unknown[] = ["ERROR", "CRITICAL", "ALERT", "EMERGENCY"];

/** One sentence each, of what went wrong, where, and what to do next. */
export function tellErrors(errors: UpdateResult["errors"]): void {
  for (const { message, urn, at } of errors) {
    const sentence = urn === undefined ? message : about(urn, briefly(message, urn));
    process.stderr.write(
      `${paint("red", "error", process.stderr)}: ${at === undefined ? "" : `${at}: `}${sentence}\n`,
    );
  }
  if (errors.length > 0) {
    process.stderr.write("Mend that and run npm run up again: it goes on from what is done.\n");
  }
}

/** A revision that failed brings the last lines of its log: its own last error is what somebody can mend. */
export function briefly(message: string, urn: string): string {
  const [head = "", ...lines] = message.split("\n");
  const [, revision] = /Revision "([^"]+)" failed: .*:$/.exec(head) ?? [];
  if (revision === undefined) return message;
  const name = nameOf({ urn });
  // What it logs is under the name that Cloud Run has for it.
  const source = revision.startsWith(name) ? name : revision.replace(/-\d{5}-\w+$/, "");
  return `${head} ${lastError(lines)} (npm run logs -- ${source} shows all that it said)`;
}

/** Of a workload's lines the last that tells of an error, or else the last that is neither a frame nor Node's own. */
function lastError(lines: readonly string[]): string {
  const told = lines.flatMap((line) => errorOf(line) ?? []).at(-1);
  const said = lines.findLast((line) => /\S/.test(line) && !/^\s+at |^Node\.js v\d/.test(line));
  return (told ?? said ?? "").replaceAll(/\s*\n\s*/g, " ").trim();
}

/** The message of a structured entry, or the line that begins an exception's stack. */
function errorOf(line: string): string | undefined {
  if (/^(Uncaught )?[\w.]*(Error|Exception)\b.*: /.test(line)) return line;
  try {
    const { severity, message } = JSON.parse(line) as { severity?: unknown; message?: unknown };
    return GRAVE.includes(severity) && typeof message === "string" ? message : undefined;
  } catch {
    return undefined;
  }
}
