/** Exit codes of the command line. They are part of its contract. */
export const EXIT = {
  done: 0,
  failed: 1,
  /** Another update holds the stack. */
  locked: 3,
  stateUnusable: 4,
  notRunning: 5,
  interrupted: 130,
} as const;

/** What a person is told in a sentence, without a stack, and the exit code that a script sees. */
export class Failure extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT.failed, options?: ErrorOptions) {
    super(message, options);
    this.name = "Failure";
    this.exitCode = exitCode;
  }
}
