import type { DiffAnswer } from "./provider-answers.ts";
import type { Properties } from "./values.ts";

/** What a provider is told of a resource with every call. */
export interface Subject {
  readonly urn: string;
  readonly type: string;
}

/** A resource's properties as they are known. */
export interface KnownProperties {
  readonly inputs: Properties;
  readonly outputs: Properties;
}

export interface CreateOptions {
  readonly preview: boolean;
  /** 0 leaves it to the provider. */
  readonly timeoutSeconds: number;
}

export interface UpdateOptions extends CreateOptions {
  readonly ignoreChanges: readonly string[];
}

/** What acts on resources. Every method throws a `ProviderFailure` when the provider refuses, fails or does not answer. */
export interface ResourceProvider {
  readonly supportsPreview: boolean;
  /** Nobody is behind it: its configuration is not known yet. */
  readonly unconfigured: boolean;
  /** @param olds Absent for a resource that is made anew: no defaults are carried over. */
  check(subject: Subject, olds: Properties | undefined, news: Properties): Promise<Properties>;
  diff(
    subject: Subject,
    id: string,
    old: KnownProperties,
    news: Properties,
    ignoreChanges: readonly string[],
  ): Promise<DiffAnswer>;
  create(
    subject: Subject,
    inputs: Properties,
    options: CreateOptions,
  ): Promise<{ id: string; outputs: Properties }>;
  update(
    subject: Subject,
    id: string,
    old: KnownProperties,
    news: Properties,
    options: UpdateOptions,
  ): Promise<Properties>;
  delete(subject: Subject, id: string, old: KnownProperties, timeoutSeconds: number): Promise<void>;
  /** @returns undefined when there is no such resource. */
  read(
    subject: Subject,
    id: string,
    state: Properties,
  ): Promise<(KnownProperties & { id: string }) | undefined>;
  invoke(token: string, args: Properties, preview: boolean): Promise<Properties>;
}
