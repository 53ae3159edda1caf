import { EngineRefusal } from "./engine-refusal.ts";
import { ProviderClient } from "./provider-client.ts";
import { packageOf } from "./urns.ts";
import { type Properties, secret, type Value } from "./values.ts";

export interface ProviderPoolSettings {
  /** Packages to ports on 127.0.0.1. */
  readonly ports: Readonly<Record<string, number>>;
  readonly config: Readonly<Record<string, string>>;
  readonly secretKeys: readonly string[];
  readonly engineAddress: string;
  readonly rootDirectory: string;
  readonly programDirectory: string;
}

/** The default provider of each package, connected and configured when first needed. */
export class ProviderPool {
  readonly #settings: ProviderPoolSettings;
  readonly #clients = new Map<string, Promise<ProviderClient>>();

  constructor(settings: ProviderPoolSettings) {
    this.#settings = settings;
  }

  /** @throws {EngineRefusal} when the package has no provider here, or its provider cannot be used. */
  get(packageName: string): Promise<ProviderClient> {
    let client = this.#clients.get(packageName);
    if (client === undefined) {
      client = this.#connect(packageName);
      this.#clients.set(packageName, client);
    }
    return client;
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
    const packages = [...new Set(distinct.map(packageOf))].filter((name) => this.#clients.has(name));
    const recorded = new Set((await Promise.all(packages.map((name) => this.#recordedKinds(name)))).flat());
    return distinct.filter((type) => recorded.has(type)).sort();
  }

  async close(): Promise<void> {
    for (const client of await Promise.allSettled(this.#clients.values())) {
      if (client.status === "fulfilled") client.value.close();
    }
  }

  async #connect(packageName: string): Promise<ProviderClient> {
    const { ports, engineAddress, rootDirectory, programDirectory } = this.#settings;
    const port = ports[packageName];
    if (port === undefined) {
      const known = Object.keys(ports).join(", ") || "none";
      throw new EngineRefusal(
        `There is no provider here for the package "${packageName}"; there is: ${known}.`,
      );
    }
    return ProviderClient.connect({
      package: packageName,
      port,
      config: this.config(packageName),
      engineAddress,
      rootDirectory,
      programDirectory,
    });
  }

  /** Providers of the local cloud answer this token; a real one does not know it, and records nothing. */
  async #recordedKinds(packageName: string): Promise<readonly Value[]> {
    try {
      const client = await this.get(packageName);
      const { kinds } = await client.invoke(`${packageName}:local:recordedKinds`, {}, false);
      return Array.isArray(kinds) ? (kinds as readonly Value[]) : [];
    } catch {
      return [];
    }
  }
}
