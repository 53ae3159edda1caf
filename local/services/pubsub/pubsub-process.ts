import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { CloudResource } from "../../kernel/contract.ts";

const PROGRAM = fileURLToPath(new URL("standalone-pubsub.ts", import.meta.url));
/** As the whole cloud is started: garbage of short life must not make the process large. */
const EXEC_ARGV = ["--max-semi-space-size=4"];
const DEADLINE_MS = 30_000;

export type PubSubOrder =
  | { readonly kind: "put"; readonly resources: readonly CloudResource[] }
  | { readonly kind: "port"; readonly email: string }
  | { readonly kind: "backlog"; readonly subscription: string }
  | { readonly kind: "stop" };

export interface PubSubReport {
  readonly port?: number;
  readonly backlog?: number;
}

/** A local Pub/Sub whose memory and time are its own, and which can be killed: for what loads it. */
export class PubSubProcess {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** On the state that is in the folder. Pushes go to `endpoint`, whatever their subscription says. */
  static async start(stateDir: string, endpoint = ""): Promise<PubSubProcess> {
    const env = { ...process.env, NODE_OPTIONS: "--disable-warning=ExperimentalWarning" };
    const child = fork(PROGRAM, [stateDir, endpoint], {
      env,
      execArgv: EXEC_ARGV,
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const started = new PubSubProcess(child);
    await started.#report();
    return started;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async put(...resources: readonly CloudResource[]): Promise<void> {
    await this.#order({ kind: "put", resources });
  }

  /** Where the account's gRPC calls go. */
  async port(email: string): Promise<number> {
    const { port = 0 } = await this.#order({ kind: "port", email });
    return port;
  }

  async backlog(subscription: string): Promise<number> {
    const { backlog = 0 } = await this.#order({ kind: "backlog", subscription });
    return backlog;
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, "exit", { signal: AbortSignal.timeout(DEADLINE_MS) });
    this.#child.send({ kind: "stop" } satisfies PubSubOrder);
    await exited;
  }

  /** As a crash would: kill -9. */
  async kill(): Promise<void> {
    const exited = once(this.#child, "exit", { signal: AbortSignal.timeout(DEADLINE_MS) });
    this.#child.kill("SIGKILL");
    await exited;
  }

  async #order(order: PubSubOrder): Promise<PubSubReport> {
    const report = this.#report();
    this.#child.send(order);
    return report;
  }

  /** Orders are answered one at a time, in their order. */
  async #report(): Promise<PubSubReport> {
    const [report] = await once(this.#child, "message", { signal: AbortSignal.timeout(DEADLINE_MS) });
    return report as PubSubReport;
  }
}
