import { type Properties, reveal } from "../../review/rules/values.ts";
import { checkInputs } from "./check-inputs.ts";
import { diffInputs } from "./diff-inputs.ts";
import { differences } from "./differences.ts";
import { invokeFunction } from "./functions.ts";
import { imagineCreated, withoutImagined } from "./imagined.ts";
import { judgePlan } from "./judge-plan.ts";
import type { Kind, ProviderConfig, ResourceHolder } from "./kind.ts";
import type { FunctionResult, Package } from "./package.ts";
import { refuseInUse } from "./prerequisites.ts";
import { createPreview, updatePreview } from "./preview.ts";
import { ProviderError } from "./provider-error.ts";
import type * as requests from "./requests.ts";
import { nameOf, typeOf } from "./requests.ts";
import { createResource, updateResource, type WriteSession } from "./resource-writes.ts";
import { noteSpent } from "./spent-ids.ts";
import { storedInputs, storedProperties } from "./stored.ts";

/**
 * A provider of one package, apart from how it is reached.
 *
 * Without `parts` it serves offline previews: it checks, compares and previews, and refuses
 * whatever would have an effect. Create is idempotent by URN: an engine that died may repeat it with
 * the same inputs and gets the resource that is there. A repeated delete succeeds.
 */
export class Provider {
  readonly package: Package;
  readonly #kinds: ReadonlyMap<string, Kind<unknown>>;
  readonly #parts: ResourceHolder | undefined;
  readonly #localProjects: boolean;
  readonly #imagines: boolean;
  #config: ProviderConfig = {};
  #cancelled = new AbortController();

  private constructor(
    served: Package,
    parts: ResourceHolder | undefined,
    localProjects: boolean,
    imagines = false,
  ) {
    this.package = served;
    this.#localProjects = localProjects;
    this.#imagines = imagines;
    this.#kinds = new Map(served.kinds.map((kind) => [kind.token, kind]));
    this.#parts = parts;
  }

  /** Acts on a cloud, of which each kind is given its parts. */
  static on<Parts extends ResourceHolder>(parts: Parts, served: Package<Parts>): Provider {
    return new Provider({ ...served, kinds: served.kinds.map((kind) => bound(kind, parts)) }, parts, true);
  }

  /** @param localProjects Whether projects are the local cloud's, though perhaps none runs. */
  static offline(served: Package<never>, localProjects: boolean): Provider {
    return new Provider(withoutEffects(served), undefined, localProjects);
  }

  /**
   * Like one that is offline, but a first update goes well: what it makes is made up, and nowhere. A preview of what
   * was made so takes what was made up for unknown when it judges, and for known when it compares.
   */
  static imagining(served: Package<never>, localProjects: boolean): Provider {
    return new Provider(withoutEffects(served), undefined, localProjects, true);
  }

