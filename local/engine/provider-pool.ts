import { EngineRefusal } from "./engine-refusal.ts";
import { ProviderClient } from "./provider-client.ts";
import { ProviderFailure } from "./provider-failure.ts";
import { defaultProviderUrn, parseReference, providedPackage, providerType } from "./provider-references.ts";
import { ProviderResources } from "./provider-resources.ts";
import type { ResourceRecord } from "./records.ts";
import type { ResourceProvider } from "./resource-provider.ts";
import { UnconfiguredProvider } from "./unconfigured-provider.ts";
import { packageOf } from "./urns.ts";
import { type Properties, secret, some, UNKNOWN, type Value } from "./values.ts";

export interface ProviderPoolSettings {
  readonly project: string;
  readonly stack: string;
  /** Packages to ports on 127.0.0.1. */
  readonly ports: Readonly<Record<string, number>>;
  readonly config: Readonly<Record<string, string>>;
  readonly secretKeys: readonly string[];
  readonly engineAddress: string;
  readonly rootDirectory: string;
  readonly programDirectory: string;
  /** The records of a URN, the superseded ones too: where providers are found that the program no longer makes. */
  recordsOf(urn: string): readonly ResourceRecord[];
}

/**
 * Everything that acts on resources: the default provider of each package, connected and configured when first
 * needed, and the explicit ones, which the program makes as resources and refers to by `URN::ID`.
 */
export class ProviderPool {
  readonly #settings: ProviderPoolSettings;
  readonly #defaults = new Map<string, Promise<ProviderClient>>();
  /** By URN: connected for the sake of their configuration. */
  readonly #unconfigured = new Map<string, Promise<ProviderClient>>();
  readonly #byReference = new Map<string, Promise<ResourceProvider>>();
  readonly #open = new Set<ProviderClient>();

  constructor(settings: ProviderPoolSettings) {
    this.#settings = settings;
  }

  /**
   * What acts on a resource of the type. An empty reference is the package's default provider.
   * @throws {EngineRefusal} when the package has no provider here, or its provider cannot be used.
   */
  for({ type, provider: reference }: { type: string; provider: string }): Promise<ResourceProvider> {
    const provided = providedPackage(type);
    if (provided !== undefined) return Promise.resolve(new ProviderResources(this, provided));
    const packageName = packageOf(type);
    if (reference === "") return this.default(packageName);
    return cached(this.#byReference, reference, () => this.#recorded(reference, packageName));
  }

  /** @throws {EngineRefusal} as `for`. */
  default(packageName: string): Promise<ProviderClient> {
    return cached(this.#defaults, packageName, async () => {
      const urn = this.defaultUrn(packageName);
      const client = await this.#connect(packageName, "");
      return general(packageName, async () => {
        const subject = { urn, type: providerType(packageName) };
        await client.configure(await client.checkConfig(subject, undefined, this.config(packageName)));
        return client;
      });
    });
  }

  defaultUrn(packageName: string): string {
    return defaultProviderUrn(this.#settings.stack, this.#settings.project, packageName);
  }

  /** A provider that can be asked about its configuration, and about nothing else yet. */
  unconfigured(packageName: string, urn: string): Promise<ProviderClient> {
    return cached(this.#unconfigured, urn, () => this.#connect(packageName, urn));
  }

  /** The provider with the configuration that the program gives it now. */
  async configured(packageName: string, urn: string, inputs: Properties): Promise<ResourceProvider> {
    if (some(inputs, (value) => value === UNKNOWN)) return new UnconfiguredProvider();
    const client = await this.unconfigured(packageName, urn);
    await client.configure(inputs);
    return client;
  }

  /** From now on, resources that refer to the provider are acted on by it. */
  register(reference: string, provider: ResourceProvider): void {
    this.#byReference.set(reference, Promise.resolve(provider));
  }

  /** The package's configuration without its prefix, secrets marked: what its default provider is made of. */
  config(packageName: string): Properties {
    const { config, secretKeys } = this.#settings;
    const prefix = `${packageName}:`;
    const own = Object.entries(config).filter(([key]) => key.startsWith(prefix));
    return Object.fromEntries(
      own.map(([key, value]) => [key.slice(prefix.length), secretKeys.includes(key) ? secret(value) : value]),
    );
  }

  /** Those of the types that their providers keep on record without making anything of them. */
  async recordedOf(types: Iterable<string>): Promise<readonly string[]> {
    const distinct = [...new Set(types)];
    const packages = new Set(distinct.map(packageOf));
    const known = await Promise.all([...packages].map((name) => this.#recordedKinds(name)));
    const recorded = new Set(known.flat());
    return distinct.filter((type) => recorded.has(type)).sort();
  }

  /** What is on record of a provider. */
  record(reference: string): ResourceRecord | undefined {
    const { urn, id } = parseReference(reference);
    return this.#settings.recordsOf(urn).find((candidate) => candidate.id === id);
  }

  close(): void {
    for (const client of this.#open) client.close();
  }

  /** A provider that an earlier update made and recorded. */
  async #recorded(reference: string, packageName: string): Promise<ResourceProvider> {
    const { urn } = parseReference(reference);
    const record = this.record(reference);
    const isDefault = urn === this.defaultUrn(packageName);
    if (record === undefined) {
      if (isDefault) return this.default(packageName);
      throw new EngineRefusal(`There is no provider ${reference}; the program must make it first.`);
    }
    if (isDefault && this.#settings.recordsOf(urn).at(-1) === record) return this.default(packageName);
    const client = await this.#connect(packageName, reference);
    return general(packageName, async () => {
      await client.configure(record.inputs);
      return client;
    });
  }

  /** @param instance Tells providers of one package apart that are reached at one port; empty for the default one. */
  async #connect(packageName: string, instance: string): Promise<ProviderClient> {
    const { ports, engineAddress, rootDirectory, programDirectory } = this.#settings;
    const port = ports[packageName];
    if (port === undefined) {
      const known = Object.keys(ports).join(", ") || "none";
      throw new EngineRefusal(
        `There is no provider here for the package "${packageName}"; there is: ${known}.`,
      );
    }
    const settings = { package: packageName, port, instance, engineAddress, rootDirectory, programDirectory };
    const client = await general(packageName, () => ProviderClient.connect(settings));
    this.#open.add(client);
    return client;
  }

  /** Providers of the local cloud answer this token; a real one does not know it, and records nothing. */
  async #recordedKinds(packageName: string): Promise<readonly Value[]> {
    const client = [...this.#open].find(({ settings }) => settings.package === packageName);
    try {
      const { kinds } = (await client?.invoke(`${packageName}:local:recordedKinds`, {}, false)) ?? {};
      return Array.isArray(kinds) ? (kinds as readonly Value[]) : [];
    } catch {
      return [];
    }
  }
}

function cached<Result>(
  known: Map<string, Promise<Result>>,
  key: string,
  make: () => Promise<Result>,
): Promise<Result> {
  let result = known.get(key);
  if (result === undefined) {
    result = make();
    known.set(key, result);
  }
  return result;
}

/** What a provider says to its configuration concerns the update as a whole. */
async function general<Result>(packageName: string, act: () => Promise<Result>): Promise<Result> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof ProviderFailure)) throw error;
    throw new EngineRefusal(`The provider "${packageName}" refused its configuration: ${error.message}`, {
      cause: error,
      general: true,
    });
  }
}
