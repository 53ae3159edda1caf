import { existsSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { exportStack } from "../engine/deployment.ts";
import { Failure } from "./failure.ts";
import { absoluteStateDir, LOCAL_STACK } from "./place.ts";

interface Options {
  readonly stateDir: string;
  readonly showSecrets?: boolean;
  readonly file?: string;
}

/** Prints the local stack's state as `pulumi stack export` would. A file with open secrets is its owner's alone. */
export function exportState(stack: string, { stateDir, showSecrets, file }: Options): void {
  if (stack !== LOCAL_STACK) {
    throw new Failure(
      `The stack must be ${LOCAL_STACK}, the one with a state on this machine; got "${stack}". For another: pulumi stack export --stack ${stack}.`,
    );
  }
  const deployment = exportStack(absoluteStateDir(stateDir), stack, { showSecrets });
  if (deployment === undefined) throw new Failure("There is no local stack yet: npm run up makes it.");
  const text = `${JSON.stringify(deployment, null, 4)}\n`;
  if (file === undefined) process.stdout.write(text);
  else writePrivately(resolve(file), text);
}

/** Whatever the file's mode was: its owner alone reads the new one, from the first byte on. */
function writePrivately(path: string, text: string): void {
  const target = existsSync(path) ? realpathSync(path) : path;
  // A pipe or a device is written to, and not replaced.
  if (statSync(target, { throwIfNoEntry: false })?.isFile() === false) {
    writeFileSync(target, text);
    return;
  }
  const draft = `${target}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, text, { mode: 0o600, flag: "wx" });
    renameSync(draft, target);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}
