import type { DeployedResource } from "./deployed-resource.ts";
import type { Difference } from "./differences.ts";
import type { ExitCode } from "./engine-refusal.ts";
import type { GivenState } from "./stack-state.ts";
import type { Properties, Value } from "./values.ts";

export type UpdateKind = "up" | "preview" | "destroy";
/**
 * As Pulumi names them. `replace` makes the new one, and `delete-replaced` takes the old one away; `read`
 * looks at a resource that others own, and `discard` forgets one that the program no longer reads.
 * @see https://github.com/pulumi/pulumi/blob/master/pkg/resource/deploy/step.go
 */
export type StepOp =
  | "create"
  | "update"
  | "replace"
  | "delete-replaced"
  | "delete"
  | "read"
  | "discard"
  | "same";

/** As Pulumi names them: how a property changes, and whether that replaces the resource. */
export type DetailedKind = Difference["kind"] | `${Difference["kind"]}-replace`;

/** One changed property, with values fit to be shown. */
export interface ShownDifference extends Difference {
  /** It cannot change in place. */
  readonly replaces?: true;
  readonly old?: Value;
  readonly new?: Value;
}

/** What happens, or happened, to one resource. Components have steps too: they group, and are not counted. */
export interface Step {
  readonly op: StepOp;
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  /** URN; empty for the stack itself. */
  readonly parent: string;
  readonly custom: boolean;
  /** Before the step, and after it: secrets are masked, and what is unknown yet is Pulumi's sentinel for that. */
  readonly oldState?: DeployedResource;
  readonly newState?: DeployedResource;
  /** By property path. */
  readonly detailedDiff?: Readonly<Record<string, { kind: DetailedKind; inputDiff: boolean }>>;
  readonly diff?: readonly ShownDifference[];
  /** Why the provider refused or failed. The step then had no recorded effect. */
  readonly error?: string;
}

export type EngineEvent =
  | {
      readonly type: "step";
      readonly phase: "started" | "done" | "failed";
      readonly step: Step;
      readonly durationMs?: number;
    }
  | {
      readonly type: "diagnostic";
      readonly severity: "info" | "warning" | "error";
      readonly message: string;
      readonly urn?: string;
      /** Where the program makes the resource: `FILE:LINE`. */
      readonly at?: string;
    }
  /** A line that the program wrote. */
  | { readonly type: "log"; readonly stream: "stdout" | "stderr"; readonly line: string };

/** How many custom resources had which step. A replacement counts as a creation, and its deletion as one. */
export interface ChangeSummary {
  readonly create: number;
  readonly update: number;
  readonly delete: number;
  readonly same: number;
}

export interface UpdateOptions {
  readonly kind: UpdateKind;
  readonly project: string;
  readonly stack: string;
  /** The folder of Pulumi.yaml, whose `main` names the entry. */
  readonly programDir: string;
  /** Full keys, `platform:x`; objects as JSON. */
  readonly config: Readonly<Record<string, string>>;
  readonly secretKeys: readonly string[];
  readonly stateDir: string;
  /** Where a preview starts from, instead of the state on the disk. */
  readonly from?: GivenState;
  /** Packages to ports on 127.0.0.1. */
  readonly providers: Readonly<Record<string, number>>;
  /** Steps at once. @default 16, Pulumi's own. */
  readonly parallel?: number;
  /** Once aborted, running steps finish and no new one starts. */
  readonly signal?: AbortSignal;
  onEvent(event: EngineEvent): void;
}

export interface UpdateResult {
  readonly ok: boolean;
  readonly exitCode: ExitCode;
  readonly changeSummary: ChangeSummary;
  readonly steps: readonly Step[];
  /** How many mistakes of the program were told, each as a diagnostic of its own. */
  readonly mistakes: number;
  /** The stack's outputs, secrets masked (`readStack` can show them). Empty unless `ok`. */
  readonly outputs: Properties;
  /** Kinds in this stack that the providers record without an effect. */
  readonly recorded: readonly string[];
  readonly durationMs: number;
}
