/** Exit codes of an update. They are part of the command line's contract. */
export const EXIT = { done: 0, failed: 1, locked: 3, stateUnusable: 4, interrupted: 130 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Something that the engine will not do, or cannot, in one sentence for whoever runs it. */
export class EngineRefusal extends Error {
  readonly code = "ENGINE_REFUSAL";
  readonly exitCode: ExitCode;
  /** It concerns the update as a whole, not the resource at which it was met: told once, without that one's name. */
  readonly general: boolean;

  constructor(message: string, options: ErrorOptions & { exitCode?: ExitCode; general?: boolean } = {}) {
    super(message, options);
    this.name = "EngineRefusal";
    this.exitCode = options.exitCode ?? EXIT.failed;
    this.general = options.general ?? false;
  }
}

/** Why a step was not begun, or an update not completed, once it was asked to stop. */
export function interrupted(): EngineRefusal {
  return new EngineRefusal("Interrupted; the steps that ran are recorded.", {
    exitCode: EXIT.interrupted,
    general: true,
  });
}
