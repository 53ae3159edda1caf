import { Aliases } from "./aliases.ts";
import { checkAssetBytes, resolveAssets, withoutAssetText, withWantedAssets } from "./assets.ts";
import { comparable } from "./comparable.ts";
import { DefaultProviders } from "./default-providers.ts";
import { decide, PROVIDER_CHANGED } from "./diff-decision.ts";
import { equal } from "./differences.ts";
import { EarlyDeletion } from "./early-deletion.ts";
import { EngineRefusal, interrupted } from "./engine-refusal.ts";
import { parsePath, withOldAt } from "./property-paths.ts";
import { providedPackage, referenceOf } from "./provider-references.ts";
import { recordOf } from "./record-building.ts";
import type { ResourceRecord } from "./records.ts";
import type { Registration } from "./registration.ts";
import { type Registered, type ResourceChange, ResourceChanges } from "./resource-changes.ts";
import { stepOf } from "./steps.ts";
import type { UpdateContext } from "./update-context.ts";
import { packageOf } from "./urns.ts";
import { type Properties, UNKNOWN } from "./values.ts";

/** Takes each registration to its step: create, update, replace, or the same. */
export class ResourceRegistrar {
  readonly #context: UpdateContext;
  readonly #changes: ResourceChanges;
  readonly #earlyDeletion: EarlyDeletion;
  readonly #defaultProviders: DefaultProviders;
  readonly #aliases: Aliases;
  readonly #claimed = new Set<string>();
  /** URNs of records that aliases took over, to the names of who has them now. */
  readonly #takenOver = new Map<string, string>();

  constructor(context: UpdateContext) {
    this.#context = context;
    this.#earlyDeletion = new EarlyDeletion(context, this.#claimed);
    this.#changes = new ResourceChanges(context, this.#earlyDeletion);
    this.#defaultProviders = new DefaultProviders(context);
    this.#aliases = new Aliases(context.project, context.stack);
  }

  /** URNs that the program asked for, whatever became of them, and those that it took over by aliases. */
  get claimed(): ReadonlySet<string> {
    return this.#claimed;
  }

  /** @throws {EngineRefusal | ProviderFailure} when the resource did not become what the program wants. */
  async register(registration: Registration): Promise<Registered> {
    const former = this.claim(registration);
    if (!registration.custom) return this.#registerComponent(registration, former);
    await this.#earlyDeletion.settled(former);
    return this.#context.limit(() => this.#registerCustom(registration, former));
  }

  /**
   * Takes a URN for a resource of the program.
   * @returns the URN of its record, if it has one.
   * @throws {EngineRefusal} when another resource has one of the two.
   */
  claim(resource: Pick<Registration, "urn" | "name" | "type" | "parent" | "aliases">): string {
    const { urn, name, type } = resource;
    const subject = `Resource "${name}" (${type})`;
    const heir = this.#takenOver.get(urn);
    if (heir !== undefined) {
      throw new EngineRefusal(
        `${subject}: "${heir}" has taken over its URN by an alias; one of them must go.`,
      );
    }
    if (this.#claimed.has(urn)) {
      throw new EngineRefusal(
        `${subject}: the program registers it twice; names must be unique among resources of a type and parent.`,
      );
    }
    this.#claimed.add(urn);
    const { state } = this.#context;
    const formerUrns = this.#aliases.formerUrnsOf(resource);
    if (state.find(urn) !== undefined) return urn;
    const former = formerUrns.find((candidate) => state.find(candidate) !== undefined);
    if (former === undefined) return urn;
    if (this.#claimed.has(former)) {
      throw new EngineRefusal(
        `${subject}: its alias ${former} is another resource of the program; one of them must go.`,
      );
    }
    this.#claimed.add(former);
    this.#takenOver.set(former, name);
    return former;
  }

  /**
   * The reference of what acts on a resource: the provider that the program named, or the package's default.
   * Providers themselves, and components, have none.
   */
  async providerOf({ type, provider }: { type: string; provider: string }): Promise<string> {
    if (provider !== "" || providedPackage(type) !== undefined) return provider;
    const reference = await this.#defaultProviders.reference(packageOf(type));
    this.#claimed.add(this.#context.providers.defaultUrn(packageOf(type)));
    return reference;
  }

