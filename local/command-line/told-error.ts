import { EXIT, Failure } from "../../operator/terminal/failure.ts";
import { InvalidExemptions } from "../../review/policies/exemptions.ts";
import { CliFailure } from "../pulumi/pulumi-cli.ts";
import { stateFolderTrouble } from "./state-folder.ts";

/** What a person is told of an error, without a stack, and the exit code that a script sees. */
export interface ToldError {
  readonly text: string;
  readonly exitCode: number;
}

/**
 * @param stateDir absolute; none for a command that knows of no state.
 * @returns `undefined` for what nobody foresaw: a fault of ours, whose stack is of use.
 */
export function toldError(error: unknown, stateDir?: string): ToldError | undefined {
  const foreseen = error instanceof Failure;
  const trouble = stateDir === undefined ? undefined : stateFolderTrouble(stateDir);
  // What is wrong with the folder explains what nobody foresaw; what somebody did foresee is told beside it.
  if (foreseen) {
    return { text: [error.message, trouble].filter(Boolean).join("\n"), exitCode: error.exitCode };
  }
  if (error instanceof CliFailure || error instanceof InvalidExemptions) {
    return { text: [error.message, trouble].filter(Boolean).join("\n"), exitCode: EXIT.failed };
  }
  if (trouble !== undefined) return { text: trouble, exitCode: EXIT.stateUnusable };
  if (!isSystemError(error)) return undefined;
  const concernsState = stateDir !== undefined && error.path?.startsWith(stateDir);
  return {
    text: `The operating system refused: ${error.message}.`,
    exitCode: concernsState ? EXIT.stateUnusable : EXIT.failed,
  };
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error && "errno" in error;
}
