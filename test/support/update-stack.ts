import { nameOf, typeOf } from "../../local/provider/requests.ts";
import { readCheckpoint } from "../../local/pulumi/checkpoint.ts";
import type { Change } from "../../local/pulumi/update.ts";
import { runCommand } from "./command-line.ts";

export interface UpdateSettings {
  /** The folder of Pulumi.yaml. @default this repository */
  readonly programDir?: string;
  readonly config?: Readonly<Record<string, string>>;
}

export interface StackUpdate {
  /** By operation, components too. */
  readonly changeSummary: Readonly<Record<string, number>>;
  readonly changes: readonly Change[];
  readonly outputs: Readonly<Record<string, unknown>>;
}

/**
 * Has `npm run up` make the program in the cloud that runs on this state.
 *
 * @throws with all that it told, when it failed.
 */
export async function updateStack(
  stateDir: string,
  { programDir, config }: UpdateSettings,
): Promise<StackUpdate> {
  const { code, out, err } = await runCommand([
    ...["up", "--json", "--no-first-domain", "--state-dir", stateDir],
    ...flags(programDir, config),
  ]);
  if (code !== 0) throw new Error(`up exited with ${code}:\n${err}`);
  const { changeSummary, changes } = JSON.parse(out) as Omit<StackUpdate, "outputs">;
  return { changeSummary, changes, outputs: readCheckpoint(stateDir, "local")?.outputs ?? {} };
}

/** What `npm run preview` says would change. @throws with all that it told, when it failed. */
export async function previewStack(
  stateDir: string,
  { programDir, config }: UpdateSettings,
): Promise<readonly Change[]> {
  const { code, out, err } = await runCommand([
    ...["preview", "--json", "--state-dir", stateDir],
    ...flags(programDir, config),
  ]);
  if (code !== 0) throw new Error(`preview exited with ${code}:\n${err}`);
  return (JSON.parse(out) as { steps: readonly Change[] }).steps.filter(({ op }) => op !== "same");
}

/** What happened to resources of providers, `OP NAME`, in the order of the alphabet. */
export function changed(changes: readonly Change[]): readonly string[] {
  return changes
    .filter(({ urn }) => !/^(platform|pulumi):/.test(typeOf({ urn })))
    .map(({ op, urn }) => `${op} ${nameOf({ urn })}`)
    .sort();
}

function flags(programDir: string | undefined, config: UpdateSettings["config"] = {}): readonly string[] {
  return [
    ...(programDir === undefined ? [] : ["--cwd", programDir]),
    ...Object.entries(config).flatMap(([key, value]) => ["--config", `${key}=${value}`]),
  ];
}
