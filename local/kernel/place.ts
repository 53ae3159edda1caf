import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { DEFAULT_PORT_BASE } from "./claim-ports.ts";
import { rememberedPortBase } from "./port-base.ts";

/** The repository: the folder of Pulumi.yaml. */
export const REPOSITORY = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const DEFAULT_STATE_DIR = ".local";
/** Where set-up puts Pebble; shared by all state folders. */
export const BIN_DIR = join(REPOSITORY, ".local", "bin");

/** Where one local cloud keeps what it has, and where it listens. */
export interface Place {
  readonly stateDir: string;
  /** That of the cloud that runs, if it is not given, or of the one that ran last, or else the default. */
  readonly portBase?: number;
}

/** Where a cloud listens if none runs. */
export function nextPortBase({ stateDir, portBase }: Place): number {
  return portBase ?? rememberedPortBase(absoluteStateDir(stateDir)) ?? DEFAULT_PORT_BASE;
}

export function absoluteStateDir(stateDir: string): string {
  return resolve(REPOSITORY, stateDir);
}
