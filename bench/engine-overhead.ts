import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { UpdateKind } from "../local/engine/events.ts";
import { EngineHarness } from "../local/engine/fixtures/engine-harness.ts";
import type { Figure, Measurement } from "./measurement.ts";
import { requireProc, residentMegabytes } from "./process-usage.ts";

const RESOURCES = 1_000;
/** A quarter of them: what a resource costs in memory is in the difference. */
const FEWER = 250;
const SAMPLE_MS = 50;
const RUNNER = join(import.meta.dirname, "../local/engine/fixtures/run-engine.ts");

interface Run {
  readonly seconds: number;
  readonly peakMegabytes: number;
}

export const engineOverhead: Measurement = {
  name: "engine-overhead",
  description: "a program of many resources that cost nothing to make",
  conditions: `once each; ${RESOURCES} resources of a provider that only remembers them, 16 steps at once; engine and program, each a process that is started; memory is the engine's`,
  async run(say) {
    requireProc();
    const independent = await lifeOf("many", { count: String(RESOURCES), value: "v" }, say);
    const fewer = await lifeOf("many", { count: String(FEWER), value: "v" }, say);
    const names = Array.from({ length: RESOURCES }, (_, index) => `n${index}`).join(",");
    const chained = await lifeOf("chain", { names, value: "v" }, say);
    const seconds = (name: string, { seconds: value }: Run, aim?: number): Figure => {
      return { name, value, unit: "s", ...(aim !== undefined && { aim }) };
    };
    return [
      seconds("made", independent.made, 10),
      seconds("unchanged", independent.unchanged),
      seconds("deleted", independent.deleted),
      seconds("made in a chain, each after the one before", chained.made),
      seconds("deleted in a chain", chained.deleted),
      { name: "engine's peak memory", value: independent.made.peakMegabytes, unit: "MB" },
      {
        name: `engine's peak memory with ${FEWER} resources`,
        value: fewer.made.peakMegabytes,
        unit: "MB",
      },
    ];
  },
};

/** Makes all, once more, and deletes all. */
async function lifeOf(
  scenario: string,
  args: Record<string, string>,
  say: (line: string) => void,
): Promise<{ made: Run; unchanged: Run; deleted: Run }> {
  await using engine = await EngineHarness.start();
  const run = async (kind: UpdateKind, what: string): Promise<Run> => {
    const measured = await update(engine, kind, scenario, args);
    say(`${scenario}, ${what}: ${measured.seconds.toFixed(1)} s`);
    return measured;
  };
  return {
    made: await run("up", "made"),
    unchanged: await run("up", "unchanged"),
    deleted: await run("destroy", "deleted"),
  };
}

async function update(
  engine: EngineHarness,
  kind: UpdateKind,
  scenario: string,
  args: Record<string, string>,
): Promise<Run> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [RUNNER, JSON.stringify(engine.options(kind, scenario, args))], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  let peakMegabytes = 0;
  const sampling = setInterval(() => {
    peakMegabytes = Math.max(peakMegabytes, residentMegabytes(child.pid ?? 0) ?? 0);
  }, SAMPLE_MS);
  const [code] = await once(child, "exit");
  clearInterval(sampling);
  if (code !== 0) throw new Error(`The ${kind} of ${scenario} must succeed; its exit code was ${code}.`);
  return { seconds: (performance.now() - startedAt) / 1_000, peakMegabytes };
}
