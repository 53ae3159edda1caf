import { randomBytes } from "node:crypto";
import { credentials, Metadata } from "@grpc/grpc-js";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import { EngineRefusal } from "./engine-refusal.ts";
import { type DiffAnswer, diffAnswer, throwFailures } from "./provider-answers.ts";
import { call, isUnimplemented, type UnaryMethod } from "./provider-call.ts";
import { ProviderFailure } from "./provider-failure.ts";
import { nameOf } from "./records.ts";
import type {
  CreateOptions,
  Judgement,
  KnownProperties,
  PlannedResource,
  ResourceProvider,
  Subject,
  UpdateOptions,
} from "./resource-provider.ts";
import { CHANNEL_OPTIONS, LOOPBACK } from "./rpc-address.ts";
import { markSecrets } from "./secrecy.ts";
import { fromStruct, isList, isProperties, type Properties, toStruct, withoutSecrecy } from "./values.ts";

const CONNECT_DEADLINE_MS = 5_000;
/** Check, Diff and Invoke only look. */
const LOOK_DEADLINE_MS = 60_000;
/** Create, Update and Delete without a timeout of the program's. */
const CHANGE_DEADLINE_MS = 600_000;
/** Past the program's timeout, so that the provider, which knows more, can say what it waited for. */
const GRACE_MS = 15_000;

/** Names, in the metadata of every call, which of several providers at one port is meant. Pulumi's CLI sends none. */
export const INSTANCE_KEY = "provider-instance";

export interface ProviderSettings {
  readonly package: string;
  readonly port: number;
  /** Tells this provider from others of its package at that port; empty for the default one. */
  readonly instance: string;
  /** Where the provider may send its logs. */
  readonly engineAddress: string;
  readonly rootDirectory: string;
  readonly programDirectory: string;
}

/** One provider, over Pulumi's ResourceProvider protocol. Values in and out carry secrets and unknowns as marks. */
export class ProviderClient implements ResourceProvider {
  readonly settings: ProviderSettings;
  readonly unconfigured = false;
  readonly #metadata = new Metadata();
  readonly #client: InstanceType<typeof providerGrpc.ResourceProviderClient>;
  #acceptsSecrets = false;
  #supportsPreview = false;

