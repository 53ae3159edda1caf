import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { readDeployment } from "../engine/deployment-reading.ts";
import { runUpdate } from "../engine/engine.ts";
import { EngineRefusal } from "../engine/engine-refusal.ts";
import type { EngineEvent, UpdateResult } from "../engine/events.ts";
import type { GivenState } from "../engine/stack-state.ts";
import { DEFAULT_PORT_BASE, portsFrom } from "../kernel/claim-ports.ts";
import { findCloud } from "./cloud-process.ts";
import { Failure } from "./failure.ts";
import { interruptible } from "./interruptible.ts";
import { serveOffline } from "./offline-providers.ts";
import { printJson, progressStream } from "./output.ts";
import { absoluteStateDir, LOCAL_STACK, type Place, PROJECT, REPOSITORY } from "./place.ts";
import { type DigestOptions, previewDigest } from "./preview-digest.ts";
import { readLocalConfig, readStackConfig, type StackConfig } from "./stack-config.ts";
import { claimStateFolder } from "./state-folder.ts";
import { UpdateDisplay } from "./update-display.ts";

/** The preview went well and would change something, where `--expect-no-changes` says that it must not. */
export const EXIT_CHANGES = 6;

const NOTHING: GivenState = { resources: [], superseded: [] };

interface Options extends Place, DigestOptions {
  readonly config: Record<string, string>;
  readonly from?: string;
  readonly diff?: boolean;
  readonly json?: boolean;
  readonly expectNoChanges?: boolean;
}

/**
 * Plans a stack's program with providers that have no cloud behind them, against the state of the local
 * stack, the one in a file, or none.
 */
export async function preview(stack: string, options: Options): Promise<void> {
  const out = progressStream(options.json);
  const config = await configOf(stack, options);
  if (config.placeholders.size > 0) {
    const named = [...config.placeholders].map(([key, why]) => `${key} (${why})`).join(", ");
    out.write(`Placeholders stand for secrets that are not to be had here: ${named}.\n`);
  }
  const from = stateOf(stack, options, out);
  // Of whatever stack: the engine leaves compiled code there, and the key of a state that it finds none of.
  claimStateFolder(absoluteStateDir(options.stateDir));
  const display = new UpdateDisplay(out, "preview", { whole: options.diff, sames: options.showSames });
  const events: EngineEvent[] = [];
  await using providers = await serveOffline(stack === LOCAL_STACK);
  const result = await interruptible((signal) =>
    runUpdate({
      kind: "preview",
      project: PROJECT,
      stack,
      programDir: REPOSITORY,
      config: config.values,
      secretKeys: config.secretKeys,
      stateDir: absoluteStateDir(options.stateDir),
      ...(from && { from }),
      providers: providers.ports,
      signal,
      onEvent: (event) => {
        events.push(event);
        display.show(event);
      },
    }),
  );
  // What this machine's cloud does with a kind says nothing about another stack.
  display.end(stack === LOCAL_STACK ? result : { ...result, recorded: [] });
  if (options.json) printJson(previewDigest(config, events, result, options));
  process.exitCode = result.exitCode;
  if (options.expectNoChanges && result.ok && changes(result)) {
    out.write("No changes were expected.\n");
    process.exitCode = EXIT_CHANGES;
  }
}

/** The local stack's depends on where its cloud listens. */
async function configOf(stack: string, options: Options): Promise<StackConfig> {
  const config = readStackConfig(stack, options.config);
  if (stack !== LOCAL_STACK) return config;
  const cloud = await findCloud(options.stateDir);
  return {
    ...config,
    values: readLocalConfig(options.config, cloud?.ports ?? portsFrom(options.portBase ?? DEFAULT_PORT_BASE)),
  };
}

/** Only the local stack has a state on this machine. */
function stateOf(stack: string, { from }: Options, out: NodeJS.WriteStream): GivenState | undefined {
  if (from === undefined) return stack === LOCAL_STACK ? undefined : NOTHING;
  try {
    const { encrypted, pending, ...state } = readDeployment(
      readFileSync(resolve(from), "utf8"),
      PROJECT,
      stack,
    );
    if (encrypted > 0) {
      out.write(
        `${encrypted} values in ${from} are encrypted: they are taken to be unchanged, and shown as [secret].\n`,
      );
    }
    if (pending > 0)
      out.write(`${pending} operations in ${from} were never finished: what they did is not known.\n`);
    return state;
  } catch (error) {
    const code = error instanceof EngineRefusal ? error.exitCode : 1;
    throw new Failure(`${from}: ${error instanceof Error ? error.message : error}`, code, { cause: error });
  }
}

/** As Pulumi counts: components too, though what they come, go or change by is their record alone. */
function changes({ steps }: UpdateResult): boolean {
  return steps.some(({ op }) => op !== "same" && op !== "read");
}
