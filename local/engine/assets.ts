import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { EngineRefusal } from "./engine-refusal.ts";
import {
  ARCHIVE,
  ASSET,
  isAsset,
  isList,
  isProperties,
  isSecret,
  type Properties,
  SIGNATURE,
  secret,
  some,
  UNKNOWN,
  type Value,
  withoutSecrecy,
} from "./values.ts";

/**
 * Gives every asset its absolute path and the SHA-256 of its bytes, by which it is compared.
 * The SDK sends paths as the program wrote them, relative to the program's folder.
 * @throws {EngineRefusal} when a file is not to be read, or the asset is remote.
 */
export async function resolveAssets(properties: Properties, programDir: string): Promise<Properties> {
  const resolved = Object.entries(properties).map(
    async ([name, value]) => [name, await resolveValue(value, programDir, name)] as const,
  );
  return Object.fromEntries(await Promise.all(resolved));
}

async function resolveValue(value: Value, programDir: string, path: string): Promise<Value> {
  if (isAsset(value)) return resolveAsset(value, programDir, path);
  if (isSecret(value)) return secret(await resolveValue(value.value, programDir, path));
  if (isList(value))
    return Promise.all(value.map((item, index) => resolveValue(item, programDir, `${path}[${index}]`)));
  if (!isProperties(value)) return value;
  const entries = Object.entries(value).map(
    async ([name, item]) => [name, await resolveValue(item, programDir, `${path}.${name}`)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

async function resolveAsset(asset: Properties, programDir: string, path: string): Promise<Value> {
  const { text, assets } = asset;
  const kind = asset[SIGNATURE] ?? ASSET;
  if (isSecret(text) || isSecret(asset.path)) {
    return secret(await resolveAsset(withoutSecrecy(asset) as Properties, programDir, path));
  }
  if (text === UNKNOWN || asset.path === UNKNOWN) return UNKNOWN;
  if (typeof text === "string") {
    return { [SIGNATURE]: kind, text, hash: createHash("sha256").update(text).digest("hex") };
  }
  if (typeof asset.path === "string") {
    const absolute = resolve(programDir, asset.path);
    return { [SIGNATURE]: kind, path: absolute, hash: await hashPath(absolute, path) };
  }
  if (isProperties(assets)) {
    const members = (await resolveValue(assets, programDir, path)) as Properties;
    const hash = createHash("sha256");
    for (const [name, member] of Object.entries(members).sort(([a], [b]) => (a < b ? -1 : 1))) {
      hash.update(`${name}\0${isAsset(member) ? String(member.hash) : UNKNOWN}\n`);
    }
    return { [SIGNATURE]: ARCHIVE, assets: members, hash: hash.digest("hex") };
  }
  throw new EngineRefusal(`${path}: an asset must be a file, a folder or a text; got ${describe(asset)}.`);
}

function describe(asset: Properties): string {
  return asset.uri === undefined ? "none of them" : `the remote address ${JSON.stringify(asset.uri)}`;
}

async function hashPath(path: string, property: string): Promise<string> {
  try {
    const hash = createHash("sha256");
    if ((await stat(path)).isDirectory()) {
      const entries = await readdir(path, { recursive: true, withFileTypes: true });
      const files = entries
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name));
      for (const file of files.sort()) {
        hash.update(`${file.slice(path.length)}\0${await hashPath(file, property)}\n`);
      }
    } else {
      await pipeline(createReadStream(path), hash);
    }
    return hash.digest("hex");
  } catch (error) {
    if (error instanceof EngineRefusal) throw error;
    throw new EngineRefusal(`${property}: the asset ${path} cannot be read.`, { cause: error });
  }
}

/** What state keeps of assets: where they came from and their hash, never their bytes. */
export function withoutAssetText(properties: Properties): Properties {
  return Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, stripText(value)]));
}

function stripText(value: Value): Value {
  if (isList(value)) return value.map(stripText);
  if (!isProperties(value)) return value;
  if (isAsset(value) && "text" in value) {
    const { text: _, ...rest } = value;
    return rest;
  }
  return withoutAssetText(value);
}

/** Properties that are kept from the state, with the program's own assets where those have the same bytes. */
export function withWantedAssets(kept: Properties, wanted: Properties): Properties {
  return Object.fromEntries(
    Object.entries(kept).map(([name, value]) => [name, withWantedAsset(value, wanted[name])]),
  );
}

function withWantedAsset(kept: Value, wanted: Value | undefined): Value {
  if (isAsset(kept)) return isAsset(wanted) && wanted.hash === kept.hash ? wanted : kept;
  if (isList(kept) && isList(wanted)) return kept.map((item, index) => withWantedAsset(item, wanted[index]));
  return isProperties(kept) && isProperties(wanted) ? withWantedAssets(kept, wanted) : kept;
}

/** @throws {EngineRefusal} when an asset is one of the state whose bytes that does not have: it was a text. */
export function checkAssetBytes(properties: Properties): void {
  const isEmpty = (value: Value): boolean =>
    isAsset(value) && !("text" in value || "path" in value || "assets" in value);
  for (const [name, value] of Object.entries(properties)) {
    if (!some(value, isEmpty)) continue;
    throw new EngineRefusal(
      `${name}: the change of an asset's text cannot be ignored while something else changes, for of what it was only the hash is kept.`,
    );
  }
}

/**
 * Outputs as the program may see them. The SDK cannot read an asset without its text,
 * so those are answered with what the program itself passed in, or left out.
 */
export function withProgramAssets(outputs: Properties, programInputs: Properties): Properties {
  const seen: Record<string, Value> = {};
  for (const [name, value] of Object.entries(outputs)) {
    if (!some(value, isAsset)) seen[name] = value;
    else if (programInputs[name] !== undefined) seen[name] = programInputs[name];
  }
  return seen;
}
