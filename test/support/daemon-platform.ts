import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requireCloud } from "../../local/daemon/cloud-process.ts";
import type { CloudStatus } from "../../local/daemon/control.ts";
import type { DomainResource } from "../../operator/api-client.ts";
import { type Ended, runCommand, type Surroundings } from "./command-line.ts";
import { withPatience } from "./local-platform.ts";
import { ReservedPorts } from "./reserved-ports.ts";
import { type StackUpdate, type UpdateSettings, updateStack } from "./update-stack.ts";

/** As far as it fits a failure. */
const TOLD_LINES = 60;
const TOLD_LENGTH = 400;

/** The platform as a person has it: commands, and a cloud that is a process of its own. */
export class DaemonPlatform implements AsyncDisposable {
  readonly stateDir: string;
  readonly #ports: ReservedPorts;
  readonly #surroundings: Surroundings;

  private constructor(stateDir: string, ports: ReservedPorts, surroundings: Surroundings) {
    this.stateDir = stateDir;
    this.#ports = ports;
    this.#surroundings = surroundings;
  }

  /** Nothing runs yet. @param folder where the state is to be; a temporary one without it */
  static async make(surroundings: Surroundings = {}, folder?: string): Promise<DaemonPlatform> {
    const stateDir = folder ?? mkdtempSync(join(tmpdir(), "daemon-"));
    return new DaemonPlatform(stateDir, await ReservedPorts.take(), surroundings);
  }

  get portBase(): number {
    return this.#ports.base;
  }

  run(...args: readonly string[]): Promise<Ended> {
    return runCommand([...args, "--state-dir", this.stateDir], this.#surroundings);
  }

  up(...args: readonly string[]): Promise<Ended> {
    return this.run("up", "--no-first-domain", "--port-base", String(this.portBase), ...args);
  }

  /** `up`, which must succeed. */
  async mustUp(...args: readonly string[]): Promise<void> {
    const { code, out, err } = await this.up(...args);
    if (code !== 0) throw new Error(`up exited with ${code}:\n${out}${err}`);
  }

  /** `up` of another program. */
  update(settings: UpdateSettings): Promise<StackUpdate> {
    return updateStack(this.stateDir, settings);
  }

  /** Of a platform whose state this process can see. */
  status(): Promise<CloudStatus> {
    return requireCloud(this.stateDir);
  }

  async add(domain: string): Promise<void> {
    const { code, err } = await this.run("domains", "add", domain);
    if (code !== 0) throw new Error(`${domain}: ${err}`);
  }

  async domains(): Promise<readonly DomainResource[]> {
    const { code, out, err } = await this.run("domains", "list", "--json");
    if (code !== 0) throw new Error(err);
    return (JSON.parse(out) as { domains: DomainResource[] }).domains;
  }

  /** Resolves when every domain is active or failed. @throws telling of those that are not, and what was logged of them. */
  async settled(names: readonly string[], seconds: number): Promise<readonly DomainResource[]> {
    let found: readonly DomainResource[] = [];
    const isSettled = ({ state }: DomainResource) => state === "active" || state === "failed";
    try {
      return await withPatience(`${names.length} domains to be settled`, seconds, async () => {
        found = (await this.domains()).filter(({ domain }) => names.includes(domain));
        const settled = found.filter(isSettled);
        return settled.length === names.length ? settled : undefined;
      });
    } catch (error) {
      const settled = found.filter(isSettled).map(({ domain }) => domain);
      const late = names.filter((name) => !settled.includes(name));
      throw new Error(`${(error as Error).message}\n${await this.#told(late)}`, { cause: error });
    }
  }

  /** Domains, their states, and the last of what was logged of them and of anything that went wrong. */
  async #told(domains: readonly string[]): Promise<string> {
    const { out, err } = await this.run("logs", "--json", "--severity", "DEBUG", "--lines", "20000");
    const lines = out.split("\n").filter((line) => {
      return /"severity":"(ERROR|CRITICAL)"/.test(line) || domains.some((domain) => line.includes(domain));
    });
    return [
      `Not settled: ${domains.join(", ")}.`,
      ...lines.slice(-TOLD_LINES).map((line) => line.slice(0, TOLD_LENGTH)),
      err,
    ].join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run("down");
    await this.#ports[Symbol.asyncDispose]();
    rmSync(this.stateDir, { recursive: true, force: true });
  }
}
