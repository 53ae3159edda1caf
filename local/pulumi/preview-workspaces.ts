import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs";
import { join } from "node:path";
import type { Exported } from "./given-export.ts";
import type { Program } from "./program.ts";
import { backendOf, keyFile, type Settings, Workspace } from "./workspace.ts";

/** Enough for whoever goes to and fro between stacks and settings. */
const MAX_FOLDERS = 8;

/** From what a preview starts: the stack as it stands in the state folder, nothing, an export, what is made for it, or what another has. */
export type Start =
  | { readonly kind: "state" }
  | { readonly kind: "nothing" }
  | { readonly kind: "export"; readonly deployment: Exported }
  | { readonly kind: "made"; readonly of: string; make(workspace: Workspace): Promise<void> }
  | { readonly kind: "copy"; readonly of: Workspace };

/**
 * A workspace for previews, made once for a configuration and what it starts from: making one takes several starts of
 * Pulumi's CLI. Previews change nothing in it, so that many can share one.
 */
export async function previewWorkspace(
  stateDir: string,
  stack: string,
  program: Program,
  settings: Settings,
  start: Start,
): Promise<Workspace> {
  const root = join(backendOf(stateDir), "previews");
  mkdirSync(root, { recursive: true, mode: 0o700 });
  const key = existsSync(keyFile(stateDir)) ? readFileSync(keyFile(stateDir)) : "";
  const name = createHash("sha256")
    .update(key)
    .update(
      JSON.stringify([
        stack,
        program.directory,
        Object.entries(settings.values).sort(),
        settings.secretKeys,
        start.kind === "copy" ? start.of.folder : start,
      ]),
    )
    .digest("hex")
    .slice(0, 16);
  const folder = join(root, name);
  const at = (place: string) =>
    new Workspace(stateDir, stack, place, start.kind === "state" ? undefined : join(place, "backend"));
  if (!existsSync(folder)) {
    const draft = join(root, `${name}.${process.pid}.tmp`);
    rmSync(draft, { recursive: true, force: true });
    if (start.kind === "copy") cpSync(start.of.folder, draft, { recursive: true });
    const workspace = at(draft);
    await workspace.prepare(program, settings);
    if (start.kind === "export") await workspace.import(start.deployment);
    if (start.kind === "made") await start.make(workspace);
    publish(draft, folder);
    removeOld(root, name);
  }
  const now = new Date();
  utimesSync(folder, now, now);
  return at(folder);
}

/** Whoever made the same meanwhile was as right. */
function publish(draft: string, folder: string): void {
  try {
    renameSync(draft, folder);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
}

/** Those that were not used for longest, and drafts of whoever was killed. */
function removeOld(root: string, newest: string): void {
  const usedAt = (name: string) => statSync(join(root, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const names = readdirSync(root)
    .filter((name) => name !== newest)
    .sort((left, right) => usedAt(right) - usedAt(left));
  for (const name of names.slice(MAX_FOLDERS - 1)) rmSync(join(root, name), { recursive: true, force: true });
}
