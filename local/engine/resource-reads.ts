import type { ReadResourceRequest } from "@pulumi/pulumi/proto/resource_pb.js";
import { EngineRefusal, interrupted } from "./engine-refusal.ts";
import { UNREMARKABLE } from "./record-building.ts";
import type { ResourceRecord } from "./records.ts";
import { checkIdentity, unsupportedBy } from "./registration.ts";
import type { ResourceRegistrar } from "./resource-registrar.ts";
import { markSecrets } from "./secrecy.ts";
import { readStackReference, STACK_REFERENCE_TYPE } from "./stack-reference.ts";
import { stepOf } from "./steps.ts";
import type { UpdateContext } from "./update-context.ts";
import { urnOf } from "./urns.ts";
import { fromStruct, type Properties, UNKNOWN } from "./values.ts";

interface ReadState {
  readonly inputs: Properties;
  readonly outputs: Properties;
}

/**
 * Reads resources that the program refers to and does not own: `.get()`, and stack references. They are on
 * record as external, and never changed or deleted.
 * @see https://www.pulumi.com/docs/iac/concepts/resources/get/
 */
export class ResourceReads {
  readonly #context: UpdateContext;
  readonly #registrar: ResourceRegistrar;

  constructor(context: UpdateContext, registrar: ResourceRegistrar) {
    this.#context = context;
    this.#registrar = registrar;
  }

  /**
   * @returns In a preview whose id is not known yet, no properties: all of them are unknown.
   * @throws {EngineRefusal | ProviderFailure} when there is no such resource, or it cannot be read.
   */
  async read(request: ReadResourceRequest): Promise<{ urn: string; properties: Properties }> {
    const { project, stack, limit } = this.#context;
    const [name, type, parent] = [request.getName(), request.getType(), request.getParent()];
    const subject = `Resource "${name}" (${type})`;
    checkIdentity(name, type, subject);
    if (request.getPackageref() !== "") throw unsupportedBy(subject, "a parameterized package");
    const urn = urnOf(stack, project, parent, type, name);
    this.#registrar.claim({ urn, name, type, parent, aliases: [] });
    const id = request.getId();
    const provider =
      type === STACK_REFERENCE_TYPE
        ? ""
        : await this.#registrar.providerOf({ type, provider: request.getProvider() });
    const given = fromStruct(request.getProperties());
    const record: ResourceRecord = {
      ...UNREMARKABLE,
      urn,
      type,
      custom: true,
      id: id === UNKNOWN ? "" : id,
      parent,
      inputs: given,
      outputs: {},
      dependencies: request.getDependenciesList().toSorted(),
      provider,
      additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
      external: true,
    };
    if (id === UNKNOWN) return { urn, properties: {} };
    const { outputs } = await limit(() => this.#read(record, subject));
    return { urn, properties: outputs };
  }

  async #read(record: ResourceRecord, subject: string): Promise<ResourceRecord> {
    const { state, reporter, signal } = this.#context;
    if (signal.aborted) throw interrupted();
    const old = state.find(record.urn);
    // What the program made until now, and only looks at from now on, is deleted unless it is the very resource.
    const supersedes = old !== undefined && !old.external && !old.pendingReplacement && old.id !== record.id;
    if (supersedes && old.protect) {
      throw new EngineRefusal(
        `${subject}: reading ${record.id} in its place deletes it, and it is protected; take the option protect off first.`,
      );
    }
    const step = stepOf("read", { old, next: record });
    const startedAt = reporter.started(step);
    const { inputs, outputs } = await this.#stateOf(record, subject);
    const secrets = record.additionalSecretOutputs;
    const known = { ...record, inputs, outputs: markSecrets(outputs, record.inputs, secrets) };
    if (supersedes) state.supersede(old.urn);
    state.put(known);
    const { newState } = stepOf("read", { next: known });
    reporter.done({ ...step, ...(newState && { newState }) }, startedAt);
    return known;
  }

  async #stateOf(record: ResourceRecord, subject: string): Promise<ReadState> {
    const { providers, stateDir } = this.#context;
    if (record.type === STACK_REFERENCE_TYPE) {
      return { inputs: record.inputs, outputs: readStackReference(stateDir, record.id, subject) };
    }
    const provider = await providers.for(record);
    const found = await provider.read(record, record.id, record.inputs);
    if (found === undefined) {
      throw new EngineRefusal(`${subject}: there is no such resource; its id is "${record.id}".`);
    }
    return found;
  }
}
