import { resolveAssets } from "./assets.ts";
import { equal } from "./differences.ts";
import { EngineRefusal, interrupted } from "./engine-refusal.ts";
import { providerRecord, recordOf } from "./record-building.ts";
import { type Registration, unsupportedBy } from "./registration.ts";
import { type Registered, type ResourceChange, ResourceChanges } from "./resource-changes.ts";
import { stepOf } from "./steps.ts";
import type { UpdateContext } from "./update-context.ts";
import { defaultProviderUrn, packageOf } from "./urns.ts";
import type { Properties, Value } from "./values.ts";

/** Takes each registration to its step: create, update, replace, or the same. */
export class ResourceRegistrar {
  readonly #context: UpdateContext;
  readonly #changes: ResourceChanges;
  readonly #claimed = new Set<string>();

  constructor(context: UpdateContext) {
    this.#context = context;
    this.#changes = new ResourceChanges(context);
  }

  /** URNs that the program asked for, whatever became of them. */
  get claimed(): ReadonlySet<string> {
    return this.#claimed;
  }

  /** @throws {EngineRefusal | ProviderFailure} when the resource did not become what the program wants. */
  async register(registration: Registration): Promise<Registered> {
    const { urn, name, type, formerUrns } = registration;
    const subject = `Resource "${name}" (${type})`;
    if (this.#claimed.has(urn)) {
      throw new EngineRefusal(
        `${subject}: the program registers it twice; names must be unique among resources of a type and parent.`,
      );
    }
    this.#claimed.add(urn);
    const former = formerUrns.find((candidate) => candidate !== urn && this.#context.state.find(candidate));
    if (former !== undefined && !this.#context.state.find(urn)) {
      throw unsupportedBy(subject, `taking over ${former} by an alias`);
    }
    if (!registration.custom) return this.#registerComponent(registration);
    return this.#context.limit(() => this.#registerCustom(registration));
  }

  #registerComponent(registration: Registration): Registered {
    const { state, reporter } = this.#context;
    const old = state.find(registration.urn);
    const next = recordOf(registration, {
      inputs: registration.inputs,
      outputs: old?.outputs ?? {},
      id: "",
      provider: "",
    });
    state.put(next);
    const step = stepOf(old ? "same" : "create", { old, next });
    reporter.done(step, reporter.started(step));
    return { id: "", outputs: {} };
  }

  async #registerCustom(registration: Registration): Promise<Registered> {
    const { state, signal, providers, programDir } = this.#context;
    if (signal.aborted) throw interrupted();
    const packageName = packageOf(registration.type);
    const provider = await providers.get(packageName);
    const old = state.find(registration.urn);
    const wanted = withIgnored(
      await resolveAssets(registration.inputs, programDir),
      old?.inputs,
      registration.ignoreChanges,
    );
    const inputs = await provider.check(registration, old?.inputs, wanted);
    const providerReference = this.#recordProvider(packageName);
    const next = recordOf(registration, {
      inputs,
      outputs: old?.outputs ?? {},
      id: old?.id ?? "",
      provider: providerReference,
    });
    const change: ResourceChange = { registration, provider, next };
    if (old === undefined) return this.#changes.create(change);

    const answer = await provider.diff(registration, old.id, old, inputs, registration.ignoreChanges);
    if (answer.replaces.length > 0) return this.#changes.replace(change, old, answer);
    const changed = answer.changes === "unknown" ? !equal(old.inputs, inputs) : answer.changes === "some";
    return changed || old.unsettled
      ? this.#changes.update(change, old, answer)
      : this.#changes.same(change, old);
  }

  /** Keeps a record of the default provider, as Pulumi does; returns its reference. */
  #recordProvider(packageName: string): string {
    const { state, project, stack, providers } = this.#context;
    const urn = defaultProviderUrn(stack, project, packageName);
    const inputs = providers.config(packageName);
    const known = state.find(urn);
    if (known === undefined || !equal(known.inputs, inputs)) {
      state.put(providerRecord(urn, packageName, inputs));
    }
    return `${urn}::default`;
  }
}

function withIgnored(
  wanted: Properties,
  old: Properties | undefined,
  ignored: readonly string[],
): Properties {
  if (old === undefined || ignored.length === 0) return wanted;
  const kept: Record<string, Value> = { ...wanted };
  for (const name of ignored) {
    if (old[name] === undefined) delete kept[name];
    else kept[name] = old[name];
  }
  return kept;
}
