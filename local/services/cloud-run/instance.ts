import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import type { Severity } from "../../kernel/contract.ts";
import type { Connections } from "./container/messages.ts";
import { InstanceFailed, InstancePortTaken } from "./instance-failed.ts";
import { parseMessage } from "./instance-message.ts";
import { readLines } from "./log-lines.ts";
import { watchMemory } from "./memory-limit.ts";
import { failureText, type Probe, watch } from "./probe.ts";
import { startupFailure } from "./startup.ts";

const KEPT_LINES = 30;

export type OutputStream = "stdout" | "stderr";

export interface Probes {
  readonly startup: Probe | undefined;
  readonly liveness: Probe | undefined;
  readonly readiness: (Probe & { readonly successThreshold: number }) | undefined;
}

export interface InstanceOptions {
  /** Shown by `ps`, and how a later run of the cloud knows the process for its own. */
  readonly title: string;
  /** JavaScript that is run before the instance's own: what `container/` is bundled to. */
  readonly preload: string;
  /** The container's name, for what is said of it. */
  readonly container: string;
  readonly folder: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly port: number;
  readonly probes: Probes;
  readonly startupDeadlineMs: number;
  readonly memoryBytes: number;
  /** Between SIGTERM and SIGKILL. */
  readonly stopGraceMs: number;
  readonly onLine: (line: string, stream: OutputStream) => void;
  /** What Cloud Run itself has to say of the instance. */
  readonly onEvent: (severity: Severity, message: string) => void;
  readonly onEgress: (connections: readonly Connections[]) => void;
  /** Ends the attempt to start. */
  readonly signal: AbortSignal;
}

/** One process that serves a revision's requests on a port of its own. */
export class Instance {
  readonly port: number;
  readonly pid: number;
  /** Resolves with how the process ended. */
  readonly ended: Promise<string>;
  inFlight = 0;
  /** Called when `isReady` changes. */
  onReadiness: () => void = () => undefined;
  readonly #process: ChildProcess;
  readonly #options: InstanceOptions;
  readonly #lastLines: string[] = [];
  readonly #listening = Promise.withResolvers<void>();
  readonly #gone = new AbortController();
  #endedAs: string | undefined;
  #killedFor: string | undefined;
  #isPortTaken = false;
  #isReady = true;

  private constructor(child: ChildProcess, pid: number, options: InstanceOptions) {
    this.#process = child;
    this.#options = options;
    this.pid = pid;
    this.port = options.port;
    const stopWatch = watchMemory(pid, options.memoryBytes, (limit, used) => {
      const event = `Memory limit of ${limit} MiB exceeded with ${used} MiB used.`;
      this.#kill(`was ended over its memory: limit of ${limit} MiB exceeded with ${used} MiB used`, event);
    });
    this.ended = new Promise((resolve) => {
      child.once("close", (code, signal) => {
        stopWatch();
        this.#endedAs = this.#killedFor ?? (signal ? `was ended by ${signal}` : `exited with code ${code}`);
        this.#gone.abort();
        resolve(this.#endedAs);
      });
    });
    for (const stream of ["stdout", "stderr"] as const)
      readLines(child[stream] as Readable, (line) => this.#keep(line, stream));
    child.on("message", (message) => this.#hear(message));
    // Of no interest once the start has ended otherwise.
    this.#listening.promise.catch(() => undefined);
  }

  /**
   * @throws {InstancePortTaken} if another program has the port.
   * @throws {InstanceFailed} if the process does not answer its startup probe in time.
   */
  static async start(options: InstanceOptions): Promise<Instance> {
    const nodeOptions = [`--title=${options.title}`, "--require", options.preload];
    const child = spawn(process.execPath, [...nodeOptions, ...options.args], {
      cwd: options.folder,
      env: options.environment,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    const failure = once(child, "error").then(([error]) => error as Error);
    if (child.pid === undefined)
      throw new InstanceFailed(`could not be started: ${(await failure).message}`, []);
    failure.catch(() => undefined);
    const instance = new Instance(child, child.pid, options);
    try {
      await instance.#becomeReady();
      instance.#watch();
      return instance;
    } catch (error) {
      await instance.stop(0);
      throw error;
    }
  }

  get isRunning(): boolean {
    return this.#endedAs === undefined && this.#killedFor === undefined;
  }

  /** Whether its readiness probe lets it have new requests. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** SIGTERM, then SIGKILL after the grace; resolves when the process is gone. */
  async stop(graceMs: number = this.#options.stopGraceMs): Promise<void> {
    if (this.#endedAs !== undefined) return;
    if (graceMs > 0) this.#process.kill("SIGTERM");
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), graceMs);
    await this.ended;
    clearTimeout(timer);
  }

  async #becomeReady(): Promise<void> {
    const { probes, startupDeadlineMs, signal, container, port } = this.#options;
    const failure = await startupFailure({
      container,
      port,
      probe: probes.startup,
      deadlineMs: startupDeadlineMs,
      listening: this.#listening.promise,
      over: AbortSignal.any([signal, this.#gone.signal]),
    });
    if (signal.aborted) throw new InstanceFailed("is no longer needed", []);
    if (this.#endedAs !== undefined) {
      // What it said last may come after its end.
      if (this.#process.connected) await once(this.#process, "disconnect");
      if (this.#isPortTaken) throw new InstancePortTaken(port, this.#lastLines);
      throw new InstanceFailed(`${this.#endedAs} before it listened on PORT=${port}`, this.#lastLines);
    }
    if (failure) throw new InstanceFailed(failure, this.#lastLines);
  }

  #watch(): void {
    const { port } = this;
    const { probes, onEvent } = this.#options;
    const { liveness, readiness } = probes;
    const signal = this.#gone.signal;
    if (liveness) {
      const onChange = () => {
        const failure = failureText("LIVENESS", liveness, this.#options);
        this.#kill(`was shut down: ${failure}`, `${failure}. The instance has been shut down.`);
      };
      void watch(liveness, port, { successThreshold: 1, onChange, signal });
    }
    if (!readiness) return;
    const onChange = (isWell: boolean) => {
      this.#isReady = isWell;
      if (isWell) onEvent("INFO", "READINESS probe succeeded. The instance gets requests again.");
      else {
        const failure = failureText("READINESS", readiness, this.#options);
        onEvent("WARNING", `${failure}. The instance gets no new requests.`);
      }
      this.onReadiness();
    };
    void watch(readiness, port, { successThreshold: readiness.successThreshold, onChange, signal });
  }

  /**
   * SIGKILL at once, as Cloud Run in such cases: whom the instance was serving gets 503.
   *
   * @see https://cloud.google.com/run/docs/configuring/healthchecks "Probe requirements and behavior"
   */
  #kill(reason: string, event: string): void {
    this.#killedFor = reason;
    this.#options.onEvent("ERROR", event);
    this.#process.kill("SIGKILL");
  }

  #hear(value: unknown): void {
    const message = parseMessage(value);
    if (message?.kind === "egress") this.#options.onEgress(message.connections);
    else if (message?.port !== this.port) return;
    else if (message.kind === "listening") this.#listening.resolve();
    else {
      this.#isPortTaken = true;
      this.#listening.reject(new InstancePortTaken(this.port, this.#lastLines));
    }
  }

  #keep(line: string, stream: OutputStream): void {
    this.#lastLines.push(line);
    if (this.#lastLines.length > KEPT_LINES) this.#lastLines.shift();
    this.#options.onLine(line, stream);
  }
}
