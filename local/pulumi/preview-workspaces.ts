import { createHash } from "node:crypto";
import { cpSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Exported } from "./given-export.ts";
import { keptFolder } from "./kept-folders.ts";
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
  const at = (place: string) =>
    new Workspace(stateDir, stack, place, start.kind === "state" ? undefined : join(place, "backend"));
  const root = join(backendOf(stateDir), "previews");
  const folder = await keptFolder(root, name, MAX_FOLDERS, async (draft) => {
    if (start.kind === "copy") cpSync(start.of.folder, draft, { recursive: true });
    const workspace = at(draft);
    await workspace.prepare(program, settings);
    if (start.kind === "export") await workspace.import(start.deployment);
    if (start.kind === "made") await start.make(workspace);
  });
  return at(folder);
}
