import { join, resolve } from "node:path";
import pLimit from "p-limit";
import { deleteResources } from "./deletion.ts";
import { EngineRefusal, interrupted } from "./engine-refusal.ts";
import { EngineServer } from "./engine-server.ts";
import type { UpdateOptions, UpdateResult } from "./events.ts";
import { masked } from "./masking.ts";
import { programEntry } from "./program-entry.ts";
import { ProviderPool } from "./provider-pool.ts";
import { remainingMistakes } from "./remaining-mistakes.ts";
import { Reporter } from "./reporter.ts";
import { resume } from "./resume.ts";
import { runProgram } from "./run-program.ts";
import { StackLock } from "./stack-lock.ts";
import { StackState } from "./stack-state.ts";
import type { UpdateContext } from "./update-context.ts";
import type { Properties } from "./values.ts";

/** Pulumi's own default. */
const DEFAULT_PARALLEL = 16;

/**
 * Plans the program of a stack, and, unless it is a preview, makes it real through its providers.
 * What is expected to go wrong is told as diagnostics and by the exit code; a throw is a fault of the engine.
 */
export async function runUpdate(options: UpdateOptions): Promise<UpdateResult> {
  const startedAt = performance.now();
  const reporter = new Reporter((event) => options.onEvent(event));
  let outcome: { outputs: Properties; recorded: readonly string[] } = { outputs: {}, recorded: [] };
  try {
    outcome = await locked(options, () => update(options, reporter));
  } catch (error) {
    if (!(error instanceof EngineRefusal)) throw error;
    reporter.refusal(error);
  }
  reporter.tellMistakes();
  return {
    ok: !reporter.failed,
    exitCode: reporter.exitCode,
    changeSummary: reporter.changeSummary,
    steps: reporter.steps,
    mistakes: reporter.mistakes.length,
    outputs: reporter.failed ? {} : masked(outcome.outputs),
    recorded: outcome.recorded,
    durationMs: Math.round(performance.now() - startedAt),
  };
}

/** Previews change nothing, and read a state that is always whole: they need no lock. */
async function locked<Result>(
  { kind, stateDir, stack }: UpdateOptions,
  act: () => Promise<Result>,
): Promise<Result> {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/.test(stack)) {
    throw new EngineRefusal(
      `A stack's name must be up to 100 letters, digits, "_", "-" and "."; got "${stack}".`,
    );
  }
  if (kind === "preview") return act();
  const lock = await StackLock.acquire(join(stateDir, "stacks", `${stack}.lock`));
  try {
    return await act();
  } finally {
    lock.release();
  }
}

async function update(
  options: UpdateOptions,
  reporter: Reporter,
): Promise<{ outputs: Properties; recorded: readonly string[] }> {
  const {
    kind,
    project,
    stack,
    signal = new AbortController().signal,
    parallel = DEFAULT_PARALLEL,
  } = options;
  if (!Number.isInteger(parallel) || parallel < 1) {
    throw new EngineRefusal(`parallel must be a whole number, 1 or more; got ${parallel}.`);
  }
  const rootDirectory = resolve(options.programDir);
  const entry = programEntry(rootDirectory);
  const stateDir = resolve(options.stateDir);
  const state = options.from
    ? StackState.given(project, stack, options.from)
    : StackState.open(stateDir, project, stack);
  await using server = await EngineServer.start(reporter);
  const providers = new ProviderPool({
    project,
    stack,
    ports: options.providers,
    config: options.config,
    secretKeys: options.secretKeys,
    engineAddress: server.address,
    rootDirectory,
    programDirectory: entry.directory,
    recordsOf: (urn) =>
      [...state.superseded.filter((record) => record.urn === urn), state.find(urn)].filter(
        (record) => record !== undefined,
      ),
  });
  const limit = pLimit(parallel);
  const preview = kind === "preview";
  const programDir = entry.directory;
  const context: UpdateContext = {
    project,
    stack,
    preview,
    rootDirectory,
    programDir,
    stateDir,
    state,
    providers,
    reporter,
    limit,
    signal,
    deleted: new Set(),
  };
  try {
    await resume(context);
    const settings = { ...options, ...entry, rootDirectory, parallel };
    const outputs = kind === "destroy" ? await destroy(context) : await runProgram(context, server, settings);
    if (kind === "up") reporter.learn(await remainingMistakes(context, settings));
    if (signal.aborted) reporter.refusal(interrupted());
    const recorded = await providers.recordedOf(
      state.resources.filter(({ custom }) => custom).map(({ type }) => type),
    );
    return { outputs, recorded };
  } finally {
    if (!preview) await state.close();
    providers.close();
  }
}

/** Deletes all of a stack, without running its program. */
async function destroy(context: UpdateContext): Promise<Properties> {
  const { state } = context;
  await deleteResources(context, [...state.resources, ...state.superseded]);
  return {};
}
