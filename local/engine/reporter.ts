import { EngineRefusal, EXIT, type ExitCode } from "./engine-refusal.ts";
import type { ChangeSummary, EngineEvent, Step } from "./events.ts";
import { aboutResource, inProgramOrder, type Mistake, mistakesOf, type Subject } from "./mistakes.ts";
import type { Origin } from "./origin.ts";
import type { ProviderFailure } from "./provider-failure.ts";

/** What the SDK says when a registration was answered with a failure that we have already told. */
const ECHO = /resource (.+?) \[([^\]]+)\] failed to register/;
/** What the SDK says when a refusal of ours reaches its handler of last resort without a reason. */
const STUMBLE = /reading 'stack'[\s\S]*uncaughtHandler/;

/** Collects what happens in an update, tells it once, and decides how the update ends. */
export class Reporter {
  readonly steps: Step[] = [];
  readonly #emit: (event: EngineEvent) => void;
  readonly #failedNames = new Set<string>();
  readonly #told = new Set<string>();
  readonly #refused: string[] = [];
  readonly #answered = new Set<string>();
  readonly #mistakes = new Map<string, Mistake>();
  #exitCode: ExitCode = EXIT.done;

  constructor(emit: (event: EngineEvent) => void) {
    this.#emit = emit;
  }

  get failed(): boolean {
    return this.#exitCode !== EXIT.done;
  }

  get exitCode(): ExitCode {
    return this.#exitCode;
  }

  get changeSummary(): ChangeSummary {
    const count = (...ops: readonly Step["op"][]): number =>
      this.steps.filter((step) => step.custom && step.error === undefined && ops.includes(step.op)).length;
    return {
      create: count("create", "replace"),
      update: count("update"),
      delete: count("delete", "delete-replaced"),
      same: count("same"),
    };
  }

  /** Of the program, each once, in its order. */
  get mistakes(): readonly Mistake[] {
    return inProgramOrder(this.#mistakes.values());
  }

  started(step: Step): number {
    this.#emit({ type: "step", phase: "started", step });
    return performance.now();
  }

  done(step: Step, startedAt: number): void {
    this.steps.push(step);
    this.#emit({ type: "step", phase: "done", step, durationMs: Math.round(performance.now() - startedAt) });
  }

  stepFailed(step: Step, error: string): void {
    const failed = { ...step, error };
    this.steps.push(failed);
    this.#emit({ type: "step", phase: "failed", step: failed });
    this.#fail(EXIT.failed);
  }

  /** Tells of a failure with the resource's name, and remembers it: the SDK will repeat it in its own words. */
  resourceFailed(resource: Subject, error: Error): void {
    this.#failedNames.add(`${resource.name} ${resource.type}`);
    if (error instanceof EngineRefusal && error.general) this.refusal(error);
    else this.error(aboutResource(resource, error.message), resource.urn);
  }

  /**
   * What came of registering a resource. Mistakes of the program are kept until all are known; any other
   * failure is told at once. Returns whether it was a mistake.
   */
  registrationFailed(resource: Subject, origin: Origin, error: Error): boolean {
    const mistakes = mistakesOf(resource, origin, error);
    if (mistakes.length === 0) this.resourceFailed(resource, error);
    this.#failedNames.add(`${resource.name} ${resource.type}`);
    this.learn(mistakes);
    return mistakes.length > 0;
  }

  /** Takes over mistakes; those that are known already count once. */
  learn(mistakes: readonly Mistake[]): void {
    for (const mistake of mistakes) {
      this.#mistakes.set(`${mistake.urn} ${mistake.message}`, mistake);
      this.#fail(EXIT.failed);
    }
  }

  tellMistakes(): void {
    for (const { message, urn, origin } of this.mistakes) this.error(message, urn, EXIT.failed, origin.at);
  }

  error(message: string, urn?: string, exitCode: ExitCode = EXIT.failed, at?: string): void {
    this.#fail(exitCode);
    const telling = `${urn} ${message}`;
    if (this.#told.has(telling)) return;
    this.#told.add(telling);
    this.#emit({
      type: "diagnostic",
      severity: "error",
      message,
      ...(urn !== undefined && { urn }),
      ...(at !== undefined && { at }),
    });
  }

  refusal(error: EngineRefusal): void {
    this.#refused.push(error.message);
    this.error(error.message, undefined, error.exitCode);
  }

  /** The program has heard of a provider's failure, and may catch it: it is told of when the program fails of it. */
  answered({ message }: ProviderFailure): void {
    this.#answered.add(message);
  }

  /** An error of the program, unless that is known already; of what a provider answered, without the SDK's trace. */
  programError(message: string, urn?: string): void {
    if (this.#isEcho(message)) return;
    this.error([...this.#answered].find((answer) => message.includes(answer)) ?? message, urn);
  }

  warn(message: string, urn?: string): void {
    this.#emit({ type: "diagnostic", severity: "warning", message, ...(urn !== undefined && { urn }) });
  }

  info(message: string, urn?: string): void {
    this.#emit({ type: "diagnostic", severity: "info", message, ...(urn !== undefined && { urn }) });
  }

  log(stream: "stdout" | "stderr", line: string): void {
    this.#emit({ type: "log", stream, line });
  }

  /** The first failure decides, unless it is an interruption. */
  #fail(exitCode: ExitCode): void {
    if (this.#exitCode === EXIT.done || exitCode === EXIT.interrupted) this.#exitCode = exitCode;
  }

  /** Whether an error of the program only repeats a refusal, or what was told of one of its resources. */
  #isEcho(message: string): boolean {
    if (this.#refused.length > 0 && STUMBLE.test(message)) return true;
    if (this.#refused.some((refused) => message.includes(refused))) return true;
    const [, name, type] = ECHO.exec(message) ?? [];
    return this.#failedNames.has(`${name} ${type}`);
  }
}
