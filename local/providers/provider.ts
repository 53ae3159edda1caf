import type { CloudParts, CloudResource } from "../cloud/parts.ts";
import { AlreadyExists } from "../cloud/refusals.ts";
import { isMadeUp } from "./autonaming.ts";
import { checkInputs } from "./check-inputs.ts";
import { commonOutputs } from "./computed.ts";
import { withDeadline } from "./deadline.ts";
import { differences } from "./differences.ts";
import { FACTS } from "./facts.ts";
import { type FunctionResult, invokeFunction } from "./functions.ts";
import { addInnerOutputs, inThe } from "./inner-outputs.ts";
import { judgePlan } from "./judge-plan.ts";
import type { Draft, Kind, ProviderConfig } from "./kind.ts";
import { covers } from "./paths.ts";
import { inTheCloud, refuseInUse, refuseUnmet } from "./prerequisites.ts";
import { createPreview, updatePreview } from "./preview.ts";
import { ProviderError } from "./provider-error.ts";
import type * as requests from "./requests.ts";
import { nameOf, typeOf } from "./requests.ts";
import { noteSpent, refuseSpent } from "./spent-ids.ts";
import { storedInputs, storedProperties, toStored } from "./stored.ts";
import { absentFrom, hasUnknown, type Properties, reveal, type Value } from "./values.ts";

/** A start that takes longer is a failure: Cloud Run itself gives an instance 4 minutes. */
const READY_DEADLINE_SECONDS = 300;

interface Write extends requests.Subject {
  readonly id: string;
  readonly properties: Properties;
  readonly previous: CloudResource | undefined;
  readonly timeoutSeconds: number;
  undo(): void;
}

/**
 * A provider of one package, apart from how it is reached.
 *
 * Without `parts` it serves offline previews: it checks, compares and previews, and refuses
 * whatever would have an effect. Create is idempotent by URN: an engine that died may repeat it with
 * the same inputs and gets the resource that is there. A repeated delete succeeds.
 */
export class Provider {
  readonly packageName: string;
  readonly #kinds: ReadonlyMap<string, Kind>;
  readonly #parts: CloudParts | undefined;
  readonly #localProjects: boolean;
  #config: ProviderConfig = {};
  #programDirectory: string | undefined;
  #cancelled = new AbortController();

  /** @param localProjects Whether projects are the local cloud's, though perhaps none runs. @default with parts */
  constructor(
    packageName: string,
    kinds: readonly Kind[],
    parts: CloudParts | undefined,
    localProjects = parts !== undefined,
  ) {
    this.packageName = packageName;
    this.#localProjects = localProjects;
    this.#kinds = new Map(kinds.map((kind) => [kind.token, kind]));
    this.#parts = parts;
  }

