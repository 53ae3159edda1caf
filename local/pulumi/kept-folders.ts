import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";

/**
 * A folder that is costly to fill, made once and kept while it is among those that were used last. Whoever is killed
 * while filling it leaves a draft that nobody takes for it.
 *
 * @param root of all folders of its kind
 * @param most how many are kept
 */
export async function keptFolder(
  root: string,
  name: string,
  most: number,
  fill: (draft: string) => Promise<void>,
): Promise<string> {
  mkdirSync(root, { recursive: true, mode: 0o700 });
  const folder = join(root, name);
  if (!existsSync(folder)) {
    const draft = join(root, `${name}.${process.pid}.tmp`);
    rmSync(draft, { recursive: true, force: true });
    try {
      await fill(draft);
      renameSync(draft, folder);
    } catch (error) {
      rmSync(draft, { recursive: true, force: true });
      // Whoever made the same meanwhile was as right.
      if (!existsSync(folder)) throw error;
    }
    removeOld(root, name, most);
  }
  const now = new Date();
  utimesSync(folder, now, now);
  return folder;
}

/** Those that were not used for longest, and drafts of whoever was killed. */
function removeOld(root: string, newest: string, most: number): void {
  const usedAt = (name: string) => statSync(join(root, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const names = readdirSync(root)
    .filter((name) => !name.startsWith(newest))
    .sort((left, right) => usedAt(right) - usedAt(left));
  for (const name of names.slice(most - 1)) rmSync(join(root, name), { recursive: true, force: true });
}
