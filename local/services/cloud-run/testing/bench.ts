import { createHash } from "node:crypto";
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { request as httpRequest, IncomingHttpHeaders } from "node:http";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { strToU8, zipSync } from "fflate";
import { pack } from "tar-stream";
import type { LogEntry } from "../../../kernel/contract.ts";
import { type OwnedKernel, startKernel } from "../../start-kernel.ts";
import type { ObjectStorage, StoredObject } from "../../storage/contract.ts";
import { FUNCTION_KIND } from "../function-service.ts";
import { LocalCloudRun, type LocalCloudRunOptions } from "../local-cloud-run.ts";
import { SERVICE_KIND } from "../service-settings.ts";

export const INVOKER = "invoker@p.iam.gserviceaccount.com";
export const ACCOUNT = "echo@p.iam.gserviceaccount.com";
const LOCATION = "europe-west1";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

/** A Cloud Run with a kernel, storage and secrets, for bundles written in a test. */
export class TestBench {
  readonly kernel: OwnedKernel;
  readonly run: LocalCloudRun;
  readonly logs: LogEntry[];
  readonly #folder: string;
  readonly #archives: Map<string, string>;

  private constructor(
    kernel: OwnedKernel,
    run: LocalCloudRun,
    logs: LogEntry[],
    folder: string,
    archives: Map<string, string>,
  ) {
    this.kernel = kernel;
    this.run = run;
    this.logs = logs;
    this.#folder = folder;
    this.#archives = archives;
  }

  static async open(
    options: LocalCloudRunOptions = {},
    folder: string = mkdtempSync(join(tmpdir(), "run-test-")),
  ): Promise<TestBench> {
    const kernel = await startKernel({ stateDir: folder, portBase: "any" });
    const logs: LogEntry[] = [];
    kernel.logging.subscribe((entry) => logs.push(entry));
    const archives = new Map<string, string>();
    const storage = {
      find: (bucket: string, name: string) =>
        archives.has(`${bucket}/${name}`) ? ({ bucket, name } as StoredObject) : undefined,
      read: ({ bucket, name }: StoredObject): Readable =>
        createReadStream(archives.get(`${bucket}/${name}`) ?? ""),
    } as ObjectStorage;
    const secrets = {
      access(principal: { email: string }, secret: string, version: string) {
        kernel.iam.require(principal, "secretmanager.versions.access", secret);
        return `${secret}@${version}`;
      },
    };
    const run = new LocalCloudRun(kernel, storage, secrets, options);
    await run.start();
    return new TestBench(kernel, run, logs, folder, archives);
  }

