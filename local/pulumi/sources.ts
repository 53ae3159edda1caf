import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

/** What a program is made of: its own folders, and the code that it deploys. */
export const PROGRAM_FOLDERS: readonly string[] = ["stacks", "components", "runtime"];
const CONFIGURATION = ["tsconfig.json", "package-lock.json"];

/** Of what stands in these folders, wherever that is; `undefined` if nothing does. */
export function sourcesHash(root: string, folders: readonly string[]): string | undefined {
  const sources = folders.flatMap((name) => sourcesIn(join(root, name)));
  if (sources.length === 0) return undefined;
  const hash = createHash("sha256");
  for (const file of [...sources, ...CONFIGURATION.map((name) => join(root, name))]) {
    hash.update(`${relative(root, file)}\n`).update(existsSync(file) ? readFileSync(file) : "");
  }
  return hash.digest("hex");
}

function sourcesIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(ts|json)$/.test(name) && !name.endsWith(".test.ts"))
    .sort()
    .map((name) => join(folder, name));
}