  private constructor(settings: ProviderSettings) {
    this.settings = settings;
    if (settings.instance !== "") this.#metadata.set(INSTANCE_KEY, settings.instance);
    this.#client = new providerGrpc.ResourceProviderClient(
      `${LOOPBACK}:${settings.port}`,
      credentials.createInsecure(),
      CHANNEL_OPTIONS,
    );
  }

  /**
   * The provider, ready to be asked about its configuration, and to be configured.
   * @throws {EngineRefusal} when nobody answers.
   */
  static async connect(settings: ProviderSettings): Promise<ProviderClient> {
    const provider = new ProviderClient(settings);
    try {
      await provider.#ready();
      await provider.#handshake();
      return provider;
    } catch (error) {
      provider.close();
      throw error;
    }
  }

  get supportsPreview(): boolean {
    return this.#supportsPreview;
  }

  close(): void {
    this.#client.close();
  }

  /** The configuration as the provider takes it, defaults filled in. */
  async checkConfig(subject: Subject, olds: Properties | undefined, news: Properties): Promise<Properties> {
    const request = about(new providerPb.CheckRequest(), subject).setNews(this.#struct(news));
    if (olds !== undefined) request.setOlds(this.#struct(olds));
    const response = await optional(this.#call(this.#client.checkConfig, request, LOOK_DEADLINE_MS));
    if (response === undefined) return news;
    throwFailures(response.getFailuresList());
    return markSecrets(fromStruct(response.getInputs()), news, []);
  }

  /** Whether resources that were made with the old configuration can be kept. Without an answer they can. */
  async diffConfig(
    subject: Subject,
    id: string,
    old: KnownProperties,
    news: Properties,
    ignoreChanges: readonly string[],
  ): Promise<DiffAnswer> {
    const request = this.#diffRequest(subject, id, old, news, ignoreChanges);
    const response = await optional(this.#call(this.#client.diffConfig, request, LOOK_DEADLINE_MS));
    return diffAnswer(response ?? new providerPb.DiffResponse());
  }

  async configure(config: Properties): Promise<void> {
    const request = new providerPb.ConfigureRequest()
      .setAcceptsecrets(true)
      .setAcceptresources(false)
      .setSendsOldInputs(true)
      .setSendsOldInputsToDelete(true)
      .setArgs(this.#struct(config));
    for (const [key, value] of Object.entries(config)) {
      const plain = withoutSecrecy(value);
      const text = typeof plain === "string" ? plain : JSON.stringify(plain);
      request.getVariablesMap().set(`${this.settings.package}:config:${key}`, text);
    }
    const response = await this.#call(this.#client.configure, request, LOOK_DEADLINE_MS);
    this.#acceptsSecrets ||= response.getAcceptsecrets();
    this.#supportsPreview ||= response.getSupportspreview();
  }

  async check(subject: Subject, olds: Properties | undefined, news: Properties): Promise<Properties> {
    const request = about(new providerPb.CheckRequest(), subject)
      .setNews(this.#struct(news))
      .setRandomseed(randomBytes(32));
    if (olds !== undefined) request.setOlds(this.#struct(olds));
    const response = await this.#call(this.#client.check, request, LOOK_DEADLINE_MS);
    throwFailures(response.getFailuresList());
    // A provider that was sent no secrets gives none back: what the program marked stays marked.
    return markSecrets(fromStruct(response.getInputs()), news, []);
  }

  async diff(
    subject: Subject,
    id: string,
    old: KnownProperties,
    news: Properties,
    ignoreChanges: readonly string[],
  ): Promise<DiffAnswer> {
    const request = this.#diffRequest(subject, id, old, news, ignoreChanges);
    return diffAnswer(await this.#call(this.#client.diff, request, LOOK_DEADLINE_MS));
  }

  async create(
    subject: Subject,
    inputs: Properties,
    options: CreateOptions,
  ): Promise<{ id: string; outputs: Properties }> {
    const request = about(new providerPb.CreateRequest(), subject)
      .setProperties(this.#struct(inputs))
      .setTimeout(options.timeoutSeconds)
      .setPreview(options.preview);
    const response = await this.#call(this.#client.create, request, deadlineMs(options.timeoutSeconds));
    if (!options.preview && response.getId() === "") {
      throw new ProviderFailure("the provider answered Create without an id", { uncertain: false });
    }
    return { id: response.getId(), outputs: fromStruct(response.getProperties()) };
  }

  async update(
    subject: Subject,
    id: string,
    old: KnownProperties,
    news: Properties,
    options: UpdateOptions,
  ): Promise<Properties> {
    const request = about(new providerPb.UpdateRequest(), subject)
      .setId(id)
      .setOlds(this.#struct(old.outputs))
      .setOldInputs(this.#struct(old.inputs))
      .setNews(this.#struct(news))
      .setTimeout(options.timeoutSeconds)
      .setIgnorechangesList([...options.ignoreChanges])
      .setPreview(options.preview);
    const response = await this.#call(this.#client.update, request, deadlineMs(options.timeoutSeconds));
    return fromStruct(response.getProperties());
  }

  async delete(subject: Subject, id: string, old: KnownProperties, timeoutSeconds: number): Promise<void> {
    const request = about(new providerPb.DeleteRequest(), subject)
      .setId(id)
      .setProperties(this.#struct(old.outputs))
      .setOldInputs(this.#struct(old.inputs))
      .setTimeout(timeoutSeconds);
    await this.#call(this.#client.delete, request, deadlineMs(timeoutSeconds));
  }

  async read(
    subject: Subject,
    id: string,
    state: Properties,
  ): Promise<(KnownProperties & { id: string }) | undefined> {
    const request = about(new providerPb.ReadRequest(), subject).setId(id).setProperties(this.#struct(state));
    const response = await this.#call(this.#client.read, request, LOOK_DEADLINE_MS);
    if (response.getId() === "") return undefined;
    const [inputs, outputs] = [response.getInputs(), response.getProperties()].map(fromStruct);
    return { id: response.getId(), inputs: inputs ?? {}, outputs: outputs ?? {} };
  }

  /** Providers of the local cloud answer this token; a real one does not know it. */
  async judge(plan: readonly PlannedResource[]): Promise<readonly Judgement[]> {
    const token = `${this.settings.package}:local:judge`;
    const resources = plan.map((resource): Properties => ({ ...resource }));
    const { judgements = [] } = (await optional(this.invoke(token, { resources }, true))) ?? {};
    return (isList(judgements) ? judgements : []).filter(isProperties).map(({ urn, reason }) => ({
      urn: String(urn),
      reason: String(reason),
    }));
  }

  async invoke(token: string, args: Properties, preview: boolean): Promise<Properties> {
    const request = new providerPb.InvokeRequest()
      .setTok(token)
      .setArgs(this.#struct(args))
      .setPreview(preview);
    const response = await this.#call(this.#client.invoke, request, LOOK_DEADLINE_MS);
    throwFailures(response.getFailuresList());
    return fromStruct(response.getReturn());
  }

  #ready(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#client.waitForReady(Date.now() + CONNECT_DEADLINE_MS, (error) => {
      if (error === undefined || error === null) return resolve();
      const { package: name, port } = this.settings;
      reject(
        new EngineRefusal(
          `The provider "${name}" does not answer on ${LOOPBACK}:${port}; is the local cloud running?`,
          {
            cause: error,
            general: true,
          },
        ),
      );
    });
    return promise;
  }

  async #handshake(): Promise<void> {
    const { engineAddress, rootDirectory, programDirectory } = this.settings;
    const request = new providerPb.ProviderHandshakeRequest()
      .setEngineAddress(engineAddress)
      .setRootDirectory(rootDirectory)
      .setProgramDirectory(programDirectory)
      .setInvokeWithPreview(true);
    const response = await optional(this.#call(this.#client.handshake, request, LOOK_DEADLINE_MS));
    // Whoever knows the handshake is new enough to be asked for previews.
    this.#supportsPreview = response !== undefined;
    this.#acceptsSecrets = response?.getAcceptSecrets() ?? false;
  }

  #diffRequest(
    subject: Subject,
    id: string,
    old: KnownProperties,
    news: Properties,
    ignoreChanges: readonly string[],
  ): InstanceType<typeof providerPb.DiffRequest> {
    return about(new providerPb.DiffRequest(), subject)
      .setId(id)
      .setOlds(this.#struct(old.outputs))
      .setOldInputs(this.#struct(old.inputs))
      .setNews(this.#struct(news))
      .setIgnorechangesList([...ignoreChanges]);
  }

  #struct(properties: Properties): ReturnType<typeof toStruct> {
    return toStruct(this.#acceptsSecrets ? properties : (withoutSecrecy(properties) as Properties));
  }

  #call<Request, Response>(
    method: UnaryMethod<Request, Response>,
    request: Request,
    ms: number,
  ): Promise<Response> {
    return call(method.bind(this.#client), request, ms, this.#metadata);
  }
}

/** The answer, or nothing if the provider lacks the method. */
async function optional<Response>(answer: Promise<Response>): Promise<Response | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isUnimplemented(error)) return undefined;
    throw error;
  }
}

function deadlineMs(timeoutSeconds: number): number {
  return timeoutSeconds === 0 ? CHANGE_DEADLINE_MS : timeoutSeconds * 1_000 + GRACE_MS;
}

/** A request that names its resource: every one on a resource has these three. */
interface ResourceRequest {
  setUrn(urn: string): unknown;
  setName(name: string): unknown;
  setType(type: string): unknown;
}

function about<Request extends ResourceRequest>(request: Request, { urn, type }: Subject): Request {
  request.setUrn(urn);
  request.setName(nameOf(urn));
  request.setType(type);
  return request;
}
