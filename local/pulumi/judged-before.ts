import { createHmac } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY } from "../kernel/place.ts";
import { readCheckpoint } from "./checkpoint.ts";
import { LOCAL_STACK } from "./local-stack.ts";
import type { Program } from "./program.ts";
import { PROGRAM_FOLDERS, sourcesHash } from "./sources.ts";
import { keyFile, type Settings, type Workspace } from "./workspace.ts";

/** What knows what is right and wrong. */
const RULES = ["review", "local/provider", "local/services", "local/kernel"];

/**
 * Remembers what was found to be right: the same program under the same configuration, over the same state and by the
 * same rules, is right again, and judging it is half of the time of an update that changes nothing.
 */
export class JudgedBefore {
  readonly #file: string;
  readonly #key: () => string | undefined;

  constructor(
    stateDir: string,
    workspace: Pick<Workspace, "folder" | "stack">,
    program: Pick<Program, "folder">,
    settings: Settings,
  ) {
    this.#file = join(workspace.folder, `.${workspace.stack}-judged`);
    this.#key = () => {
      const sources = sourcesHash(program.folder, PROGRAM_FOLDERS);
      // What else a program of another shape is made of, nobody knows.
      if (sources === undefined) return undefined;
      const { values, secretKeys } = settings;
      return createHmac("sha256", readFileSync(keyFile(stateDir)))
        .update(JSON.stringify([sources, sourcesHash(REPOSITORY, RULES), values, secretKeys, program.folder]))
        .update(JSON.stringify(readCheckpoint(stateDir, LOCAL_STACK)?.resources ?? []))
        .digest("hex");
    };
  }

  get isRight(): boolean {
    return existsSync(this.#file) && readFileSync(this.#file, "utf8") === this.#key();
  }

  /** Of a program that has been made real: what there is now is what was planned. */
  remember(): void {
    const key = this.#key();
    if (key !== undefined) writeFileSync(this.#file, key, { mode: 0o600 });
  }
}
