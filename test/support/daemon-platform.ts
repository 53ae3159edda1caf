import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DomainResource } from "../../local/command-line/api-client.ts";
import { requireCloud } from "../../local/command-line/cloud-process.ts";
import type { CloudStatus } from "../../local/daemon/control.ts";
import type { UpdateResult } from "../../local/engine/events.ts";
import { type Ended, freePortBase, runCommand, type Surroundings } from "./command-line.ts";
import { eventually } from "./local-platform.ts";
import { type UpdateSettings, updateStack } from "./update-stack.ts";

/** The platform as a person has it: commands, and a cloud that is a process of its own. */
export class DaemonPlatform implements AsyncDisposable {
  readonly stateDir: string;
  readonly portBase: number;
  readonly #surroundings: Surroundings;

  private constructor(stateDir: string, portBase: number, surroundings: Surroundings) {
    this.stateDir = stateDir;
    this.portBase = portBase;
    this.#surroundings = surroundings;
  }

  /** Nothing runs yet. @param folder where the state is to be; a temporary one without it */
  static async make(surroundings: Surroundings = {}, folder?: string): Promise<DaemonPlatform> {
    const stateDir = folder ?? mkdtempSync(join(tmpdir(), "daemon-"));
    return new DaemonPlatform(stateDir, await freePortBase(), surroundings);
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

  /** `up` of another program, by an engine in this process. */
  async update(settings: UpdateSettings): Promise<UpdateResult> {
    return updateStack({ stateDir: this.stateDir, ports: (await this.status()).ports }, settings);
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

  /** Resolves when every domain is active or failed. */
  settled(names: readonly string[], seconds: number): Promise<readonly DomainResource[]> {
    return eventually(`${names.length} domains to be settled`, seconds, async () => {
      const found = (await this.domains()).filter(({ domain }) => names.includes(domain));
      const settled = found.filter(({ state }) => state === "active" || state === "failed");
      return settled.length === names.length ? settled : undefined;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run("down");
    rmSync(this.stateDir, { recursive: true, force: true });
  }
}
