import { paint } from "../../operator/terminal/output.ts";
import type { Mistake } from "../pulumi/judgement.ts";

/** What a person should know before it happens. */
export function tellWarnings(warnings: readonly Mistake[], out: NodeJS.WriteStream): void {
  for (const { at, message } of warnings) {
    out.write(`${paint("yellow", "warning", out)}: ${at === undefined ? "" : `${at}: `}${message}\n`);
  }
}

/** All of them, each with its place, and how many there are. */
export function tellMistakes(mistakes: readonly Mistake[], out: NodeJS.WriteStream): void {
  for (const { at, message } of mistakes) {
    out.write(`${paint("red", "error", out)}: ${at === undefined ? "" : `${at}: `}${message}\n`);
  }
  const count = mistakes.length === 1 ? "1 mistake" : `${mistakes.length} mistakes`;
  out.write(`${count} in the program; nothing was changed.\n`);
}
