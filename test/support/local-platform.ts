import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Storage } from "@google-cloud/storage";
import { LocalApi } from "../../local/command-line/local-target.ts";
import { type Cloud, startCloud } from "../../local/daemon/cloud.ts";
import type { CloudResource, LogEntry } from "../../local/kernel/contract.ts";
import { BIN_DIR } from "../../local/kernel/place.ts";
import type { DomainResource } from "../../operator/api-client.ts";
import { type StackUpdate, type UpdateSettings, updateStack } from "./update-stack.ts";

const POLL_MS = 50;

/** A cloud in this process with the platform in it, on ports and state of its own. */
export class LocalPlatform {
  readonly cloud: Cloud;
  readonly stateDir: string;
  readonly entries: LogEntry[] = [];
  #api: LocalApi | undefined;
  #outputs: Readonly<Record<string, unknown>> | undefined;
  readonly #ownsState: boolean;

  private constructor(cloud: Cloud, stateDir: string, ownsState: boolean) {
    this.cloud = cloud;
    this.stateDir = stateDir;
    this.#ownsState = ownsState;
    // Where commands look for the cloud of a state folder.
    const { control: port } = cloud.kernel.ports;
    writeFileSync(join(stateDir, "cloud", "daemon.json"), JSON.stringify({ pid: process.pid, port }));
    cloud.kernel.logging.subscribe((entry) => this.entries.push(entry));
  }

  /** @param stateDir that of an earlier one, to go on from. */
  static async start(stateDir?: string): Promise<LocalPlatform> {
    const folder = stateDir ?? (await mkdtemp(join(tmpdir(), "platform-")));
    const cloud = await startCloud({ stateDir: folder, portBase: "any", binDir: BIN_DIR });
    return new LocalPlatform(cloud, folder, stateDir === undefined);
  }

  /** Stops the cloud and starts it again: the same state, the same ports, nothing kept in memory. */
  async restart(): Promise<LocalPlatform> {
    const portBase = this.cloud.kernel.ports.control;
    await this.cloud.stop();
    const cloud = await startCloud({ stateDir: this.stateDir, portBase, binDir: BIN_DIR });
    const next = new LocalPlatform(cloud, this.stateDir, this.#ownsState);
    if (this.#outputs) next.#connect(this.#outputs);
    return next;
  }

  /** Runs the program; what went wrong is in the error of a failed update. */
  async update(settings: UpdateSettings = {}): Promise<StackUpdate> {
    const result = await updateStack(this.stateDir, settings);
    this.#connect(result.outputs);
    return result;
  }

  #connect(outputs: Readonly<Record<string, unknown>>): void {
    const { apiUrl, apiAudience, operatorServiceAccount } = outputs as Record<string, string>;
    if (!apiUrl || !apiAudience || !operatorServiceAccount) throw new Error("The stack has no API.");
    this.#outputs = outputs;
    this.#api = new LocalApi(this.cloud.status(), outputs);
  }

  /** Kills the instances of a service, of whose making the logical name tells. @returns how many there were */
  killInstances(service: string): number {
    const pids = this.cloud.run.pids(this.resource("gcp:cloudrunv2/service:Service", service).id);
    for (const pid of pids) process.kill(pid, "SIGKILL");
    return pids.length;
  }

  get api(): LocalApi {
    if (!this.#api) throw new Error("update() comes first.");
    return this.#api;
  }

  async register(domain: string): Promise<DomainResource> {
    return (await this.api.call("POST", "/v1/domains", { domain })).body as DomainResource;
  }

  async show(domain: string): Promise<DomainResource | undefined> {
    return (await this.api.find(`/v1/domains/${domain}`)) as DomainResource | undefined;
  }

  /** Registers, and waits for one of `states`. */
  async settle(domain: string, states: readonly string[] = ["active", "failed"]): Promise<DomainResource> {
    await this.register(domain);
    return this.reach(domain, states);
  }

  reach(domain: string, states: readonly string[], seconds = 60): Promise<DomainResource> {
    return eventually(`${domain} to be ${states.join(" or ")}`, seconds, async () => {
      const resource = await this.show(domain);
      return resource && states.includes(resource.state) ? resource : undefined;
    });
  }

  /** The one resource of a kind that was made from this logical name. */
  resource(kind: string, logicalName: string): CloudResource {
    const found = this.cloud.kernel.resources
      .list(kind)
      .filter(({ urn }) => urn.endsWith(`::${logicalName}`));
    if (found.length !== 1 || !found[0])
      throw new Error(`There are ${found.length} of ${kind} ${logicalName}.`);
    return found[0];
  }

  /** E-mail of the account made from this logical name. */
  account(logicalName: string): string {
    return String(this.resource("gcp:serviceaccount/account:Account", logicalName).properties.email);
  }

  /** What is in a bucket, read with Google's own client as one of the platform's accounts. */
  async objects(bucket: string, account: string, prefix = ""): Promise<{ name: string; bytes: Buffer }[]> {
    const { http } = await this.cloud.kernel.identities.endpoints(this.account(account));
    const storage = new Storage({ apiEndpoint: `http://127.0.0.1:${http}`, projectId: "test" });
    const { id } = this.resource("gcp:storage/bucket:Bucket", bucket);
    const [files] = await storage.bucket(id).getFiles({ prefix });
    return Promise.all(files.map(async (file) => ({ name: file.name, bytes: (await file.download())[0] })));
  }

  async stop(): Promise<void> {
    await this.cloud.stop();
    if (this.#ownsState) await rm(this.stateDir, { recursive: true, force: true });
  }
}

/** As `eventually`, where what is looked at may fail for a while. @throws with the last error, if there was one since */
export async function withPatience<Seen>(
  what: string,
  seconds: number,
  look: () => Promise<Seen | undefined>,
): Promise<Seen> {
  let last: unknown;
  try {
    return await eventually(what, seconds, () =>
      look().then(
        (seen) => {
          last = undefined;
          return seen;
        },
        (error: unknown) => {
          last = error;
          return undefined;
        },
      ),
    );
  } catch (error) {
    const why = last instanceof Error ? ` The last try failed: ${last.message}` : "";
    throw new Error(`${(error as Error).message}${why}`, { cause: last });
  }
}

/** Polls until `look` sees something. @throws after `seconds`, naming `what`. */
export async function eventually<Seen>(
  what: string,
  seconds: number,
  look: () => Promise<Seen | undefined> | Seen | undefined,
): Promise<Seen> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (Date.now() > deadline) throw new Error(`Waited ${seconds} s for ${what}.`);
    await delay(POLL_MS);
  }
}
