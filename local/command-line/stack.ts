import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { exportStack } from "../engine/deployment.ts";
import { EngineRefusal } from "../engine/engine-refusal.ts";
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
  const deployment = readState(stateDir, stack, showSecrets);
  const text = `${JSON.stringify(deployment, null, 4)}\n`;
  if (file === undefined) process.stdout.write(text);
  else writeFileSync(resolve(file), text, { mode: 0o600 });
}

function readState(stateDir: string, stack: string, showSecrets: boolean | undefined) {
  try {
    const deployment = exportStack(absoluteStateDir(stateDir), stack, { showSecrets });
    if (deployment !== undefined) return deployment;
  } catch (error) {
    if (!(error instanceof EngineRefusal)) throw error;
    throw new Failure(error.message, error.exitCode, { cause: error });
  }
  throw new Failure("There is no local stack yet: npm run up makes it.");
}
