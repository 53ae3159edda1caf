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

/** A resource as it will be once the program is made real. */
export interface PlannedResource {
  readonly urn: string;
  /** What the program wants and the provider acts on; what it wants and was refused; what is there besides. */
  readonly standing: "wanted" | "refused" | "there";
  /** Empty while it is not known. */
  readonly id: string;
  readonly inputs: Properties;
  readonly outputs: Properties;
  /** URNs of what went into the value of an input, by its name. */
  readonly dependencies: Readonly<Record<string, readonly string[]>>;
}

/** What is wrong with a resource of a plan, in a sentence. */
export interface Judgement {
  readonly urn: string;
  readonly reason: string;
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
  /** What is wrong with what it acts on that only the whole plan shows. Nothing, if it cannot judge plans. */
  judge(plan: readonly PlannedResource[]): Promise<readonly Judgement[]>;
  invoke(token: string, args: Properties, preview: boolean): Promise<Properties>;
}