  /** The same for another engine, which configures and cancels it apart from this one. */
  another(): Provider {
    return new Provider(this.packageName, [...this.#kinds.values()], this.#parts, this.#localProjects);
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

  /** Where relative paths of assets start; `undefined` refuses them. */
  setProgramDirectory(path: string | undefined): void {
    this.#programDirectory = path;
  }

  /** Ends the waits that are under way. What is written stays. */
  cancel(): void {
    this.#cancelled.abort();
  }

  /** @throws {ProviderError} UNIMPLEMENTED for a function that nobody wrote. */
  invoke(token: string, args: Properties): FunctionResult {
    const call = { args: reveal(args), config: this.#config, local: this.#localProjects };
    return invokeFunction(this.packageName, token, call);
  }

  /** What is wrong with a program's resources that each by itself does not show, before any is made. */
  judge(planned: readonly requests.PlannedResource[]): readonly requests.Judgement[] {
    return judgePlan(this.#kinds, planned, {
      home: this.#config.project,
      local: this.#localProjects,
      cloud: this.#parts?.kernel.resources,
    });
  }

  /** Tokens of all kinds. */
  get kinds(): readonly string[] {
    return [...this.#kinds.keys()];
  }

  /** Kinds that nothing local acts on. */
  recordedKinds(): readonly string[] {
    return [...this.#kinds.values()].filter(({ recorded }) => recorded).map(({ token }) => token);
  }

  /** Fills in names and defaults and reports every mistake at once. */
  check(request: requests.CheckRequest): requests.CheckResult {
    return checkInputs(this.#kind(request), request, {
      config: this.#config,
      local: this.#parts !== undefined,
    });
  }

  /**
   * What the program now says and the service chose before is no change. A name that the program gave and
   * keeps is free for a replacement only once the old resource is gone, as in Pulumi's own providers.
   * @see https://github.com/pulumi/pulumi-terraform-bridge/blob/main/pkg/tfbridge/schema.go nameRequiresDeleteBeforeReplace
   */
  diff({ urn, oldInputs, olds, news, ignoreChanges }: requests.DiffRequest): requests.DiffResult {
    const { token, autoname } = this.#kind({ urn });
    const forced = FACTS[token]?.replaceOnChange ?? [];
    const changes = new Map<string, { change: "add" | "update" | "delete"; replaces: boolean }>();
    const chosen = absentFrom(oldInputs, olds);
    for (const [path, change] of differences(oldInputs, news)) {
      if (change === "add" && path in chosen && isSame(chosen[path], news[path])) continue;
      if (ignoreChanges.some((ignored) => covers(ignored, path) || path.startsWith(`${ignored}.`))) continue;
      changes.set(path, { change, replaces: forced.some((tabled) => covers(tabled, path)) });
    }
    const isKept = autoname !== undefined && !changes.has(autoname.property);
    const name = isKept ? news[autoname.property] : undefined;
    const isGiven = isKept && typeof name === "string" && !isMadeUp(autoname, nameOf({ urn }), name);
    return { changes, deleteBeforeReplace: isGiven };
  }

  /** @throws {ProviderError} ALREADY_EXISTS when another URN made what has this id. */
  async create(request: requests.CreateRequest): Promise<{ id: string; properties: Properties }> {
    const kind = this.#kind(request);
    if (request.preview) {
      return { id: "", properties: createPreview(kind, request.properties) };
    }
    const parts = this.#online(request);
    this.#refuseUnknown(request.urn, request.properties);
    const id = kind.id(reveal(request.properties), request.urn, parts.kernel.resources);
    const previous = parts.kernel.resources.get(kind.token, id);
    if (previous) this.#refuseConflict(kind, previous, request);
    else if (kind.idOutlives) refuseSpent(kind, id, parts);
    const undo = () => parts.kernel.resources.remove(kind.token, id);
    return { id, properties: await this.#write(kind, { ...request, id, previous, undo }, parts) };
  }

  /** @throws {ProviderError} NOT_FOUND when the cloud does not hold the resource. A failure leaves the old one. */
  async update(request: requests.UpdateRequest): Promise<Properties> {
    const kind = this.#kind(request);
    if (request.preview) return updatePreview(kind, request.olds, request.news);
    const parts = this.#online(request);
    this.#refuseUnknown(request.urn, request.news);
    const previous = parts.kernel.resources.get(kind.token, request.id);
    if (!previous) {
      throw new ProviderError(
        "NOT_FOUND",
        `Error 404: ${kind.token} "${request.id}" was not found in the local cloud, whose state is apart from the stack's.`,
      );
    }
    const undo = () => parts.kernel.resources.put(previous);
    return this.#write(kind, { ...request, properties: request.news, previous, undo }, parts);
  }

  /** Offline, what is looked at is taken to be there; what it is like is not known. */
  read(request: requests.ReadRequest): requests.ReadResult {
    const kind = this.#kind(request);
    if (!this.#parts) return { id: request.id, properties: {}, inputs: {} };
    const resource = this.#parts.kernel.resources.get(kind.token, request.id);
    if (!resource) return { id: "", properties: {}, inputs: {} };
    return {
      id: resource.id,
      properties: storedProperties(resource),
      inputs: storedInputs(kind, resource, request.inputs),
    };
  }

  /** Deleting what is not there succeeds. */
  delete(request: requests.IdRequest): void {
    const kind = this.#kind(request);
    const parts = this.#online(request);
    const resource = parts.kernel.resources.get(kind.token, request.id);
    if (!resource) return;
    const policy = resource.properties.deletionPolicy;
    if (policy === "ABANDON") return;
    if (policy === "PREVENT") {
      throw new ProviderError(
        "FAILED_PRECONDITION",
        `${kind.token} "${request.id}" cannot be deleted: deletionPolicy must be DELETE or ABANDON; got "PREVENT".`,
      );
    }
    if (kind.outlives?.(resource)) return;
    refuseInUse(kind, resource, this.#kinds.values(), parts);
    kind.remove?.(resource, parts);
    if (kind.idOutlives) noteSpent(kind, resource, parts);
    parts.kernel.resources.remove(kind.token, request.id);
  }

  async #write(kind: Kind, request: Write, parts: CloudParts): Promise<Properties> {
    const { urn, id, properties, previous } = request;
    const made = previous?.urn === urn && this.#sameAs(kind, previous, properties);
    if (!made) {
      const draft: Draft = {
        id,
        urn,
        inputs: reveal(properties),
        now: new Date().toISOString(),
        ...(previous && { previous }),
        ...(this.#programDirectory !== undefined && { programDirectory: this.#programDirectory }),
      };
      refuseUnmet(kind, draft, inTheCloud(parts, this.#config.project));
      const outputs = {
        ...absentFrom(draft.inputs, kind.assigned ?? {}),
        ...commonOutputs(kind.token, draft),
        ...kind.known?.(draft.inputs),
        ...kind.outputs?.(draft, parts),
      };
      const stored = toStored({ ...draft.inputs, ...outputs });
      parts.kernel.resources.put({ kind: kind.token, id, urn, properties: stored });
    }
    if (kind.ready) {
      const seconds = request.timeoutSeconds || READY_DEADLINE_SECONDS;
      try {
        await withDeadline(kind.ready(id, parts), seconds, this.#cancelled.signal, `${kind.token} "${id}"`);
      } catch (error) {
        request.undo();
        throw error;
      }
    }
    const written = parts.kernel.resources.get(kind.token, id);
    const stored = written ? storedProperties(written) : {};
    return { ...stored, ...addInnerOutputs(kind, properties, inThe(stored)) };
  }

  /** Whether the very act was done before: then it is not done again, and what it gave stands. */
  #sameAs(kind: Kind, previous: CloudResource, properties: Properties): boolean {
    return differences(storedInputs(kind, previous, properties), properties).size === 0;
  }

  /** What stands there is the same act made before, unless it is another's or this one's predecessor. */
  #refuseConflict(kind: Kind, previous: CloudResource, request: requests.CreateRequest): void {
    const { urn, properties: news } = request;
    const { id } = previous;
    const { message } = new AlreadyExists(kind.token, id);
    if (previous.urn !== urn && !kind.shared) {
      throw new ProviderError("ALREADY_EXISTS", `Error 409: ${message} It belongs to ${previous.urn}.`);
    }
    const oldInputs = storedInputs(kind, previous, news);
    const { changes } = this.diff({ urn, id, oldInputs, olds: {}, news, ignoreChanges: [] });
    const forced = [...changes].filter(([, { replaces }]) => replaces).map(([path]) => path);
    if (forced.length > 0) {
      throw new ProviderError("ALREADY_EXISTS", `Error 409: ${message} It has another ${forced.join(", ")}.`);
    }
  }

  #kind(subject: requests.Subject): Kind {
    const type = typeOf(subject);
    const kind = this.#kinds.get(type);
    if (kind) return kind;
    throw new ProviderError(
      "INVALID_ARGUMENT",
      `The local ${this.packageName} provider has no kind ${type} (resource "${nameOf(subject)}").`,
    );
  }

  #online({ urn }: requests.Subject): CloudParts {
    if (this.#parts) return this.#parts;
    throw new ProviderError(
      "FAILED_PRECONDITION",
      `An offline preview has no effects: "${urn}" cannot be acted on.`,
    );
  }

  #refuseUnknown(urn: string, properties: Properties): void {
    for (const [name, value] of Object.entries(properties)) {
      if (hasUnknown(value)) {
        throw new ProviderError(
          "INVALID_ARGUMENT",
          `"${urn}": ${name} must be known by now; got an unknown value.`,
        );
      }
    }
  }
}

function isSame(left: Value | undefined, right: Value | undefined): boolean {
  return differences({ value: left }, { value: right }).size === 0;
}
