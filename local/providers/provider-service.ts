import grpc, { type handleUnaryCall, type UntypedServiceImplementation } from "@grpc/grpc-js";
import type * as plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import pluginMessages from "@pulumi/pulumi/proto/plugin_pb.js";
import type * as pb from "@pulumi/pulumi/proto/provider_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import emptyMessages, { type Empty } from "google-protobuf/google/protobuf/empty_pb.js";
import structs, { type Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import type { Autonaming } from "./autonaming.ts";
import type { Provider } from "./provider.ts";
import { ProviderError } from "./provider-error.ts";
import type { CheckResult, DiffResult, Failure } from "./requests.ts";
import { checkSettings, readSettings } from "./settings.ts";
import type { Properties } from "./values.ts";
import { decodeProperties, encodeProperties } from "./wire.ts";

const VERSION = "0.1.0";
const MODES: readonly Autonaming["mode"][] = ["propose", "enforce", "disable"];
const KIND = messages.PropertyDiff.Kind;
/** By change: in place, and with replacement. */
const DIFF_KINDS = {
  add: [KIND.ADD, KIND.ADD_REPLACE],
  update: [KIND.UPDATE, KIND.UPDATE_REPLACE],
  delete: [KIND.DELETE, KIND.DELETE_REPLACE],
} as const;

/** Translates between the protocol's messages and the provider's own terms. */
export class ProviderService {
  readonly #provider: Provider;

  constructor(provider: Provider) {
    this.#provider = provider;
  }

  handlers(): UntypedServiceImplementation {
    const provider = this.#provider;
    return {
      handshake: unary<pb.ProviderHandshakeRequest, pb.ProviderHandshakeResponse>((request) => {
        provider.setProgramDirectory(
          request.getProgramDirectory() || request.getRootDirectory() || undefined,
        );
        return new messages.ProviderHandshakeResponse()
          .setAcceptSecrets(true)
          .setAcceptResources(false)
          .setAcceptOutputs(false)
          .setSupportsAutonamingConfiguration(true);
      }),
      attach: unary<plugin.PluginAttach, Empty>(() => new emptyMessages.Empty()),
      getPluginInfo: unary<Empty, plugin.PluginInfo>(() =>
        new pluginMessages.PluginInfo().setVersion(VERSION),
      ),
      checkConfig: unary<pb.CheckRequest, pb.CheckResponse>((request) => {
        const news = properties(request.getNews());
        return checkResponse({ inputs: news, failures: checkSettings(provider.packageName, news) });
      }),
      diffConfig: unary<pb.DiffRequest, pb.DiffResponse>((request) =>
        diffResponse(provider.diffConfig(oldInputs(request), properties(request.getNews()))),
      ),
      configure: unary<pb.ConfigureRequest, pb.ConfigureResponse>((request) => {
        this.#configure(request);
        return new messages.ConfigureResponse()
          .setAcceptsecrets(true)
          .setSupportspreview(true)
          .setAcceptresources(false)
          .setAcceptoutputs(false)
          .setSupportsAutonamingConfiguration(true);
      }),
      check: unary<pb.CheckRequest, pb.CheckResponse>((request) => this.#check(request)),
      diff: unary<pb.DiffRequest, pb.DiffResponse>((request) =>
        diffResponse(
          provider.diff({
            urn: request.getUrn(),
            id: request.getId(),
            oldInputs: oldInputs(request),
            news: properties(request.getNews()),
            ignoreChanges: request.getIgnorechangesList(),
          }),
        ),
      ),
      create: unary<pb.CreateRequest, pb.CreateResponse>(async (request) => {
        const created = await provider.create({
          urn: request.getUrn(),
          properties: properties(request.getProperties()),
          preview: request.getPreview(),
          timeoutSeconds: request.getTimeout(),
        });
        return new messages.CreateResponse().setId(created.id).setProperties(struct(created.properties));
      }),
      read: unary<pb.ReadRequest, pb.ReadResponse>((request) => {
        const found = provider.read({
          urn: request.getUrn(),
          id: request.getId(),
          inputs: properties(request.getInputs()),
        });
        return new messages.ReadResponse()
          .setId(found.id)
          .setProperties(struct(found.properties))
          .setInputs(struct(found.inputs));
      }),
      update: unary<pb.UpdateRequest, pb.UpdateResponse>(async (request) => {
        const updated = await provider.update({
          urn: request.getUrn(),
          id: request.getId(),
          olds: properties(request.getOlds()),
          news: properties(request.getNews()),
          preview: request.getPreview(),
          timeoutSeconds: request.getTimeout(),
        });
        return new messages.UpdateResponse().setProperties(struct(updated));
      }),
      delete: unary<pb.DeleteRequest, Empty>((request) => {
        provider.delete({ urn: request.getUrn(), id: request.getId() });
        return new emptyMessages.Empty();
      }),
      invoke: unary<pb.InvokeRequest, pb.InvokeResponse>((request) => this.#invoke(request.getTok())),
      cancel: unary<Empty, Empty>(() => {
        provider.cancel();
        return new emptyMessages.Empty();
      }),
    };
  }

  #configure(request: pb.ConfigureRequest): void {
    const args = request.getArgs();
    const variables = new Map(request.getVariablesMap().toArray());
    const config = readSettings(this.#provider.packageName, args && properties(args), variables);
    const failures = checkSettings(this.#provider.packageName, config);
    if (failures.length > 0) {
      throw new ProviderError("INVALID_ARGUMENT", failures.map(({ reason }) => reason).join(" "));
    }
    this.#provider.configure(config);
  }

  #check(request: pb.CheckRequest): pb.CheckResponse {
    const seed = request.getRandomseed_asU8();
    const autonaming = request.getAutonaming();
    return checkResponse(
      this.#provider.check({
        urn: request.getUrn(),
        olds: properties(request.getOlds()),
        news: properties(request.getNews()),
        ...(seed.length > 0 && { randomSeed: seed }),
        ...(autonaming && {
          autonaming: {
            mode: MODES[autonaming.getMode()] ?? "propose",
            proposedName: autonaming.getProposedName(),
          },
        }),
      }),
    );
  }

  #invoke(token: string): pb.InvokeResponse {
    const { packageName } = this.#provider;
    if (token !== `${packageName}:local:recordedKinds`) {
      throw new ProviderError("UNIMPLEMENTED", `The local ${packageName} provider has no function ${token}.`);
    }
    return new messages.InvokeResponse().setReturn(struct({ kinds: this.#provider.recordedKinds() }));
  }
}

function unary<Request, Response>(
  handle: (request: Request) => Response | Promise<Response>,
): handleUnaryCall<Request, Response> {
  return async (call, callback) => {
    try {
      callback(null, await handle(call.request));
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
  return new messages.CheckResponse()
    .setInputs(struct(inputs))
    .setFailuresList(
      failures.map(({ property, reason }: Failure) =>
        new messages.CheckFailure().setProperty(property).setReason(reason),
      ),
    );
}

function diffResponse({ changes }: DiffResult): pb.DiffResponse {
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
    .setReplacesList([...replaces]);
}
