import { EngineRefusal, EXIT, type ExitCode } from "./engine-refusal.ts";
import type { ChangeSummary, EngineEvent, Step } from "./events.ts";

/** What the SDK says when a registration was answered with a failure that we have already told. */
const ECHO = /resource (.+?) \[([^\]]+)\] failed to register/;

/** Collects what happens in an update, tells it once, and decides how the update ends. */
export class Reporter {
  readonly steps: Step[] = [];
  readonly #emit: (event: EngineEvent) => void;
  readonly #failedNames = new Set<string>();
  readonly #told = new Set<string>();
  readonly #refused: string[] = [];
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
    if (this.#exitCode === EXIT.done) this.#exitCode = EXIT.failed;
  }

  /** Tells of a failure with the resource's name, and remembers it: the SDK will repeat it in its own words. */
  resourceFailed(resource: { name: string; type: string; urn?: string }, error: Error): void {
    this.#failedNames.add(`${resource.name} ${resource.type}`);
    if (error instanceof EngineRefusal && error.general) {
      this.refusal(error);
      return;
    }
    const subject = `Resource "${resource.name}" (${resource.type})`;
    const { message } = error;
    this.error(message.startsWith(subject) ? message : `${subject}: ${message}`, resource.urn);
  }

  error(message: string, urn?: string, exitCode: ExitCode = EXIT.failed): void {
    if (this.#exitCode === EXIT.done || exitCode === EXIT.interrupted) this.#exitCode = exitCode;
    if (this.#told.has(message)) return;
    this.#told.add(message);
    this.#emit({ type: "diagnostic", severity: "error", message, ...(urn !== undefined && { urn }) });
  }

  refusal(error: EngineRefusal): void {
    this.#refused.push(error.message);
    this.error(error.message, undefined, error.exitCode);
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

  /** Whether an error of the program only repeats a refusal, or what was told of one of its resources. */
  isEcho(message: string): boolean {
    if (this.#refused.some((refused) => message.includes(refused))) return true;
    const [, name, type] = ECHO.exec(message) ?? [];
    return this.#failedNames.has(`${name} ${type}`);
  }
}
