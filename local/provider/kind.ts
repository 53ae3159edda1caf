import type { Holding } from "../../review/losses.ts";
import type { CitedReport, CitedRules, Report } from "../../review/rules/rule.ts";
import type { Properties, Value } from "../../review/rules/values.ts";
import type { CloudResource, ResourceStore, ResourceView } from "../kernel/contract.ts";
import type { KindData } from "./kind-data.ts";

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
  readonly config: ProviderConfig;
  /** Whether what `from` names so, and is not among these, may be there nevertheless. */
  mayBeElsewhere(kinds: readonly string[], name: string, from: Named): boolean;
}

/** A resource as far as its name tells where it is. */
export type Named = Pick<Draft, "id" | "inputs">;

/** A resource about to be written. Its inputs are checked, whole and without marks of secrecy. */
export interface Draft {
  readonly id: string;
  readonly urn: string;
  readonly inputs: Properties;
  /** What the cloud holds under this id and URN. */
  readonly previous?: CloudResource;
  /** RFC 3339. */
  readonly now: string;
}

/** What a resource lacks that its service demands before it makes one. */
export interface Unmet {
  readonly code: "PERMISSION_DENIED" | "NOT_FOUND" | "INVALID_ARGUMENT";
  /** In a sentence that names the rule, the value and where the rule stands. */
  readonly reason: string;
}

/** The least that a provider needs of a cloud: where its resources are. */
export interface ResourceHolder {
  readonly kernel: { readonly resources: ResourceStore };
}

/**
 * One kind of resource as its service's folder says it. What is required, forces replacement, is computed or
 * secret stands in `facts.json` beside it, the types of its fields in `shapes.generated.json`; this is the rest.
 *
 * @typeParam Parts of the cloud that it acts on.
 */
export interface KindEntry<in Parts = unknown> {
  readonly token: string;
  /** Nothing local acts on it, it is written down and no more: what would have to be there for it to be real. */
  readonly recorded?: string;
  /** What goes with it, and making it again does not bring back. */
  readonly holds?: Holding;
  /** Made a second time, under another name in the program, it is the same thing: that is no conflict. */
  readonly shared?: true;
  readonly autoname?: Autoname;
  /** Its service chooses the id, or a part of it: nobody can name one that is still to be made. */
  readonly chosenId?: true;
  /** Its service takes a second one of the same id, which changes nothing or replaces the first. */
  readonly repeatable?: true;
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
  outputs?(draft: Draft, parts: Parts): Properties;
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
  /**
   * What the service refuses unless somebody has seen to it outside of the program; asked of a plan alone, and told
   * without holding anything up. Reports as `verify` does.
   */
  doubt?(draft: Draft, around: Surroundings, report: CitedReport): void;
  /** Resolves when the written resource works. A throw undoes the write. */
  ready?(id: string, parts: Parts): Promise<void>;
  /** Whether the resource stays in the cloud when the program lets go of it. */
  outlives?(resource: CloudResource): boolean;
  /** Before the resource leaves the cloud. A throw keeps it. */
  remove?(resource: CloudResource, parts: Parts): void;
}

/** A kind with what its package adds to each. */
export interface Kind<in Parts = never> extends KindEntry<Parts>, KindData {
  /** Where its service states how it answers names that lead nowhere or are taken: a URL. */
  readonly errors: string;
  /** Like `assigned`, and no preview speaks of it. */
  readonly tacit?: Properties;
  /** The resource of a kind that a name leads to. @default the one of that id */
  resolve?(resources: ResourceView, kind: string, name: Value): CloudResource | undefined;
  /** What has to be enabled in a project before one can be made there, `pubsub.googleapis.com`. */
  readonly services?: readonly string[];
  /** What it lacks beside what it refers to. */
  lacks?(draft: Draft, around: Surroundings): readonly Unmet[];
}