  async close(): Promise<void> {
    await this.run.stop();
    await this.kernel.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Writes a service whose bundle is this source; returns its id. It may not be ready yet. */
  async put(name: string, source: string, changes: Partial<Changes> = {}): Promise<string> {
    const digest = createHash("sha256").update(source).digest("hex");
    const path = join(this.#folder, `${digest}.tar.gz`);
    writeFileSync(path, await archive(source));
    this.#archives.set(`code/${digest}.tar.gz`, path);
    const id = `projects/p/locations/${LOCATION}/services/${name}`;
    const { container = {}, template = {}, ...service } = changes;
    this.kernel.resources.put({
      kind: SERVICE_KIND,
      id,
      urn: `urn:${name}`,
      properties: {
        uri: `https://${name}-abc-ew.a.run.app`,
        ...service,
        template: {
          serviceAccount: ACCOUNT,
          ...template,
          containers: [
            {
              image: "scratch",
              commands: ["node"],
              args: ["index.js"],
              sourceCode: {
                cloudStorageSource: { bucket: "code", object: `${digest}.tar.gz`, generation: "1" },
              },
              ...container,
            },
          ],
        },
      },
    });
    return id;
  }

  async deploy(name: string, source: string, changes: Partial<Changes> = {}): Promise<string> {
    const id = await this.put(name, source, changes);
    await this.run.ready(id);
    return id;
  }

  /** Writes a function whose source are these files; returns the id of the service under it. */
  putFunction(
    name: string,
    files: Readonly<Record<string, string>>,
    serviceConfig: Readonly<Record<string, unknown>> = {},
  ): string {
    const path = join(this.#folder, `${name}.zip`);
    writeFileSync(
      path,
      zipSync(Object.fromEntries(Object.entries(files).map(([file, text]) => [file, strToU8(text)]))),
    );
    this.#archives.set(`code/${name}.zip`, path);
    const id = `projects/p/locations/${LOCATION}/functions/${name}`;
    this.kernel.resources.put({
      kind: FUNCTION_KIND,
      id,
      urn: `urn:${name}`,
      properties: {
        buildConfig: {
          entryPoint: "handler",
          source: { storageSource: { bucket: "code", object: `${name}.zip` } },
        },
        serviceConfig: {
          uri: this.uri(name),
          serviceAccountEmail: ACCOUNT,
          ingressSettings: "ALLOW_ALL",
          timeoutSeconds: 60,
          maxInstanceRequestConcurrency: 80,
          availableMemory: "512Mi",
          minInstanceCount: 0,
          maxInstanceCount: 2,
          ...serviceConfig,
        },
      },
    });
    return id.replace("/functions/", "/services/");
  }

  grant(kind: string, on: Record<string, string>, role: string, member: string): string {
    const id = `${JSON.stringify(on)} ${role} ${member}`;
    this.kernel.resources.put({
      kind,
      id,
      urn: `urn:${id}`,
      properties: { project: "p", ...on, role, member },
    });
    return id;
  }

  allowInvoker(name: string, member: string): string {
    return this.grant(
      "gcp:cloudrunv2/serviceIamMember:ServiceIamMember",
      { location: LOCATION, name },
      "roles/run.invoker",
      member,
    );
  }

  uri(name: string): string {
    return `https://${name}-abc-ew.a.run.app`;
  }

  /** Stops the cloud and starts another on its state; no object of Storage is there any more. */
  async restart(options: LocalCloudRunOptions = {}): Promise<TestBench> {
    await this.run.stop();
    await this.kernel.stop();
    return TestBench.open(options, this.#folder);
  }

  /** Through Cloud Run's front end over TLS, as anyone outside would. */
  call(name: string, sent: Sent = {}, tag?: string): Promise<Answer> {
    const { host: own } = new URL(this.uri(name));
    const host = tag === undefined ? own : `${tag}---${own}`;
    return exchange(httpsRequest, sent, {
      port: this.kernel.ports.run,
      servername: host,
      ca: this.kernel.authority.rootPem,
      headers: { Host: host, ...sent.headers },
    });
  }
}

interface Changes {
  readonly ingress: string;
  readonly customAudiences: readonly string[];
  readonly defaultUriDisabled: boolean;
  readonly traffics: readonly Record<string, unknown>[];
  readonly template: Record<string, unknown>;
  readonly container: Record<string, unknown>;
}

export function exchange(
  send: typeof httpRequest | typeof httpsRequest,
  { method = "GET", path = "/", body }: Sent,
  options: object,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = send({ host: "127.0.0.1", method, path, agent: false, ...options }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", reject);
      response.once("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    request.once("error", reject);
    request.end(body);
  });
}

/** A bundle whose `handle(request, response, body)` serves every request. */
export function serving(handler: string): string {
  return `require("node:http").createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => { body += chunk; });
    request.on("end", () => { (${handler})(request, response, body); });
  }).listen(process.env.PORT);`;
}

async function archive(source: string): Promise<Buffer> {
  const tar = pack();
  tar.entry({ name: "index.js" }, source);
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return gzipSync(Buffer.concat(chunks));
}

/** Resolves when `condition` holds. @throws after 10 s. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`It did not come true in 10 s: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
