import type { Properties } from "../../review/rules/values.ts";
import type { Kind, Named, ProviderConfig } from "./kind.ts";
import type { Failure } from "./requests.ts";

/** What a provider must be told to serve a package of Pulumi's. */
export interface Package<in Parts = unknown> {
  /** `gcp` */
  readonly name: string;
  readonly kinds: readonly Kind<Parts>[];
  readonly settings: Settings;
  readonly functions: Readonly<Record<string, ProviderFunction>>;
  /** Whether a name that a plan does not hold can be of something that the plan need not hold. @default never */
  isElsewhere?(reference: Reference): boolean;
}

/** A name in a plan, of a resource of one of `kinds`. */
export interface Reference {
  readonly kinds: readonly string[];
  readonly name: string;
  readonly from: Named;
  readonly config: ProviderConfig;
  /** Whether all there is is the local cloud's. */
  readonly local: boolean;
  /** Names of what stands already, made by nobody here; in any of the forms that the package's services take. */
  readonly existing: readonly string[];
}

/** The settings of a package that mean something here. */
export interface Settings {
  /** Read by kinds. */
  readonly read: readonly string[];
  /** How to reach the real service: without meaning where nothing is reached, so any value will do. */
  readonly access: RegExp;
}

export interface FunctionCall {
  readonly args: Properties;
  readonly config: ProviderConfig;
  /** Whether projects are the local cloud's, whose numbers and accounts are known without asking anybody. */
  readonly local: boolean;
}

export type FunctionResult = { readonly result: Properties } | { readonly failures: readonly Failure[] };

/** A function of a package, answered without a network. UNKNOWN in its result is what only the service can say. */
export type ProviderFunction = (call: FunctionCall) => FunctionResult;
