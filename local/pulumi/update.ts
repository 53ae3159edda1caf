import { join } from "node:path";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { EXIT, Failure } from "../../operator/terminal/failure.ts";
import { type CloudInventory, findCloud, inventoryOf } from "../daemon/cloud-process.ts";
import type { CloudStatus } from "../daemon/control.ts";
import { type Checkpoint, checkpointFile, readCheckpoint, wayBack } from "./checkpoint.ts";
import { type Diagnostic, diagnosticOf } from "./diagnostics.ts";
import { JudgedBefore } from "./judged-before.ts";
import { type Judgement, judge, type Mistake } from "./judgement.ts";
import { removeLeftLocks } from "./left-locks.ts";
import { LOCAL_STACK, PROJECT } from "./local-stack.ts";
import { serveOffline } from "./offline-providers.ts";
import { resolvePendingOperations } from "./pending-operations.ts";
import type { Origin, Program } from "./program.ts";
import { CliFailure } from "./pulumi-cli.ts";
import { typeErrors } from "./type-check.ts";
import { UpdateLock } from "./update-lock.ts";
import { backendOf, type ProviderPorts, type Settings, Workspace } from "./workspace.ts";

/** What became of a resource, in Pulumi's words: `create`, `update`, `replace`, `same`, … */
export interface Change {
  readonly op: string;
  readonly urn: string;
}

export interface UpdateOptions {
  readonly stateDir: string;
  /** A cloud that is up, or about to be. */
  readonly cloud: Promise<CloudStatus>;
  readonly program: Program;
  /** Whether the compiler is asked too. */
  readonly typeCheck: boolean;
  settings(cloud: CloudStatus): Settings;
  /** What is under way and what has ended. */
  onEvent(event: EngineEvent): void;
  /** What the update is about to delete or replace, of what cannot be made again. */
  onLosses(losses: readonly Mistake[]): void;
  say(line: string): void;
  /** Pulumi's own display, for whoever wants to see it. */
  readonly display?: { readonly flags: readonly string[]; show(text: string): void };
  readonly signal?: AbortSignal;
}

export interface UpdateResult {
  /** With any of these, nothing was touched. */
  readonly mistakes: readonly Mistake[];
  /** What went wrong while things were made, each with the place in the program. */
  readonly errors: readonly (Diagnostic & { readonly at?: string })[];
  /** By operation, components too, as Pulumi counts. */
  readonly changeSummary: Readonly<Record<string, number>>;
  /** What did not stay the same. */
  readonly changes: readonly Change[];
}

type Judged = Pick<Judgement, "mistakes" | "losses">;
/** Nothing is wrong, and nothing will go. */
const RIGHT: Judged = { mistakes: [], losses: [] };

/**
 * Judges the program, and makes it real in the local cloud once nothing is wrong with it.
 *
 * @throws {Failure} when another update holds the stack, or its state and the cloud do not go together.
 */
export async function update(options: UpdateOptions): Promise<UpdateResult> {
  const { stateDir, program, signal } = options;
  const lock = await UpdateLock.acquire(lockFile(stateDir));
  try {
    const types = options.typeCheck ? typeErrors(program, signal) : Promise.resolve([]);
    // It is waited for below, unless something else has failed before.
    types.catch(() => undefined);
    const cloud = await options.cloud;
    const workspace = Workspace.local(stateDir, LOCAL_STACK);
    await removeLeftLocks(backendOf(stateDir), LOCAL_STACK, options.say);
    const { gcpProvider: gcp, fastlyProvider: fastly } = cloud.ports;
    const ports = { gcp, fastly };
    const settings = options.settings(cloud);
    await reconcile(stateDir, workspace, program, settings, cloud, ports);
    const before = new JudgedBefore(stateDir, workspace, program, settings);
    const { mistakes: judged, losses } = before.isRight ? RIGHT : await judgeOffline(options, workspace);
    const mistakes = [...(await types), ...judged];
    if (mistakes.length > 0 || signal?.aborted) {
      return { mistakes, errors: [], changeSummary: {}, changes: [] };
    }
    options.onLosses(losses);
    const result = await run(workspace, ports, options);
    if (result.errors.length === 0) before.remember();
    return result;
  } finally {
    lock.release();
  }
}

async function judgeOffline({ program, signal }: UpdateOptions, workspace: Workspace): Promise<Judged> {
  await using providers = await serveOffline(true);
  return await judge({ program, workspace, providers, ...(signal && { signal }) });
}

export function lockFile(stateDir: string): string {
  return `${backendOf(stateDir)}.lock`;
}

