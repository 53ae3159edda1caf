import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { EXIT, Failure } from "../../operator/terminal/failure.ts";
import { interruptible } from "../../operator/terminal/interruptible.ts";
import { progressStream, wantsColour } from "../../operator/terminal/output.ts";
import { findCloud } from "../daemon/cloud-process.ts";
import { portsFrom } from "../kernel/claim-ports.ts";
import { absoluteStateDir, nextPortBase, type Place } from "../kernel/place.ts";
import { readCheckpoint } from "../pulumi/checkpoint.ts";
import { readExport } from "../pulumi/given-export.ts";
import { type Judgement, judge, type Mistake } from "../pulumi/judgement.ts";
import { LOCAL_STACK, programFolder } from "../pulumi/local-stack.ts";
import { serveOffline } from "../pulumi/offline-providers.ts";
import { previewWorkspace, type Start } from "../pulumi/preview-workspaces.ts";
import { Program } from "../pulumi/program.ts";
import { typeErrors } from "../pulumi/type-check.ts";
import { tellMistakes, tellWarnings } from "./mistakes.ts";
import { policyMistakes } from "./policy-mistakes.ts";
import { readLocalConfig, readStackConfig, type StackConfig } from "./stack-config.ts";
import { claimStateFolder } from "./state-folder.ts";

/** The preview went well and would change something, where `--expect-no-changes` says that it must not. */
export const EXIT_CHANGES = 6;

interface Options extends Place {
  readonly config: Record<string, string>;
  readonly cwd?: string;
  readonly from?: string;
  readonly diff?: boolean;
  readonly json?: boolean;
  readonly showSames?: boolean;
  readonly showReplacementSteps?: boolean;
  readonly expectNoChanges?: boolean;
}

/**
 * Judges a stack's program with providers that have no cloud behind them, against the state of the local stack, the
 * one in a file, or none; and shows what Pulumi plans where nothing is wrong.
 */
export async function preview(stack: string, options: Options): Promise<void> {
  const out = progressStream(options.json);
  const program = new Program(programFolder(options.cwd));
  const config = await configOf(stack, program.folder, options);
  if (config.placeholders.size > 0) {
    const named = [...config.placeholders].map(([key, why]) => `${key} (${why})`).join(", ");
    out.write(`Placeholders stand for secrets that are not to be had here: ${named}.\n`);
  }
  const stateDir = absoluteStateDir(options.stateDir);
  const start = startOf(stack, options, out);
  // Of whatever stack: its workspace, and the key of what is encrypted in it, are there.
  claimStateFolder(stateDir);
  const judgement = await interruptible(async (signal) => {
    const types = typeErrors(program, signal);
    types.catch(() => undefined);
    const workspace = await previewWorkspace(stateDir, stack, program, config, start);
    await using providers = await serveOffline(stack === LOCAL_STACK);
    const flags = flagsOf(options);
    const judged = await judge({ program, workspace, providers, flags, signal });
    const mistakes = [...(await types), ...judged.mistakes];
    return {
      ...judged,
      mistakes,
      warnings: [...judged.doubts, ...judged.losses, ...policyMistakes(judged, program)],
    };
  });
  if (judgement.interrupted) {
    process.exitCode = EXIT.interrupted;
    return;
  }
  tell(judgement.result, options, out);
}

interface Told extends Judgement {
  /** What is in doubt, what would be lost, and what breaks a policy: the plan is right, and somebody should look at it. */
  readonly warnings: readonly Mistake[];
}

function tell(
  { mistakes, warnings, shown, changeSummary }: Told,
  options: Options,
  out: NodeJS.WriteStream,
): void {
  if (mistakes.length > 0) {
    if (options.json) process.stdout.write(withDiagnostics(shown, mistakes, "error"));
    tellMistakes(mistakes, progressStream(options.json));
    process.exitCode = EXIT.failed;
    return;
  }
  process.stdout.write(options.json ? withDiagnostics(shown, warnings, "warning") : shown);
  if (!options.json) tellWarnings(warnings, out);
  if (options.expectNoChanges && Object.keys(changeSummary).some((op) => op !== "same" && op !== "read")) {
    out.write("No changes were expected.\n");
    process.exitCode = EXIT_CHANGES;
  }
}

/** Pulumi's own digest, with more diagnostics, where Pulumi itself has them. */
function withDiagnostics(shown: string, more: readonly Mistake[], severity: "warning" | "error"): string {
  if (more.length === 0) return shown;
  const digest = (shown.trim() === "" ? {} : JSON.parse(shown)) as { diagnostics?: object[] };
  const told = more.map(({ urn, at, message }) => ({
    ...(urn !== undefined && { urn }),
    message: at === undefined ? message : `${at}: ${message}`,
    severity,
  }));
  return `${JSON.stringify({ ...digest, diagnostics: [...(digest.diagnostics ?? []), ...told] }, null, 4)}\n`;
}

function flagsOf({ json, diff, showSames, showReplacementSteps }: Options): readonly string[] {
  return [
    ...(json ? ["--json"] : ["--suppress-progress", "--color", wantsColour() ? "always" : "never"]),
    ...(diff ? ["--diff"] : []),
    ...(showSames ? ["--show-sames"] : []),
    ...(showReplacementSteps ? ["--show-replacement-steps"] : []),
  ];
}

/** The local stack's depends on where its cloud listens. */
async function configOf(stack: string, folder: string, options: Options): Promise<StackConfig> {
  const config = readStackConfig(stack, options.config, folder);
  if (stack !== LOCAL_STACK) return config;
  const cloud = await findCloud(options.stateDir);
  return {
    ...config,
    values: readLocalConfig(options.config, cloud?.ports ?? portsFrom(nextPortBase(options)), folder),
  };
}

/** Only the local stack has a state on this machine. */
function startOf(stack: string, { from, stateDir }: Options, out: NodeJS.WriteStream): Start {
  if (from === undefined) {
    const isMade = stack === LOCAL_STACK && readCheckpoint(absoluteStateDir(stateDir), stack) !== undefined;
    return { kind: isMade ? "state" : "nothing" };
  }
  let text: string;
  try {
    text = readFileSync(resolve(from), "utf8");
  } catch (error) {
    throw new Failure(`${from}: ${error instanceof Error ? error.message : error}`, EXIT.failed, {
      cause: error,
    });
  }
  try {
    const given = readExport(text, stack);
    if (given.encrypted > 0) {
      out.write(
        `${given.encrypted} values in ${from} are encrypted: they are taken to be unchanged, and shown as [secret].\n`,
      );
    }
    if (given.pending > 0) {
      out.write(`${given.pending} operations in ${from} were never finished: what they did is not known.\n`);
    }
    return { kind: "export", deployment: given.deployment };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw new Failure(`${from}: ${error.message}`, error.exitCode, { cause: error });
  }
}
