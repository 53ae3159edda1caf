/** Exit codes of an update. They are part of the command line's contract. */
export const EXIT = { done: 0, failed: 1, locked: 3, stateUnusable: 4, interrupted: 130 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Something that the engine will not do, or cannot, in one sentence for whoever runs it. */
export class EngineRefusal extends Error {
  readonly code = "ENGINE_REFUSAL";
  readonly exitCode: ExitCode;

  constructor(message: string, options: ErrorOptions & { exitCode?: ExitCode } = {}) {
    super(message, options);
    this.name = "EngineRefusal";
    this.exitCode = options.exitCode ?? EXIT.failed;
  }
}
