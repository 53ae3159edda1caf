import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bucket, Storage } from "@google-cloud/storage";
import { type OwnedKernel, startKernel } from "../../start-kernel.ts";
import { CloudStorage } from "../cloud-storage.ts";

export const WRITER = "writer@p.iam.gserviceaccount.com";
export const READER = "reader@p.iam.gserviceaccount.com";
export const CREATOR = "creator@p.iam.gserviceaccount.com";
const GRANTS = { [WRITER]: "objectAdmin", [READER]: "objectViewer", [CREATOR]: "objectCreator" };

/** A cloud with Storage alone and the bucket `b`, for the tests of one file. */
export class StorageFixture {
  readonly #stateDir = mkdtempSync(join(tmpdir(), "storage-"));
  #kernel: OwnedKernel | undefined;
  #storage: CloudStorage | undefined;

  /** The cloud's time; a test moves it on. */
  now = Date.now();
  readonly published: {
    readonly topic: string;
    readonly data: Buffer;
    readonly attributes: Record<string, string>;
  }[] = [];

  /** Without a limit on the pace of writes, unless a test is about it. Again: a restart on the same state. */
  async open(writeIntervalMs = 0): Promise<void> {
    await this.#kernel?.stop();
    this.#kernel = await startKernel({ stateDir: this.#stateDir, portBase: "any" });
    this.#storage = new CloudStorage(this.#kernel, {
      writeIntervalMs,
      now: () => this.now,
      publish: (topic, { data, attributes = {} }) => String(this.published.push({ topic, data, attributes })),
    });
    this.#kernel.identities.serveHttp(this.#storage.api);
    this.makeBucket("b");
  }

  get kernel(): OwnedKernel {
    if (!this.#kernel) throw new Error("The fixture is not open.");
    return this.#kernel;
  }

  async close(): Promise<void> {
    await this.#kernel?.stop();
    rmSync(this.#stateDir, { recursive: true });
  }

  get storage(): CloudStorage {
    if (!this.#storage) throw new Error("The fixture is not open.");
    return this.#storage;
  }

  /** Without soft deletion, unless the properties say more. */
  makeBucket(name: string, properties: object = {}): void {
    const put = (kind: string, id: string, more: object) =>
      this.#kernel?.resources.put({ kind, id, urn: `urn:${id}`, properties: { ...more } });
    put("gcp:storage/bucket:Bucket", name, {
      name,
      project: "p",
      softDeletePolicy: { retentionDurationSeconds: 0 },
      ...properties,
    });
    for (const [email, role] of Object.entries(GRANTS)) {
      put("gcp:storage/bucketIAMMember:BucketIAMMember", `b/${name}/${email}`, {
        bucket: name,
        role: `roles/storage.${role}`,
        member: `serviceAccount:${email}`,
      });
    }
  }

  /** Takes every object out of every bucket. */
  clear(): void {
    for (const bucket of ["b", "v", "r"]) this.storage.clear(bucket);
  }

  async url(email = WRITER): Promise<string> {
    if (!this.#kernel) throw new Error("The fixture is not open.");
    return `http://127.0.0.1:${(await this.#kernel.identities.endpoints(email)).http}`;
  }

  /** The official client as it is in a workload: it reads the emulator's variable in its constructor. */
  async client({ email = WRITER, autoRetry = false, bucket = "b" } = {}): Promise<Bucket> {
    process.env.STORAGE_EMULATOR_HOST = await this.url(email);
    try {
      return new Storage({ projectId: "p", retryOptions: { autoRetry } }).bucket(bucket);
    } finally {
      delete process.env.STORAGE_EMULATOR_HOST;
    }
  }

  /** Everything that lies where bytes are kept, as row or as file: their SHA-256, unless it is a mistake. */
  stored(): string[] {
    return [...this.#rows().map(({ sha256 }) => sha256), ...readdirSync(this.path("objects"))];
  }

  /** Moves rows to files: how this cloud kept all bytes once. */
  moveRowsToFiles(): void {
    for (const { sha256, bytes } of this.#rows()) writeFileSync(this.path("objects", sha256), bytes);
    this.#kernel?.db.exec("DELETE FROM storage_bytes");
  }

  uploads(): string[] {
    return readdirSync(this.path("uploads"));
  }

  #rows(): readonly { readonly sha256: string; readonly bytes: Uint8Array }[] {
    const rows = this.#kernel?.db.prepare("SELECT sha256, bytes FROM storage_bytes").all() ?? [];
    return rows as unknown as readonly { readonly sha256: string; readonly bytes: Uint8Array }[];
  }

  path(...names: readonly string[]): string {
    return join(this.#stateDir, "cloud", ...names);
  }
}
