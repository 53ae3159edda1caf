import { readFileSync } from "node:fs";
import { join } from "node:path";
import { contentsOf } from "./build-bundle.ts";
import { functionPackages, type LockedPackage, readLockfile } from "./function-manifests.ts";
import type { LocatedBundle } from "./list-bundles.ts";

const MODULES = "node_modules/";

/**
 * What is in a bundle, as CycloneDX 1.6 has it: of the installed packages those of which code was placed in it, and
 * for a function those that Google's build installs beside it. The same bundle has the same bill: it knows no time.
 *
 * @see https://cyclonedx.org/docs/1.6/json/
 */
export function billOfMaterials({ workload, format, sha256 }: LocatedBundle, root: string): object {
  const lockfile = readLockfile(root);
  const inside = contentsOf(workload, root).flatMap((path) => packageOf(path) ?? []);
  const beside = format.manifests.length > 0 ? Object.keys(functionPackages(lockfile)) : [];
  const places = [...new Set([...inside, ...beside])].sort();
  const components = places.map((place) => componentOf(place, lockfile[place], root));
  const itself = `${workload}@${sha256}`;
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${uuidOf(sha256)}`,
    version: 1,
    metadata: {
      component: {
        type: "application",
        "bom-ref": itself,
        name: workload,
        version: sha256,
        hashes: [{ alg: "SHA-256", content: sha256 }],
      },
    },
    components,
    dependencies: [
      { ref: itself, dependsOn: components.map((component) => component["bom-ref"]) },
      ...components.map((component) => ({ ref: component["bom-ref"] })),
    ],
  };
}

/** `node_modules/a/node_modules/@b/c` of a file in it; nothing of one of our own. */
function packageOf(path: string): string | undefined {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0];
}

function componentOf(place: string, locked: LockedPackage | undefined, root: string) {
  const { version = "", integrity = "" } = locked ?? {};
  const name = place.slice(place.lastIndexOf(MODULES) + MODULES.length);
  if (version === "")
    throw new Error(`package-lock.json must hold ${place}, which is in a bundle; got nothing.`);
  const [, sha512] = /^sha512-(\S+)$/.exec(integrity) ?? [];
  return {
    type: "library",
    "bom-ref": `${place}@${version}`,
    name,
    version,
    purl: `pkg:npm/${name.replace("@", "%40")}@${version}`,
    ...(sha512 && { hashes: [{ alg: "SHA-512", content: Buffer.from(sha512, "base64").toString("hex") }] }),
    licenses: licensesOf(place, root),
  };
}

/** What the package says of itself: an id of SPDX's, or several in an expression. */
function licensesOf(place: string, root: string): readonly object[] {
  const { license } = JSON.parse(readFileSync(join(root, place, "package.json"), "utf8")) as {
    license?: unknown;
  };
  if (typeof license !== "string" || license === "") return [];
  return / (AND|OR|WITH) /.test(license) ? [{ expression: license }] : [{ license: { id: license } }];
}

/** Of version 8, which is anybody's own. @see RFC 9562 section 5.8 */
function uuidOf(sha256: string): string {
  const hex = `${sha256.slice(0, 12)}8${sha256.slice(13, 16)}8${sha256.slice(17, 32)}`;
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
