import { type SpawnOptions, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { annotateDeploy } from "../../operator/deploys/annotate.ts";
import { smokeTest } from "../../operator/deploys/smoke.ts";
import type { OpenTarget } from "../../operator/target.ts";
import { confirmByTyping } from "../../operator/terminal/confirm.ts";
import { EXIT, Failure } from "../../operator/terminal/failure.ts";
import { paint } from "../../operator/terminal/output.ts";
import { reviewOf } from "../../review/changes/review.ts";
import { readPreview } from "../../review/preview/stack-preview.ts";
import { absoluteStateDir, type Place, REPOSITORY } from "../kernel/place.ts";
import { LOCAL_STACK } from "../pulumi/local-stack.ts";
import { holdingOf } from "../pulumi/offline-providers.ts";
import { type BaseRevision, checkOutBase } from "./review/base-revision.ts";
import { otherSettings, refuseOtherFormats } from "./rollback-prechecks.ts";

/** Longer than an update takes that has functions built. */
const DEADLINE_MS = 60 * 60_000;
interface RollbackOptions extends Place {
  /** A commit. */
  readonly to: string;
  readonly stack: string;
  readonly yes?: boolean;
  readonly formatsRead?: boolean;
  /** Who goes back, for the dashboard. */
  readonly actor: string;
  /** Seconds, for the look afterwards. */
  readonly timeout: number;
}

/**
 * Updates a stack with the program and the configuration of a former commit, after a look at what that changes, and
 * then looks whether the platform works. To be run from a checkout of what is deployed.
 *
 * @throws {Failure} where the former program could not read what is stored, or nobody agrees
 */
export async function rollback(
  options: RollbackOptions,
  openTarget: OpenTarget<RollbackOptions>,
): Promise<void> {
  const { to, stack, yes, formatsRead, actor, timeout } = options;
  const base = await checkOutBase(absoluteStateDir(options.stateDir), to, REPOSITORY);
  const commit = base.commit.slice(0, 12);
  if (!formatsRead) refuseOtherFormats(base, commit);
  const keys = otherSettings(base, stack);
  if (base.hasOtherPackages) await installPackages(base);

  process.stdout.write(`${stack} is to go back to ${commit}.\n`);
  if (keys.length > 0) process.stdout.write(`Its configuration goes back in ${keys.join(", ")}.\n`);
  process.stdout.write(`${await previewInWords(base, options)}\n`);
  if (!yes) await confirmByTyping(stack);

  const { program, args, env } = updateOf(base, options);
  const code = await run(program, args, { stdio: "inherit", env });
  if (code !== 0) {
    throw new Failure(`The update ended with ${code}. The same command goes on from here.`, EXIT.failed);
  }
  const target = await openTarget(options);
  // Beforehand: of what does not work, the dashboard must tell when it came.
  await annotateDeploy(target, { stack, commit: base.commit, actor });
  await smokeTest(target, { stack, timeout });
}

/** Bundles are made of packages too: with others than its own, the former program would not be what it was. */
async function installPackages({ folder }: BaseRevision): Promise<void> {
  process.stderr.write("Installing the packages of that commit …\n");
  rmSync(join(folder, "node_modules"), { recursive: true, force: true });
  const code = await run("npm", ["install", "--no-save"], { cwd: folder, stdio: ["ignore", 2, 2] });
  if (code !== 0) throw new Failure(`npm install in ${folder} ended with ${code}.`);
}

async function previewInWords(base: BaseRevision, options: RollbackOptions): Promise<string> {
  const { program, args, env } = previewOf(base, options);
  let text = "";
  const code = await run(program, args, { stdio: ["ignore", "pipe", "inherit"], env }, (part) => {
    text += part;
  });
  if (code !== 0) throw new Failure(`The preview ended with ${code}; nothing was changed.\n${text.trim()}`);
  const preview = readPreview(text);
  const counts = new Map<string, number>();
  for (const { op } of preview.changes) if (op !== "same") counts.set(op, (counts.get(op) ?? 0) + 1);
  const { mustRead } = reviewOf([preview], { holdingOf });
  const sentences = mustRead.flatMap(({ sentence, more }) => [
    sentence,
    ...more.map((each) => each.sentence),
  ]);
  return [
    [...counts].map(([op, count]) => `${count} ${op}`).join(", "),
    ...sentences.map((sentence) => `${paint("red", "Read this:")} ${sentence}`),
  ].join("\n");
}

interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

function previewOf({ folder }: BaseRevision, { stack, stateDir }: RollbackOptions): Command {
  return stack === LOCAL_STACK
    ? ourselves("preview", stack, "--json", "--cwd", folder, "--state-dir", stateDir)
    : byPulumi("preview", "--json", "--show-sames", "--stack", stack, "--cwd", folder);
}

function updateOf({ folder }: BaseRevision, { stack, stateDir }: RollbackOptions): Command {
  return stack === LOCAL_STACK
    ? ourselves("up", "--no-first-domain", "--cwd", folder, "--state-dir", stateDir)
    : byPulumi("up", "--yes", "--skip-preview", "--stack", stack, "--cwd", folder);
}

function ourselves(...args: readonly string[]): Command {
  const main = join(import.meta.dirname, "main.ts");
  return { program: process.execPath, args: [...process.execArgv, main, ...args], env: process.env };
}

function byPulumi(...args: readonly string[]): Command {
  return { program: "pulumi", args, env: process.env };
}

/** @returns the exit code. @throws {Failure} where there is no such program, or it takes too long */
async function run(
  program: string,
  args: readonly string[],
  options: SpawnOptions,
  onText: (text: string) => void = () => undefined,
): Promise<number> {
  const child = spawn(program, args, { ...options, timeout: DEADLINE_MS });
  child.stdout?.setEncoding("utf8").on("data", onText);
  return new Promise((resolve, reject) => {
    child.once("error", (cause) => {
      reject(new Failure(`${program} cannot be run: ${cause.message}.`, EXIT.failed, { cause }));
    });
    child.once("close", (code) => resolve(code ?? EXIT.interrupted));
  });
}