/** Sees to it that the stack's state and the cloud tell of the same things. */
async function reconcile(
  stateDir: string,
  workspace: Workspace,
  program: Program,
  settings: Settings,
  cloud: CloudStatus,
  ports: ProviderPorts,
): Promise<void> {
  const before = readCheckpoint(stateDir, LOCAL_STACK);
  const own = (await inventoryOf(cloud)).filter(({ urn }) =>
    urn.startsWith(`urn:pulumi:${LOCAL_STACK}::${PROJECT}::`),
  );
  refuseLost(stateDir, before, own);
  await workspace.prepare(program, settings);
  const known = new Set(before?.resources.map(({ type, id }) => `${type} ${id}`));
  const isUnheardOf = own.some(({ kind, id }) => !known.has(`${kind} ${id}`));
  if (before && (before.pending.size > 0 || isUnheardOf)) {
    await resolvePendingOperations(workspace, ports, own);
  }
}

/** @throws {Failure} when one of the two has lost what the other still has: all would be made a second time. */
function refuseLost(stateDir: string, before: Checkpoint | undefined, own: CloudInventory): void {
  const file = checkpointFile(backendOf(stateDir), LOCAL_STACK);
  if (!before?.isBegun && own.length > 0) {
    throw new Failure(
      `The cloud in ${stateDir} holds ${own.length} resources of the stack, and the stack's state ${file} knows of none: ${wayBack(file)}.`,
      EXIT.stateUnusable,
    );
  }
  // What an update was deleting may be gone.
  const made = (before?.resources ?? []).filter(
    ({ custom, external, urn }) => custom && !external && !before?.pending.has(urn),
  );
  if (made.length > 0 && own.length === 0) {
    throw new Failure(
      `The stack's state ${file} tells of ${made.length} resources, and the cloud in ${stateDir} holds none of them: npm run pulumi -- refresh has the state forget them, or start over with npm run down -- --purge.`,
      EXIT.stateUnusable,
    );
  }
}

async function run(
  workspace: Workspace,
  ports: ProviderPorts,
  options: UpdateOptions,
): Promise<UpdateResult> {
  const { program, display, onEvent, signal } = options;
  const events: EngineEvent[] = [];
  const flags = display?.flags ?? ["--suppress-progress", "--color", "never"];
  const stack = await workspace.open(program, ports, flags);
  let ended: CliFailure | undefined;
  try {
    await stack.up({
      onOutput: (text) => display?.show(text),
      onEvent: (event) => {
        events.push(event);
        onEvent(event);
      },
      ...(signal && { signal }),
    });
  } catch (error) {
    if (!(error instanceof CliFailure)) throw error;
    refuseHeld(error);
    await refuseEnded(options.stateDir, await options.cloud);
    ended = error;
  }
  const told = events.flatMap(diagnosticOf).filter(({ severity }) => severity === "error");
  const errors = ended && told.length === 0 ? [{ severity: "error" as const, message: ended.message }] : told;
  const summary = events.findLast(({ summaryEvent }) => summaryEvent)?.summaryEvent;
  return {
    mistakes: [],
    errors: ended ? errors.map((error) => placed(error, program.origins)) : [],
    changeSummary: { ...summary?.resourceChanges },
    changes: changesOf(events),
  };
}

/** @throws {Failure} when somebody else's CLI took the stack meanwhile. */
function refuseHeld({ result }: CliFailure): void {
  if (!/currently locked/.test(result.stderr)) return;
  const [, by = ""] = /created by (\S+ \(pid \d+\))/.exec(result.stderr) ?? [];
  throw new Failure(
    `Another update of this stack is running${by && `, by ${by}`}; wait for it or stop it.`,
    EXIT.locked,
  );
}

/** @throws {Failure} when the cloud is gone: then each resource that was under way fails for no reason of its own. */
async function refuseEnded(stateDir: string, { pid }: CloudStatus): Promise<void> {
  const running = await findCloud(stateDir);
  if (running?.pid === pid) return;
  throw new Failure(
    `The local cloud (process ${pid}) ended during the update; ${join(stateDir, "cloud", "daemon.log")} may say why. npm run up starts it again, and goes on from what is done.`,
    EXIT.notRunning,
  );
}

function placed(error: Diagnostic, origins: ReadonlyMap<string, Origin>): UpdateResult["errors"][number] {
  const at = error.urn === undefined ? undefined : origins.get(error.urn)?.at;
  return { ...error, ...(at !== undefined && { at }) };
}

function changesOf(events: readonly EngineEvent[]): readonly Change[] {
  return events
    .flatMap(({ resOutputsEvent }) => resOutputsEvent?.metadata ?? [])
    .map(({ op, urn }) => ({ op: String(op), urn }))
    .filter(({ op }) => op !== "same");
}
