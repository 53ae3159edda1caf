export const EXIT_NOT_RUNNING = 5;

/** What a person is told in a sentence, without a stack, and the exit code that a script sees. */
export class Failure extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode = 1, options?: ErrorOptions) {
    super(message, options);
    this.name = "Failure";
    this.exitCode = exitCode;
  }
}