  /** A component is on record alone: a change of its inputs is an update that no provider is asked for. */
  async #registerComponent(registration: Registration, former: string): Promise<Registered> {
    const { state, reporter, programDir } = this.#context;
    const wanted = withoutAssetText(await resolveAssets(registration.inputs, programDir));
    const old = state.find(former);
    const inputs = old === undefined ? wanted : withIgnored(wanted, old.inputs, registration.ignoreChanges);
    const next = recordOf(registration, { inputs, outputs: old?.outputs ?? {}, id: "", provider: "" });
    state.put(next, former);
    const isSame = old !== undefined && equal(comparable(old, wanted, inputs).inputs, inputs);
    const step = stepOf(old === undefined ? "create" : isSame ? "same" : "update", { old, next });
    reporter.done(step, reporter.started(step));
    return { id: "", outputs: {} };
  }

  async #registerCustom(registration: Registration, former: string): Promise<Registered> {
    const { state, signal, providers, programDir } = this.#context;
    if (signal.aborted) throw interrupted();
    const reference = await this.providerOf(registration);
    const provider = await providers.for({ type: registration.type, provider: reference });
    const wanted = await resolveAssets(registration.inputs, programDir);
    const old = state.find(former);
    const kept = old?.external || old?.pendingReplacement ? undefined : old;
    const inputs = await provider.check(
      registration,
      kept?.inputs,
      kept === undefined
        ? wanted
        : withWantedAssets(withIgnored(wanted, kept.inputs, registration.ignoreChanges), wanted),
    );
    const next = recordOf(registration, {
      inputs,
      outputs: kept?.outputs ?? {},
      id: kept?.id ?? "",
      provider: reference,
    });
    const change: ResourceChange = { registration, provider, next };
    return providedPackage(registration.type) === undefined
      ? this.#change(change, wanted, old)
      : this.#changeProvider(change, wanted, old);
  }

  async #change(
    change: ResourceChange,
    wanted: Properties,
    recorded: ResourceRecord | undefined,
  ): Promise<Registered> {
    const old = recorded && comparable(recorded, wanted, change.next.inputs);
    if (old?.pendingReplacement) return this.#changes.recreate(change, old);
    if (old === undefined || old.external) return this.#changes.create(change, old);
    const { registration, provider, next } = change;
    const packageName = packageOf(registration.type);
    const answer = (await this.#defaultProviders.replaces(packageName, old.provider, next.provider))
      ? PROVIDER_CHANGED
      : await provider.diff(registration, old.id, old, next.inputs, registration.ignoreChanges);
    const decided = decide(answer, old, next.inputs, registration);
    switch (decided.decision) {
      case "same":
        return this.#changes.same(change, old);
      case "update":
        checkAssetBytes(next.inputs);
        return this.#changes.update(change, old, decided.answer);
      case "replace": {
        // Nothing is carried over to the new one: not the name that was made up for the old one, nor what is ignored.
        const inputs = await provider.check(registration, undefined, wanted);
        return this.#changes.replace({ ...change, next: { ...next, inputs } }, old, decided.answer);
      }
    }
  }

  /** A provider is configured before its step, which a refused configuration fails, and known to its resources after. */
  async #changeProvider(
    change: ResourceChange,
    wanted: Properties,
    old: ResourceRecord | undefined,
  ): Promise<Registered> {
    const { providers, reporter } = this.#context;
    const { type, urn, name } = change.registration;
    const packageName = providedPackage(type) ?? "";
    if (urn === providers.defaultUrn(packageName)) {
      throw new EngineRefusal(`a provider must not be named "${name}", as the engine's own is.`);
    }
    const provider = await providers.configured(packageName, urn, change.next.inputs);
    if (provider.unconfigured) {
      reporter.warn(
        `The provider "${name}" (${type}) has inputs that only an update will tell; what is shown of its resources is a guess.`,
        urn,
      );
    }
    const registered = await this.#change(change, wanted, old);
    providers.register(referenceOf({ urn, id: registered.id || UNKNOWN }), provider);
    return registered;
  }
}

/** @throws {EngineRefusal} when a path cannot be followed. */
function withIgnored(wanted: Properties, old: Properties, ignored: readonly string[]): Properties {
  return ignored.reduce((inputs, path) => {
    const kept = withOldAt(inputs, old, parsePath(path));
    if (kept === undefined) {
      throw new EngineRefusal(
        `changes of "${path}" cannot be ignored: part of that path is missing before or after the change.`,
      );
    }
    return kept;
  }, wanted);
}
