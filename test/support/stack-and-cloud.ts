import { readFileSync, writeFileSync } from "node:fs";
import { inventoryOf } from "../../local/daemon/cloud-process.ts";
import { checkpointFile, readCheckpoint } from "../../local/pulumi/checkpoint.ts";
import { backendOf } from "../../local/pulumi/workspace.ts";
import type { DaemonPlatform } from "./daemon-platform.ts";

/** As far as a test changes it. */
export interface State {
  resources: { readonly urn: string; readonly type: string; readonly custom: boolean }[];
  pending_operations?: object[];
}

export function stateFile({ stateDir }: DaemonPlatform): string {
  return checkpointFile(backendOf(stateDir), "local");
}

/** Leaves the state as a CLI would that was killed at a moment which no test can be sure to hit. */
export function editState(platform: DaemonPlatform, edit: (state: State) => void): void {
  const file = stateFile(platform);
  const whole = JSON.parse(readFileSync(file, "utf8")) as { checkpoint: { latest: State } };
  edit(whole.checkpoint.latest);
  writeFileSync(file, JSON.stringify(whole));
}

/** Resources, `TYPE ID`, of which the state tells and of which the cloud does; and what is still to be resolved. */
export async function bothSides(platform: DaemonPlatform) {
  const checkpoint = readCheckpoint(platform.stateDir, "local");
  const made = checkpoint?.resources ?? [];
  const held = await inventoryOf(await platform.status());
  return {
    state: made.flatMap(({ custom, type, id }) => (custom ? [`${type} ${id}`] : [])).sort(),
    // What stays when its stack has let go of it has no URN.
    cloud: held.flatMap(({ urn, kind, id }) => (urn === "" ? [] : [`${kind} ${id}`])).sort(),
    pending: [...(checkpoint?.pending ?? [])],
  };
}
