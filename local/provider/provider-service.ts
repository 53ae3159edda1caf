import { createRequire } from "node:module";
import grpc, {
  type handleUnaryCall,
  type ServerUnaryCall,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import type * as plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import pluginMessages from "@pulumi/pulumi/proto/plugin_pb.js";
import type * as pb from "@pulumi/pulumi/proto/provider_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import emptyMessages, { type Empty } from "google-protobuf/google/protobuf/empty_pb.js";
import structs, { type Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import type { Properties } from "../../review/rules/values.ts";
import type { Autonaming } from "./autonaming.ts";
import type { PlanNotes } from "./plan-notes.ts";
import type { Provider } from "./provider.ts";
import { ProviderError } from "./provider-error.ts";
import type { CheckResult, DiffResult, Failure } from "./requests.ts";
import { schemaOf } from "./schema.ts";
import { Sessions } from "./sessions.ts";
import { checkSettings, readSettings } from "./settings.ts";
import { decodeProperties, encodeProperties } from "./wire.ts";

const MODES: readonly Autonaming["mode"][] = ["propose", "enforce", "disable"];
const KIND = messages.PropertyDiff.Kind;
/** By change: in place, and with replacement. */
const DIFF_KINDS = {
  add: [KIND.ADD, KIND.ADD_REPLACE],
  update: [KIND.UPDATE, KIND.UPDATE_REPLACE],
  delete: [KIND.DELETE, KIND.DELETE_REPLACE],
} as const;

const require = createRequire(import.meta.url);

/** Translates between the protocol's messages and the provider's own terms. */
export class ProviderService {
  readonly #template: Provider;
  readonly #sessions: Sessions;
  readonly #notes: PlanNotes | undefined;
  readonly #version: string;

  /** @param notes For a preview that is to tell every mistake: Check writes them down and fails none. */
  constructor(provider: Provider, notes?: PlanNotes) {
    this.#template = provider;
    this.#notes = notes;
    this.#version = versionOf(provider.package.name);
    this.#sessions = new Sessions(provider);
  }

  /** Ends the waits that are under way. */
  cancelAll(): void {
    this.#sessions.cancelAll();
  }

  handlers(): UntypedServiceImplementation {
    return { ...this.#aboutProvider(), ...this.#aboutResources() };
  }

  #aboutProvider(): UntypedServiceImplementation {
    return {
      handshake: unary<pb.ProviderHandshakeRequest, pb.ProviderHandshakeResponse>(() =>
        new messages.ProviderHandshakeResponse()
          .setAcceptSecrets(true)
          .setAcceptResources(false)
          .setAcceptOutputs(false)
          .setSupportsAutonamingConfiguration(true),
      ),
      attach: unary<plugin.PluginAttach, Empty>(() => new emptyMessages.Empty()),
      getPluginInfo: unary<Empty, plugin.PluginInfo>(() =>
        new pluginMessages.PluginInfo().setVersion(this.#version),
      ),
      getSchema: unary<pb.GetSchemaRequest, pb.GetSchemaResponse>((request) => this.#schema(request)),
      checkConfig: unary<pb.CheckRequest, pb.CheckResponse>((request) => {
        const news = properties(request.getNews());
        return checkResponse({ inputs: news, failures: checkSettings(this.#template.package, news) });
      }),
      diffConfig: unary<pb.DiffRequest, pb.DiffResponse>((request) =>
        diffResponse(this.#template.diffConfig(oldInputs(request), properties(request.getNews()))),
      ),
      configure: unary<pb.ConfigureRequest, pb.ConfigureResponse>((request, call) => {
        this.#configure(request, call);
        return new messages.ConfigureResponse()
          .setAcceptsecrets(true)
          .setSupportspreview(true)
          .setAcceptresources(false)
          .setAcceptoutputs(false)
          .setSupportsAutonamingConfiguration(true);
      }),
      invoke: unary<pb.InvokeRequest, pb.InvokeResponse>((request, call) => this.#invoke(request, call)),
      cancel: unary<Empty, Empty>((_, call) => {
        this.#sessions.own(call).cancel();
        return new emptyMessages.Empty();
      }),
    };
  }

  #aboutResources(): UntypedServiceImplementation {
    const sessions = this.#sessions;
    return {
      check: unary<pb.CheckRequest, pb.CheckResponse>((request, call) => this.#check(request, call)),
      diff: unary<pb.DiffRequest, pb.DiffResponse>((request, call) => {
        const [urn, id, olds] = [request.getUrn(), request.getId(), properties(request.getOlds())];
        const provider = sessions.of(call);
        this.#notes?.found(provider, urn, id, olds);
        return diffResponse(
          provider.diff({
            urn,
            id,
            oldInputs: oldInputs(request),
            olds,
            news: properties(request.getNews()),
            ignoreChanges: request.getIgnorechangesList(),
          }),
        );
      }),
      create: unary<pb.CreateRequest, pb.CreateResponse>(async (request, call) => {
        const provider = sessions.of(call);
        const created = await provider.create({
          urn: request.getUrn(),
          properties: properties(request.getProperties()),
          preview: request.getPreview(),
          timeoutSeconds: request.getTimeout(),
        });
        this.#notes?.found(provider, request.getUrn(), created.id, created.properties);
        return new messages.CreateResponse().setId(created.id).setProperties(struct(created.properties));
      }),
      read: unary<pb.ReadRequest, pb.ReadResponse>((request, call) => {
        const provider = sessions.of(call);
        const found = provider.read({
          urn: request.getUrn(),
          id: request.getId(),
          inputs: properties(request.getInputs()),
        });
        this.#notes?.found(provider, request.getUrn(), found.id, found.properties);
        return new messages.ReadResponse()
          .setId(found.id)
          .setProperties(struct(found.properties))
          .setInputs(struct(found.inputs));
      }),
      update: unary<pb.UpdateRequest, pb.UpdateResponse>(async (request, call) => {
        const provider = sessions.of(call);
        const updated = await provider.update({
          urn: request.getUrn(),
          id: request.getId(),
          olds: properties(request.getOlds()),
          news: properties(request.getNews()),
          preview: request.getPreview(),
          timeoutSeconds: request.getTimeout(),
        });
        this.#notes?.found(provider, request.getUrn(), request.getId(), updated);
        return new messages.UpdateResponse().setProperties(struct(updated));
      }),
      delete: unary<pb.DeleteRequest, Empty>((request, call) => {
        sessions.of(call).delete({ urn: request.getUrn(), id: request.getId() });
        return new emptyMessages.Empty();
      }),
    };
  }

  #configure(request: pb.ConfigureRequest, call: Call): void {
    const { package: served } = this.#template;
    const args = request.getArgs();
    const variables = new Map(request.getVariablesMap().toArray());
    const config = readSettings(served.name, args && properties(args), variables);
    const failures = checkSettings(served, config);
    if (failures.length > 0) {
      throw new ProviderError("INVALID_ARGUMENT", failures.map(({ reason }) => reason).join(" "));
    }
    this.#sessions.configure(call, config);
  }

  #schema(request: pb.GetSchemaRequest): pb.GetSchemaResponse {
    const [version, subpackage] = [request.getVersion(), request.getSubpackageName()];
    if (version !== 0 || subpackage !== "") {
      throw new ProviderError(
        "INVALID_ARGUMENT",
        `A schema must be asked for in version 0 and without a subpackage; got version ${version}, "${subpackage}".`,
      );
    }
    const { name, kinds } = this.#template.package;
    return new messages.GetSchemaResponse().setSchema(JSON.stringify(schemaOf(name, this.#version, kinds)));
  }

  #check(request: pb.CheckRequest, call: Call): pb.CheckResponse {
    const seed = request.getRandomseed_asU8();
    const autonaming = request.getAutonaming();
    const urn = request.getUrn();
    const provider = this.#sessions.of(call);
    const result = provider.check({
      urn,
      olds: properties(request.getOlds()),
      news: properties(request.getNews()),
      ...(seed.length > 0 && { randomSeed: seed }),
      ...(autonaming && {
        autonaming: {
          mode: MODES[autonaming.getMode()] ?? "propose",
          proposedName: autonaming.getProposedName(),
        },
      }),
    });
    return checkResponse(this.#notes?.checked(provider, urn, result) ?? result);
  }

  #invoke(request: pb.InvokeRequest, call: Call): pb.InvokeResponse {
    const answer = this.#sessions.of(call).invoke(request.getTok(), properties(request.getArgs()));
    if ("result" in answer) return new messages.InvokeResponse().setReturn(struct(answer.result));
    return new messages.InvokeResponse().setFailuresList(answer.failures.map(checkFailure));
  }
}

type Call = ServerUnaryCall<unknown, unknown>;

/** That of the SDK, whose terms are spoken here: Pulumi's CLI warns where a provider has another. */
function versionOf(packageName: string): string {
  return (require(`@pulumi/${packageName}/package.json`) as { version: string }).version;
}

function unary<Request, Response>(
  handle: (request: Request, call: ServerUnaryCall<Request, Response>) => Response | Promise<Response>,
): handleUnaryCall<Request, Response> {
  return async (call, callback) => {
    try {
      callback(null, await handle(call.request, call));
    } catch (error) {
      callback(toStatus(error));
    }
  };
}

function toStatus(error: unknown): { code: grpc.status; details: string } {
  const details = error instanceof Error ? error.message : String(error);
  if (error instanceof ProviderError) return { code: grpc.status[error.code], details };
  if (error instanceof TypeError) return { code: grpc.status.INVALID_ARGUMENT, details };
  return { code: grpc.status.UNKNOWN, details };
}

/** Old inputs where the engine sends them; engines of before that send the old state alone. */
function oldInputs(request: pb.DiffRequest): Properties {
  return properties(request.getOldInputs() ?? request.getOlds());
}

function properties(message: Struct | undefined): Properties {
  return decodeProperties(message?.toJavaScript() ?? {});
}

function struct(values: Properties): Struct {
  return structs.Struct.fromJavaScript(
    encodeProperties(values) as Parameters<typeof structs.Struct.fromJavaScript>[0],
  );
}

function checkResponse({ inputs, failures }: CheckResult): pb.CheckResponse {
  return new messages.CheckResponse().setInputs(struct(inputs)).setFailuresList(failures.map(checkFailure));
}

function checkFailure({ property, reason }: Failure): pb.CheckFailure {
  return new messages.CheckFailure().setProperty(property).setReason(reason);
}

function diffResponse({ changes, deleteBeforeReplace = false }: DiffResult): pb.DiffResponse {
  const response = new messages.DiffResponse().setHasdetaileddiff(true);
  const names = new Set<string>();
  const replaces = new Set<string>();
  for (const [path, { change, replaces: forced }] of changes) {
    const [inPlace, replacing] = DIFF_KINDS[change];
    const kind = forced ? replacing : inPlace;
    response.getDetaileddiffMap().set(path, new messages.PropertyDiff().setKind(kind).setInputdiff(true));
    const top = path.replace(/[.[].*$/s, "");
    names.add(top);
    if (forced) replaces.add(top);
  }
  const { DIFF_SOME, DIFF_NONE } = messages.DiffResponse.DiffChanges;
  return response
    .setChanges(changes.size > 0 ? DIFF_SOME : DIFF_NONE)
    .setDiffsList([...names])
    .setReplacesList([...replaces])
    .setDeletebeforereplace(replaces.size > 0 && deleteBeforeReplace);
}
