import { existsSync, readFileSync } from "node:fs";
import { mkdir, readFile, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import * as z from "zod";
import { unzip } from "./unpack.ts";

const FRAMEWORK = "@google-cloud/functions-framework";
/** What Google's build makes a function's container run. @see https://github.com/GoogleCloudPlatform/buildpacks */
export const FRAMEWORK_COMMAND = "node_modules/.bin/functions-framework";

const manifestSchema = z.object({
  main: z.string().optional(),
  dependencies: z.record(z.string(), z.string()).default({}),
});

/**
 * Does with a source what Google's build does: unpacks it and installs the functions framework. It is the
 * very one of this repository, and nothing else of its `node_modules` comes in reach.
 *
 * @param source a `zip`.
 * @throws {Error} naming what the source lacks, or what else it asks for.
 */
export async function buildFunction(source: Readable, folder: string): Promise<void> {
  await unzip(source, folder);
  const { main = "index.js", dependencies } = await manifestOf(folder);
  if (!existsSync(join(folder, main))) throw new Error(`there is no ${main} in the function's source`);
  const installed = installedFramework();
  // Google's build adds the framework by itself where the source does not ask for one.
  for (const [name, version] of Object.entries(dependencies)) {
    if (name === FRAMEWORK && version === installed.version) continue;
    throw new Error(
      `package.json asks for ${name} ${version}; the local build installs ${FRAMEWORK} ${installed.version} alone`,
    );
  }
  const modules = join(folder, "node_modules");
  await mkdir(join(modules, ".bin"), { recursive: true });
  await mkdir(join(modules, dirname(FRAMEWORK)));
  await symlink(installed.folder, join(modules, FRAMEWORK));
  await symlink(join("..", FRAMEWORK, installed.command), join(folder, FRAMEWORK_COMMAND));
}

async function manifestOf(folder: string): Promise<z.output<typeof manifestSchema>> {
  const path = join(folder, "package.json");
  if (!existsSync(path)) return { dependencies: {} };
  let content: unknown;
  try {
    content = JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    throw new Error("package.json is not JSON", { cause });
  }
  const parsed = manifestSchema.safeParse(content);
  if (!parsed.success) throw new Error(`package.json: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

function installedFramework(): {
  readonly folder: string;
  readonly version: string;
  readonly command: string;
} {
  const entry = createRequire(import.meta.url).resolve(FRAMEWORK);
  const folder = entry.slice(0, entry.lastIndexOf(FRAMEWORK) + FRAMEWORK.length);
  const { version, bin } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return { folder, version, command: bin["functions-framework"] };
}
