import type { CitedReport, CitedRules, Report } from "../../review/rules/rule.ts";
import type { Properties } from "../../review/rules/values.ts";
import type { CloudParts, CloudResource, ResourceView } from "../kernel/parts.ts";

/** What the provider was configured with; empty where the stack says nothing. */
export type ProviderConfig = Readonly<Record<string, string>>;

/** How a name comes to be when the program gives none: `NAME-` and 7 hex digits. */
export interface Autoname {
  readonly property: string;
  readonly maxLength: number;
  /** Where the service states the length. */
  readonly source: string;
  readonly lowerCase?: true;
}

/** What is there beside a resource: what the cloud holds, or what will be there once a program's plan is made real. */
export interface Surroundings extends ResourceView {
  /** The project that the provider is configured with. */
  readonly home: string | undefined;
  /**
   * Whether what is named so, and is not among these, may be there nevertheless.
   * @param project of the resource that names it
   */
  mayBeElsewhere(kinds: readonly string[], name: string, project: string | undefined): boolean;
}

/** A resource about to be written. Its inputs are checked, whole and without marks of secrecy. */
export interface Draft {
  readonly id: string;
  readonly urn: string;
  readonly inputs: Properties;
  /** What the cloud holds under this id and URN. */
  readonly previous?: CloudResource;
  /** RFC 3339. */
  readonly now: string;
  /** Where relative paths of assets start, when the engine said so. */
  readonly programDirectory?: string;
}

/**
 * One kind of resource. What is required, forces replacement, is computed or secret stands in
 * `data/kinds.json`, the types of its fields in `data/shapes.json`; this is the rest.
 */
export interface Kind {
  readonly token: string;
  /** Nothing local acts on it, it is written down and no more: what would have to be there for it to be real. */
  readonly recorded?: string;
  /** Made a second time, under another name in the program, it is the same thing: that is no conflict. */
  readonly shared?: true;
  readonly autoname?: Autoname;
  /** Its service chooses the id, or a part of it: nobody can name one that is still to be made. */
  readonly chosenId?: true;
  /** Its service takes a second one of the same id, which changes nothing or replaces the first. */
  readonly repeatable?: true;
  /** APIs that must be enabled in the project before one can be made, `pubsub.googleapis.com`. */
  readonly services?: readonly string[];
  /** Inputs that name other resources, by their path as rules have it: the kinds that they may be of. */
  readonly references?: Readonly<Record<string, readonly string[]>>;
  /** Its service does not delete it while another resource refers to it: where that is stated. */
  readonly keptInUse?: string;
  /** No other can ever have its id, not even once it is deleted: where that is stated. */
  readonly idOutlives?: string;
  /** Inputs that the program left out and that the real provider fills in. */
  defaults?(inputs: Properties, config: ProviderConfig): Properties;
  /** What the service refuses, and where it says so. Unknown values pass, their known siblings don't. */
  readonly rules?: readonly CitedRules[];
  /** What the service would take and the local cloud cannot do. Not asked in an offline preview. */
  unsupported?(inputs: Properties, report: Report): void;
  /**
   * The id that the real provider would give: for the same URN and inputs the same.
   * @throws {TypeError} when an input that it hangs on is not known.
   */
  id(inputs: Properties, urn: string, resources: ResourceView): string;
  /** Outputs that follow from inputs alone, so that a preview can tell them. Inputs may be unknown. */
  known?(inputs: Properties): Properties;
  /** All other outputs of its own; may act on the cloud first. The same draft twice gives the same. */
  outputs?(draft: Draft, parts: CloudParts): Properties;
  /**
   * What the service chooses for inputs that the program leaves out; not known in a preview. UNKNOWN
   * stands for a choice that `outputs` makes.
   */
  readonly assigned?: Properties;
  /**
   * What `assigned` is for whole inputs, within an input's object, by the input's name: what the service
   * chooses for what the program leaves out there, and what only the service can say.
   */
  readonly inner?: Readonly<Record<string, Properties>>;
  /** Outputs, beyond those that always do, that an update may change; inner ones as `input.field`. */
  readonly volatile?: readonly string[];
  /**
   * What the service refuses because of all else that it holds; asked before the resource is written, and of a plan,
   * where inputs may be unknown, except for what the id hangs on.
   */
  verify?(draft: Draft, around: Surroundings, report: CitedReport): void;
  /** Resolves when the written resource works. A throw undoes the write. */
  ready?(id: string, parts: CloudParts): Promise<void>;
  /** Whether the resource stays in the cloud when the program lets go of it. */
  outlives?(resource: CloudResource): boolean;
  /** Before the resource leaves the cloud. A throw keeps it. */
  remove?(resource: CloudResource, parts: CloudParts): void;
}
