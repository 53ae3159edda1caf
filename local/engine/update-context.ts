import type { LimitFunction } from "p-limit";
import type { ProviderPool } from "./provider-pool.ts";
import type { Reporter } from "./reporter.ts";
import type { StackState } from "./stack-state.ts";

/** What the parts of one update share. */
export interface UpdateContext {
  readonly project: string;
  readonly stack: string;
  /** Nothing is changed: neither the world nor the state on the disk. */
  readonly preview: boolean;
  /** The folder of Pulumi.yaml. */
  readonly rootDirectory: string;
  /** Relative paths of assets start here. */
  readonly programDir: string;
  readonly stateDir: string;
  readonly state: StackState;
  readonly providers: ProviderPool;
  readonly reporter: Reporter;
  /** Bounds the steps at once. */
  readonly limit: LimitFunction;
  readonly signal: AbortSignal;
  /** URNs of what the update deletes: what has one of them as its `deletedWith` goes by itself. */
  readonly deleted: Set<string>;
}
