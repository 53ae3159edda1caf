import { randomUUID } from "node:crypto";
import type { DiffAnswer } from "./provider-answers.ts";
import { ProviderFailure } from "./provider-failure.ts";
import type { ProviderPool } from "./provider-pool.ts";
import type { CreateOptions, KnownProperties, ResourceProvider, Subject } from "./resource-provider.ts";
import type { Properties } from "./values.ts";

/**
 * Acts on providers that the program itself makes, `pulumi:providers:PACKAGE`: their properties are the
 * configuration, which the package checks and compares, and making one changes nothing in the world.
 */
export class ProviderResources implements ResourceProvider {
  readonly supportsPreview = true;
  readonly unconfigured = false;
  readonly #pool: ProviderPool;
  readonly #package: string;

  constructor(pool: ProviderPool, packageName: string) {
    this.#pool = pool;
    this.#package = packageName;
  }

  async check(subject: Subject, olds: Properties | undefined, news: Properties): Promise<Properties> {
    const client = await this.#pool.unconfigured(this.#package, subject.urn);
    return client.checkConfig(subject, olds, news);
  }

  async diff(
    subject: Subject,
    id: string,
    old: KnownProperties,
    news: Properties,
    ignoreChanges: readonly string[],
  ): Promise<DiffAnswer> {
    const client = await this.#pool.unconfigured(this.#package, subject.urn);
    return client.diffConfig(subject, id, old, news, ignoreChanges);
  }

  async create(
    _subject: Subject,
    inputs: Properties,
    { preview }: CreateOptions,
  ): Promise<{ id: string; outputs: Properties }> {
    return { id: preview ? "" : randomUUID(), outputs: inputs };
  }

  async update(_subject: Subject, _id: string, _old: KnownProperties, news: Properties): Promise<Properties> {
    return news;
  }

  async delete(): Promise<void> {}

  async read(): Promise<never> {
    throw new ProviderFailure("a provider cannot be read", { uncertain: false });
  }

  async judge(): Promise<readonly []> {
    return [];
  }

  async invoke(token: string): Promise<never> {
    throw new ProviderFailure(`a provider resource has no function ${token}`, { uncertain: false });
  }
}
