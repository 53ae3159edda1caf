import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PORT_BASES } from "./claim-ports.ts";

/** Keeps for the next cloud of this state where this one listens: what is made in it holds its ports. */
export function rememberPortBase(stateDir: string, portBase: number): void {
  const file = fileIn(stateDir);
  writeFileSync(`${file}.new`, `${portBase}\n`);
  renameSync(`${file}.new`, file);
}

/** Where the state's last cloud listened; `undefined` if there was none, or the file says nothing of use. */
export function rememberedPortBase(stateDir: string): number | undefined {
  try {
    const portBase = Number(readFileSync(fileIn(stateDir), "utf8"));
    const { least, most } = PORT_BASES;
    return Number.isInteger(portBase) && portBase >= least && portBase <= most ? portBase : undefined;
  } catch {
    return undefined;
  }
}

function fileIn(stateDir: string): string {
  return join(stateDir, "cloud", "port-base");
}
