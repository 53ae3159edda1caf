import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import grpc from "@grpc/grpc-js";
import providerService, { type IResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import structs, { type Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import type { Package } from "../../provider/package.ts";
import { Provider } from "../../provider/provider.ts";
import { type ServedProvider, serve } from "../../provider/serve.ts";
import type { CloudRun } from "../cloud-run/contract.ts";
import type { GcpParts } from "../google/package.ts";
import { type OwnedKernel, startKernel } from "../start-kernel.ts";
import { CloudStorage } from "../storage/cloud-storage.ts";

type Json = Record<string, unknown>;
type Client = InstanceType<typeof providerService.ResourceProviderClient>;

const CALL_DEADLINE_MS = 10_000;

function absent(): never {
  throw new Error("This test has no such part.");
}

/** A provider served over a real socket, and the engine's end of it, speaking the bare protocol. */
export class TestSession {
  readonly kernel: OwnedKernel;
  readonly storage: CloudStorage;
  /** What Cloud Run says of a new revision. */
  ready: CloudRun["ready"] = async () => undefined;
  readonly #stateDir: string;
  #served: ServedProvider | undefined;
  #client: Client | undefined;

  private constructor(kernel: OwnedKernel, stateDir: string) {
    this.kernel = kernel;
    this.storage = new CloudStorage(kernel, { publish: absent });
    this.#stateDir = stateDir;
  }

  static async start(served: Package<GcpParts>, mode: "local" | "offline" = "local") {
    const stateDir = mkdtempSync(join(tmpdir(), "providers-"));
    const session = new TestSession(await startKernel({ stateDir, portBase: "any" }), stateDir);
    const provider =
      mode === "local" ? Provider.on(session.#parts(), served) : Provider.offline(served, false);
    session.enable(...served.kinds.flatMap(({ services = [] }) => services));
    session.#served = await serve(provider, 0);
    session.#client = new providerService.ResourceProviderClient(
      `127.0.0.1:${session.#served.port}`,
      grpc.credentials.createInsecure(),
    );
    return session;
  }

  /** Enables services in the project "acme". */
  enable(...services: readonly string[]): void {
    for (const service of services) this.stand("gcp:projects/service:Service", `acme/${service}`);
  }

  /** Puts a resource there for others to refer to. */
  stand(kind: string, id: string): void {
    this.kernel.resources.put({ kind, id, urn: urnOf(kind, id), properties: {} });
  }

  get port(): number {
    return this.#served?.port ?? 0;
  }

  get client(): Client {
    if (!this.#client) throw new Error("The session is not started.");
    return this.#client;
  }

  async configure(variables: Record<string, string>): Promise<void> {
    const request = new messages.ConfigureRequest();
    for (const [key, value] of Object.entries(variables)) request.getVariablesMap().set(key, value);
    await this.#call("configure", request);
  }

  async check(urn: string, news: Json, { olds = {}, seed = "seed" }: { olds?: Json; seed?: string } = {}) {
    const request = new messages.CheckRequest()
      .setUrn(urn)
      .setOlds(toStruct(olds))
      .setNews(toStruct(news))
      .setRandomseed(Buffer.from(seed));
    const response = await this.#call<InstanceType<typeof messages.CheckResponse>>("check", request);
    return {
      inputs: fromStruct(response.getInputs()),
      failures: response.getFailuresList().map((failure) => failure.toObject()),
    };
  }

  async diff(urn: string, oldInputs: Json, news: Json, ignoreChanges: string[] = []) {
    const request = new messages.DiffRequest()
      .setUrn(urn)
      .setId("id")
      .setOldInputs(toStruct(oldInputs))
      .setOlds(toStruct(oldInputs))
      .setNews(toStruct(news))
      .setIgnorechangesList(ignoreChanges);
    const response = await this.#call<InstanceType<typeof messages.DiffResponse>>("diff", request);
    const kinds = Object.keys(messages.PropertyDiff.Kind);
    const detail: Record<string, string | undefined> = {};
    response.getDetaileddiffMap().forEach((diff, path) => {
      detail[path] = kinds[diff.getKind()];
    });
    return {
      changed: response.getChanges() === messages.DiffResponse.DiffChanges.DIFF_SOME,
      replaces: response.getReplacesList(),
      detail,
    };
  }

  async create(urn: string, properties: Json, preview = false) {
    const request = new messages.CreateRequest()
      .setUrn(urn)
      .setProperties(toStruct(properties))
      .setPreview(preview);
    const response = await this.#call<InstanceType<typeof messages.CreateResponse>>("create", request);
    return { id: response.getId(), properties: fromStruct(response.getProperties()) };
  }

  /** Check and Create, as an engine does for a new resource. */
  async make(urn: string, news: Json) {
    const { inputs, failures } = await this.check(urn, news);
    if (failures.length > 0) throw new Error(failures.map(({ reason }) => reason).join("\n"));
    return { inputs, ...(await this.create(urn, inputs)) };
  }

  async update(urn: string, id: string, olds: Json, news: Json, preview = false): Promise<Json> {
    const request = new messages.UpdateRequest()
      .setUrn(urn)
      .setId(id)
      .setOlds(toStruct(olds))
      .setNews(toStruct(news))
      .setPreview(preview);
    const response = await this.#call<InstanceType<typeof messages.UpdateResponse>>("update", request);
    return fromStruct(response.getProperties());
  }

  async read(urn: string, id: string, inputs: Json = {}) {
    const request = new messages.ReadRequest().setUrn(urn).setId(id).setInputs(toStruct(inputs));
    const response = await this.#call<InstanceType<typeof messages.ReadResponse>>("read", request);
    return {
      id: response.getId(),
      properties: fromStruct(response.getProperties()),
      inputs: fromStruct(response.getInputs()),
    };
  }

  async delete(urn: string, id: string): Promise<void> {
    await this.#call("delete", new messages.DeleteRequest().setUrn(urn).setId(id));
  }

  async invoke(token: string): Promise<Json> {
    const request = new messages.InvokeRequest().setTok(token).setArgs(toStruct({}));
    const response = await this.#call<InstanceType<typeof messages.InvokeResponse>>("invoke", request);
    return fromStruct(response.getReturn());
  }

  async stop(): Promise<void> {
    this.#client?.close();
    await this.#served?.stop();
    await this.kernel.stop();
    rmSync(this.#stateDir, { recursive: true, force: true });
  }

  #parts(): GcpParts {
    return {
      kernel: this.kernel,
      storage: this.storage,
      run: { serve: absent, post: absent, ready: (service) => this.ready(service) },
    };
  }

  async #call<Response>(method: keyof IResourceProviderClient & string, request: unknown): Promise<Response> {
    type Unary = (
      message: unknown,
      metadata: grpc.Metadata,
      options: grpc.CallOptions,
      done: (error: grpc.ServiceError | null, response: Response) => void,
    ) => void;
    const call = (this.client[method] as unknown as Unary).bind(this.client);
    return new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + CALL_DEADLINE_MS };
      call(request, new grpc.Metadata(), options, (error, response) => {
        if (error) reject(error);
        else resolve(response);
      });
    });
  }
}

/** A URN of the test stack. */
export function urnOf(type: string, name: string): string {
  return `urn:pulumi:test::project::platform:area:Component$${type}::${name}`;
}

function toStruct(values: Json): Struct {
  return structs.Struct.fromJavaScript(values as Parameters<typeof structs.Struct.fromJavaScript>[0]);
}

function fromStruct(struct: Struct | undefined): Json {
  return (struct?.toJavaScript() ?? {}) as Json;
}
