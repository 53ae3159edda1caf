import { setTimeout as sleep } from "node:timers/promises";
import { deleteResources } from "./deletion.ts";
import { EngineRefusal } from "./engine-refusal.ts";
import type { EngineServer } from "./engine-server.ts";
import { judge } from "./judgement.ts";
import { Program, type ProgramExit, type ProgramSettings } from "./program.ts";
import { ResourceMonitor } from "./resource-monitor.ts";
import type { UpdateContext } from "./update-context.ts";
import type { Properties } from "./values.ts";

/** A program that neither asks nor waits for anything this long is stuck. */
const IDLE_DEADLINE_MS = 600_000;
const IDLE_CHECK_MS = 5_000;
const DRAIN_POLL_MS = 10;

export type RunSettings = Omit<ProgramSettings, "engineAddress" | "preview" | "onLine">;

/**
 * Runs the program, and takes its resources to their steps as they come. If it came to its
 * end and all went well, the stack's outputs become those it set, and what it no longer wants is deleted.
 */
export async function runProgram(
  context: UpdateContext,
  server: EngineServer,
  settings: RunSettings,
): Promise<Properties> {
  const { state, reporter, signal, preview } = context;
  if (signal.aborted) return {};
  const monitor = new ResourceMonitor(context);
  server.serve(monitor);
  const program = new Program({
    ...settings,
    preview,
    engineAddress: server.address,
    onLine: (stream, line) => reporter.log(stream, line),
  });
  const stop = (): void => program.stop();
  signal.addEventListener("abort", stop, { once: true });
  const watch = setInterval(() => {
    if (monitor.idleMs < IDLE_DEADLINE_MS) return;
    reporter.error(`The program did nothing for ${IDLE_DEADLINE_MS / 60_000} minutes and was stopped.`);
    stop();
  }, IDLE_CHECK_MS);
  try {
    const exit = await program.exit;
    // Steps go on without the program; each has a deadline of its own.
    while (monitor.inFlight > 0) await sleep(DRAIN_POLL_MS);
    if (!signal.aborted) explain(context, exit, monitor.finished);
    // Of a program that did not come to its end, nobody knows what else it would make.
    if (preview && monitor.finished && !signal.aborted) await judge(context, monitor.origins);
  } finally {
    clearInterval(watch);
    signal.removeEventListener("abort", stop);
  }
  if (reporter.failed || signal.aborted) return {};

  const { urn, outputs } = monitor.stackOutputs ?? { urn: "", outputs: {} };
  const stack = state.find(urn);
  if (stack !== undefined) state.amend(stack, { ...stack, outputs });
  const unclaimed = state.resources.filter(({ urn }) => !monitor.claimed.has(urn));
  await deleteResources(context, [...unclaimed, ...state.superseded]);
  return outputs;
}

/** Sees to it that a program which did not come to its end counts as failed, with a reason. */
function explain({ reporter }: UpdateContext, exit: ProgramExit, finished: boolean): void {
  if (reporter.failed || (exit.code === 0 && finished)) return;
  if (exit.signal !== null)
    throw new EngineRefusal(`The program was ended by ${exit.signal}; nothing was deleted.`);
  if (exit.code !== 0)
    throw new EngineRefusal(`The program ended with exit code ${exit.code}; nothing was deleted.`);
  throw new EngineRefusal("The program left before its end (process.exit?); nothing was deleted.");
}
