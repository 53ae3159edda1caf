import type { Properties } from "../../review/rules/values.ts";
import type { Autonaming } from "./autonaming.ts";
import type { Change } from "./differences.ts";

/** A resource as the engine names it: `urn:pulumi:STACK::PROJECT::TYPE$…$TYPE::NAME`. */
export interface Subject {
  readonly urn: string;
}

export interface CheckRequest extends Subject {
  readonly olds: Properties;
  readonly news: Properties;
  readonly randomSeed?: Uint8Array;
  readonly autonaming?: Autonaming;
}

export interface Failure {
  /** The path of the property. */
  readonly property: string;
  readonly reason: string;
}

export interface CheckResult {
  readonly inputs: Properties;
  readonly failures: readonly Failure[];
}

export interface DiffRequest extends Subject {
  readonly id: string;
  readonly oldInputs: Properties;
  /** The old state. */
  readonly olds: Properties;
  readonly news: Properties;
  /** Paths left out of the comparison, with all below them. */
  readonly ignoreChanges: readonly string[];
}

export interface DiffResult {
  readonly changes: ReadonlyMap<string, { readonly change: Change; readonly replaces: boolean }>;
  /** The replacement would have the name of what it replaces. */
  readonly deleteBeforeReplace?: boolean;
}

export interface CreateRequest extends Subject {
  readonly properties: Properties;
  readonly preview: boolean;
  /** Seconds; 0 stands for the provider's own deadline. */
  readonly timeoutSeconds: number;
}

export interface CreateResult {
  /** Empty in a preview. */
  readonly id: string;
  readonly properties: Properties;
}

export interface UpdateRequest extends Subject {
  readonly id: string;
  /** The old outputs. */
  readonly olds: Properties;
  readonly news: Properties;
  readonly preview: boolean;
  readonly timeoutSeconds: number;
}

export interface ReadResult {
  /** Empty when there is no such resource. */
  readonly id: string;
  readonly properties: Properties;
  readonly inputs: Properties;
}

export interface IdRequest extends Subject {
  readonly id: string;
}

export interface ReadRequest extends IdRequest {
  /** The inputs that the engine knows; none for an import. */
  readonly inputs: Properties;
}

/** A resource as it will be once a program is made real, as far as its engine knows. */
export interface PlannedResource extends Subject {
  /** What the program wants and the provider acts on; what it wants and Check refused; what is there besides. */
  readonly standing: "wanted" | "refused" | "there";
  /** Empty while it is not known. */
  readonly id: string;
  readonly inputs: Properties;
  readonly outputs: Properties;
  /** URNs of what went into the value of an input, by its name. */
  readonly dependencies: Readonly<Record<string, readonly string[]>>;
}

/** What is wrong with a resource of a plan. */
export interface Judgement extends Subject {
  readonly reason: string;
  /** Its service may take it nevertheless: that hangs on what nobody here knows. */
  readonly isDoubt?: true;
}

/** @throws {TypeError} when the URN is not one. */
export function typeOf({ urn }: Subject): string {
  const qualified = urn.split("::")[2];
  const type = qualified?.slice(qualified.lastIndexOf("$") + 1);
  if (!type) throw new TypeError(`"${urn}" must be a URN, urn:pulumi:STACK::PROJECT::TYPE::NAME.`);
  return type;
}

export function nameOf({ urn }: Subject): string {
  return urn.slice(urn.lastIndexOf("::") + 2);
}