  /** The same for another engine, which configures and cancels it apart from this one. */
  another(): Provider {
    return new Provider(this.package, this.#parts, this.#localProjects, this.#imagines);
  }

  /** Starts a session of an engine: what came before, a cancellation too, is over. */
  configure(config: ProviderConfig): void {
    this.#config = config;
    this.#cancelled = new AbortController();
  }

  /** A changed setting never replaces the provider: ids do not depend on how it was reached. */
  diffConfig(oldInputs: Properties, news: Properties): requests.DiffResult {
    const changed = [...differences(oldInputs, news)];
    return { changes: new Map(changed.map(([path, change]) => [path, { change, replaces: false }])) };
  }

  /** Ends the waits that are under way. What is written stays. */
  cancel(): void {
    this.#cancelled.abort();
  }

  /** @throws {ProviderError} UNIMPLEMENTED for a function that nobody wrote. */
  invoke(token: string, args: Properties): FunctionResult {
    const call = { args: reveal(args), config: this.#config, local: this.#localProjects };
    return invokeFunction(this.package, token, call);
  }

  /**
   * What is wrong with a program's resources that each by itself does not show, before any is made.
   *
   * @param existing Names of what stands already, outside of the program.
   */
  judge(
    planned: readonly requests.PlannedResource[],
    existing: readonly string[] = [],
  ): readonly requests.Judgement[] {
    return judgePlan(this.#kinds, this.#imagines ? planned.map(asUnknown) : planned, {
      config: this.#config,
      local: this.#localProjects,
      existing,
      isElsewhere: this.package.isElsewhere,
      cloud: this.#parts?.kernel.resources,
    });
  }

  /** Kinds that nothing local acts on. */
  recordedKinds(): readonly string[] {
    return [...this.#kinds.values()].filter(({ recorded }) => recorded).map(({ token }) => token);
  }

  /** Fills in names and defaults and reports every mistake at once; a kind that nobody wrote is one. */
  check(request: requests.CheckRequest): requests.CheckResult {
    const kind = this.#kinds.get(typeOf(request));
    if (!kind) {
      return { inputs: request.news, failures: [{ property: "", reason: this.#unwritten(request) }] };
    }
    const around = { config: this.#config, local: this.#localProjects };
    const result = checkInputs(kind, request, around);
    if (!this.#imagines) return result;
    const judged = checkInputs(kind, { ...request, news: withoutImagined(request.news) }, around);
    return { ...result, failures: judged.failures };
  }

  diff(request: requests.DiffRequest): requests.DiffResult {
    return diffInputs(this.#kind(request), request);
  }

  async create(request: requests.CreateRequest): Promise<requests.CreateResult> {
    const kind = this.#kind(request);
    if (request.preview) return { id: "", properties: createPreview(kind, request.properties) };
    if (this.#imagines) return imagineCreated(kind, request);
    return createResource(kind, request, this.#online(request), this.#session());
  }

  async update(request: requests.UpdateRequest): Promise<Properties> {
    const kind = this.#kind(request);
    if (request.preview) return updatePreview(kind, request.olds, request.news);
    return updateResource(kind, request, this.#online(request), this.#session());
  }

  /** Offline, what is looked at is taken to be there; what it is like is not known. */
  read(request: requests.ReadRequest): requests.ReadResult {
    const kind = this.#kind(request);
    if (!this.#parts) return { id: request.id, properties: {}, inputs: {} };
    const resource = this.#parts.kernel.resources.get(kind.token, request.id);
    if (!resource) return { id: "", properties: {}, inputs: {} };
    return {
      id: resource.id,
      properties: storedProperties(kind, resource),
      inputs: storedInputs(kind, resource, request.inputs),
    };
  }

  /** Deleting what is not there succeeds. */
  delete(request: requests.IdRequest): void {
    const kind = this.#kind(request);
    const parts = this.#online(request);
    const resource = parts.kernel.resources.get(kind.token, request.id);
    if (!resource) return;
    if (kind.outlives?.(resource)) {
      // It is nobody's from now on: no stack's state is to know of it.
      parts.kernel.resources.put({ ...resource, urn: "" });
      return;
    }
    refuseInUse(kind, resource, this.#kinds.values(), parts.kernel.resources);
    kind.remove?.(resource, parts);
    if (kind.idOutlives) noteSpent(kind, resource, parts);
    parts.kernel.resources.remove(kind.token, request.id);
  }

  #session(): WriteSession {
    return {
      config: this.#config,
      signal: this.#cancelled.signal,
    };
  }

  #kind(subject: requests.Subject): Kind<unknown> {
    const type = typeOf(subject);
    const kind = this.#kinds.get(type);
    if (kind) return kind;
    // A preview that notes mistakes goes on, also with what follows from one.
    if (!this.#parts) return unwritten(type);
    throw new ProviderError("INVALID_ARGUMENT", this.#unwritten(subject));
  }

  #unwritten(subject: requests.Subject): string {
    return `The local ${this.package.name} provider has no kind ${typeOf(subject)} (resource "${nameOf(subject)}").`;
  }

  #online({ urn }: requests.Subject): ResourceHolder {
    if (this.#parts) return this.#parts;
    throw new ProviderError(
      "FAILED_PRECONDITION",
      `An offline preview has no effects: "${urn}" cannot be acted on.`,
    );
  }
}

/** Stands for a kind that nobody wrote, of which nothing is known. */
function unwritten(token: string): Kind<unknown> {
  return {
    token,
    facts: { required: [], replaceOnChange: [], computed: [] },
    shape: { inputs: { required: [], fields: {} }, outputs: [] },
    shapes: { sdk: "", resources: {}, objects: {} },
    errors: "",
    id() {
      throw new TypeError(`${token} is a kind that nobody wrote: its id cannot be told.`);
    },
  };
}

/** What is made up is not there yet. */
function asUnknown(planned: requests.PlannedResource): requests.PlannedResource {
  const [inputs, outputs] = [withoutImagined(planned.inputs), withoutImagined(planned.outputs)];
  return { ...planned, id: "", inputs, outputs };
}

function withoutEffects(served: Package<never>): Package {
  return { ...served, kinds: served.kinds.map(({ outputs, ready, remove, ...kind }) => kind) };
}

/** The kind, acting on these parts and no others. */
function bound<Parts>(kind: Kind<Parts>, parts: Parts): Kind<unknown> {
  const { outputs, ready, remove, ...rest } = kind;
  return {
    ...rest,
    ...(outputs && { outputs: (draft) => outputs.call(kind, draft, parts) }),
    ...(ready && { ready: (id) => ready.call(kind, id, parts) }),
    ...(remove && { remove: (resource) => remove.call(kind, resource, parts) }),
  };
}
