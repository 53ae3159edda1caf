import {
  type handleUnaryCall,
  type ServerUnaryCall,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import type { IResourceMonitorServer } from "@pulumi/pulumi/proto/resource_grpc_pb.js";
import type {
  ReadResourceRequest,
  ReadResourceResponse,
  RegisterResourceOutputsRequest,
  RegisterResourceRequest,
  RegisterResourceResponse,
  ResourceInvokeRequest,
  ResourceInvokeResponse,
} from "@pulumi/pulumi/proto/resource_pb.js";
import resourcePb from "@pulumi/pulumi/proto/resource_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import { EngineRefusal } from "./engine-refusal.ts";
import { type Origin, originOf } from "./origin.ts";
import { ProviderFailure } from "./provider-failure.ts";
import { STACK_TYPE } from "./records.ts";
import { readRegistration, unsupportedBy } from "./registration.ts";
import { ResourceReads } from "./resource-reads.ts";
import { ResourceRegistrar } from "./resource-registrar.ts";
import type { UpdateContext } from "./update-context.ts";
import { packageOf, urnOf } from "./urns.ts";
import { fromStruct, type Properties, some, toStruct, UNKNOWN } from "./values.ts";

/**
 * What the SDK is told that there is: what the engine does and, from `transforms` on, what it refuses by name,
 * for of what there is not the SDK says that Pulumi's CLI is too old.
 */
const FEATURES: ReadonlySet<string> = new Set([
  "secrets",
  "aliasSpecs",
  "deletedWith",
  "transforms",
  "invokeTransforms",
  "resourceHooks",
  "errorHooks",
  "replaceWith",
  "parameterization",
]);

type Handler<Request, Response> = (request: Request) => Promise<Response> | Response;

/** The `ResourceMonitor` that the program's SDK talks to: where resources are registered. */
export class ResourceMonitor {
  readonly #context: UpdateContext;
  readonly #registrar: ResourceRegistrar;
  readonly #reads: ResourceReads;
  readonly #origins = new Map<string, Origin>();
  #stackOutputs: { readonly urn: string; readonly outputs: Properties } | undefined;
  #finished = false;
  #inFlight = 0;
  #lastActivity = Date.now();

  constructor(context: UpdateContext) {
    this.#context = context;
    this.#registrar = new ResourceRegistrar(context);
    this.#reads = new ResourceReads(context, this.#registrar);
  }

  /** URNs that the program asked for. */
  get claimed(): ReadonlySet<string> {
    return this.#registrar.claimed;
  }

  /** By URN: where in the program the resources are made that it registered, not merely read. */
  get origins(): ReadonlyMap<string, Origin> {
    return this.#origins;
  }

  /** Whether the program said that it came to its end. It does so only when nothing in it failed. */
  get finished(): boolean {
    return this.#finished;
  }

  /** The stack's outputs, if the program set them. When it throws they come all the same, and mean nothing. */
  get stackOutputs(): { readonly urn: string; readonly outputs: Properties } | undefined {
    return this.#stackOutputs;
  }

  /** Milliseconds during which the program neither asked for anything nor waited for an answer. */
  get idleMs(): number {
    return this.#inFlight > 0 ? 0 : Date.now() - this.#lastActivity;
  }

  /** Calls that the program does not know the answer of yet. */
  get inFlight(): number {
    return this.#inFlight;
  }

  get service(): UntypedServiceImplementation {
    const service: Partial<IResourceMonitorServer> = {
      supportsFeature: this.#handler((request) =>
        new resourcePb.SupportsFeatureResponse().setHassupport(FEATURES.has(request.getId())),
      ),
      registerResource: this.#handler((request) => this.#registerResource(request)),
      registerResourceOutputs: this.#handler((request) => this.#registerOutputs(request)),
      readResource: this.#handler((request) => this.#readResource(request)),
      invoke: this.#handler((request) => this.#invoke(request)),
      call: this.#refusing((request) => `The call of ${request.getTok()}`, "a method of a resource"),
      registerPackage: this.#refusing((request) => `The package "${request.getName()}"`, "parameterization"),
      registerStackTransform: this.#refusing(() => "The program", "a transform"),
      registerStackInvokeTransform: this.#refusing(() => "The program", "an invoke transform"),
      registerResourceHook: this.#refusing((request) => `The hook "${request.getName()}"`, "a resource hook"),
      registerErrorHook: this.#refusing((request) => `The hook "${request.getName()}"`, "an error hook"),
      signalAndWaitForShutdown: this.#handler(() => {
        this.#finished = true;
        return new emptyPb.Empty();
      }),
    };
    return service as UntypedServiceImplementation;
  }

  async #registerResource(request: RegisterResourceRequest): Promise<RegisterResourceResponse> {
    const { project, stack, reporter, preview, rootDirectory } = this.#context;
    const { SUCCESS, FAIL } = resourcePb.Result;
    const [name, type] = [request.getName(), request.getType()];
    const urn = urnOf(stack, project, request.getParent(), type, name);
    const response = new resourcePb.RegisterResourceResponse().setUrn(urn);
    const origin = originOf(request, rootDirectory);
    // One that is registered twice is where it first was.
    if (!this.#origins.has(urn)) this.#origins.set(urn, origin);
    try {
      const registration = readRegistration(request, project, stack);
      const { id, outputs } = await this.#registrar.register(registration);
      return response.setId(id).setObject(toStruct(outputs)).setResult(SUCCESS);
    } catch (error) {
      if (!(error instanceof EngineRefusal || error instanceof ProviderFailure)) throw error;
      const mistaken = reporter.registrationFailed({ urn, name, type }, origin, error);
      // A preview goes on as if the resource were made, its outputs unknown: what depends on it may have mistakes too.
      return response.setResult(preview && mistaken ? SUCCESS : FAIL).setObject(toStruct({}));
    }
  }

  async #registerOutputs(request: RegisterResourceOutputsRequest): Promise<emptyPb.Empty> {
    const { state } = this.#context;
    const urn = request.getUrn();
    const outputs = fromStruct(request.getOutputs());
    const record = state.find(urn);
    if (record?.type === STACK_TYPE) this.#stackOutputs = { urn, outputs };
    else if (record !== undefined) state.amend(record, { ...record, outputs });
    return new emptyPb.Empty();
  }

  async #readResource(request: ReadResourceRequest): Promise<ReadResourceResponse> {
    try {
      const { urn, properties } = await this.#reads.read(request);
      return new resourcePb.ReadResourceResponse().setUrn(urn).setProperties(toStruct(properties));
    } catch (error) {
      if (!(error instanceof ProviderFailure)) throw error;
      const subject = `Resource "${request.getName()}" (${request.getType()})`;
      throw new EngineRefusal(`${subject}: ${error.message}`, { cause: error });
    }
  }

  async #invoke(request: ResourceInvokeRequest): Promise<ResourceInvokeResponse> {
    const { providers, preview } = this.#context;
    const token = request.getTok();
    const subject = `The function ${token}`;
    if (packageOf(token) === "pulumi") throw unsupportedBy(subject, "a function of the engine");
    if (request.getPackageref() !== "") throw unsupportedBy(subject, "a parameterized package");
    try {
      const reference = await this.#registrar.providerOf({ type: token, provider: request.getProvider() });
      const provider = await providers.for({ type: token, provider: reference });
      if (provider.unconfigured) return new resourcePb.ResourceInvokeResponse().setUnknown(true);
      const result = await provider.invoke(token, fromStruct(request.getArgs()), preview);
      // The SDK takes an answer that is unknown in part for one that lacks that part: it can only be unknown as a whole.
      if (preview && some(result, (value) => value === UNKNOWN)) {
        return new resourcePb.ResourceInvokeResponse().setUnknown(true);
      }
      return new resourcePb.ResourceInvokeResponse().setReturn(toStruct(result));
    } catch (error) {
      if (!(error instanceof ProviderFailure)) throw error;
      const { uncertain } = error;
      throw new ProviderFailure(`${subject}: ${error.message}`, { cause: error, uncertain });
    }
  }

  #refusing<Request>(subject: (request: Request) => string, what: string): handleUnaryCall<Request, never> {
    return this.#handler((request) => {
      throw unsupportedBy(subject(request), what);
    });
  }

  /**
   * Answers with a gRPC error what a handler throws. UNAVAILABLE would crash the SDK, so it is never one of them.
   * A provider's failure is the program's to catch; all else fails the update at once.
   */
  #handler<Request, Response>(handle: Handler<Request, Response>): handleUnaryCall<Request, Response> {
    return ({ request }: ServerUnaryCall<Request, Response>, callback) => {
      this.#inFlight += 1;
      const settled = (): void => {
        this.#inFlight -= 1;
        this.#lastActivity = Date.now();
      };
      const answer = async (): Promise<Response> => handle(request);
      answer().then(
        (response) => {
          settled();
          callback(null, response);
        },
        (error: Error) => {
          settled();
          if (error instanceof EngineRefusal) this.#context.reporter.refusal(error);
          else if (error instanceof ProviderFailure) this.#context.reporter.answered(error);
          else this.#context.reporter.error(`The engine failed: ${error.stack ?? error.message}`);
          callback({ code: status.FAILED_PRECONDITION, details: error.message });
        },
      );
    };
  }
}
