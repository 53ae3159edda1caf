import { EngineRefusal } from "./engine-refusal.ts";
import { EngineServer } from "./engine-server.ts";
import type { Mistake } from "./mistakes.ts";
import { Reporter } from "./reporter.ts";
import { type RunSettings, runProgram } from "./run-program.ts";
import { StackState } from "./stack-state.ts";
import type { UpdateContext } from "./update-context.ts";

/**
 * The mistakes of a program after an update that met some: what depends on a refused resource was never
 * checked. A preview on a copy of the state finds them, so that all can be mended at once.
 */
export async function remainingMistakes(
  context: UpdateContext,
  settings: RunSettings,
): Promise<readonly Mistake[]> {
  const { reporter, state, signal, project, stack } = context;
  if (reporter.mistakes.length === 0 || signal.aborted) return [];
  const silent = new Reporter(() => undefined);
  await using server = await EngineServer.start(silent);
  const copy = StackState.given(project, stack, state);
  try {
    const trial = { ...context, preview: true, reporter: silent, state: copy, deleted: new Set<string>() };
    await runProgram(trial, server, settings);
  } catch (error) {
    // However the program ended this time: what it registered before was checked.
    if (!(error instanceof EngineRefusal)) throw error;
  }
  return silent.mistakes;
}
