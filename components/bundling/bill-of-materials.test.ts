import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { BUNDLE, FUNCTION_SOURCE } from "./artefact-format.ts";
import { billOfMaterials } from "./bill-of-materials.ts";
import { differencesOf, type LocatedBundle, listBundles } from "./list-bundles.ts";

const folder = mkdtempSync(join(tmpdir(), "bill-"));
const SHA512 = Buffer.alloc(64, 7);
const FRAMEWORK = "@google-cloud/functions-framework";
/** By the place of each, its licence and what it needs. */
const PACKAGES: Readonly<Record<string, readonly [license: string, code: string]>> = {
  "node_modules/used": ["MIT", 'import { deep } from "deep"; export const used = () => deep();'],
  "node_modules/used/node_modules/deep": ["(MIT OR Apache-2.0)", "export const deep = () => process.pid;"],
  "node_modules/deep": ["MIT", "export const deep = () => 1;"],
  "node_modules/unused": ["MIT", "export const unused = () => 2;"],
  [`node_modules/${FRAMEWORK}`]: ["Apache-2.0", "export const framework = 3;"],
};

beforeAll(() => {
  const write = (path: string, content: string | object) => {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), typeof content === "string" ? content : JSON.stringify(content));
  };
  const integrity = `sha512-${SHA512.toString("base64")}`;
  write("package.json", { type: "module" });
  write("package-lock.json", {
    packages: Object.fromEntries(
      Object.keys(PACKAGES).map((place) => [place, { version: "1.2.3", integrity }]),
    ),
  });
  for (const [place, [license, code]] of Object.entries(PACKAGES)) {
    const name = place.slice(place.lastIndexOf("node_modules/") + "node_modules/".length);
    write(`${place}/package.json`, {
      name,
      version: "1.2.3",
      license,
      main: "index.js",
      type: "module",
      sideEffects: false,
    });
    write(`${place}/index.js`, code);
  }
  write(
    "runtime/workloads/greeter/main.ts",
    'import { unused } from "unused"; import { used } from "used"; export type Unused = typeof unused; console.log(used());',
  );
});

afterAll(() => rmSync(folder, { recursive: true }));

function built(extension: string): LocatedBundle {
  const found = listBundles(folder).find(({ file }) => file === `greeter.${extension}`);
  if (!found) throw new Error(`There is no greeter.${extension}.`);
  return found;
}

interface Bill {
  readonly components: readonly {
    readonly purl: string;
    readonly "bom-ref": string;
    readonly hashes: unknown;
    readonly licenses: unknown;
  }[];
  readonly metadata: { readonly component: object };
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[];
}

test("names the packages of which code is in the bundle, with version, licence and digest, and no other", () => {
  const bundle = built("tar.gz");
  const bill = billOfMaterials(bundle, folder) as Bill;

  expect(bundle.format).toBe(BUNDLE);
  expect(bill).toMatchObject({
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: expect.stringMatching(/^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
    metadata: { component: { name: "greeter", hashes: [{ alg: "SHA-256", content: bundle.sha256 }] } },
  });
  const hashes = [{ alg: "SHA-512", content: SHA512.toString("hex") }];
  expect(bill.components).toMatchObject([
    { purl: "pkg:npm/used@1.2.3", hashes, licenses: [{ license: { id: "MIT" } }] },
    { purl: "pkg:npm/deep@1.2.3", hashes, licenses: [{ expression: "(MIT OR Apache-2.0)" }] },
  ]);
  expect(bill.dependencies[0]?.dependsOn).toEqual(bill.components.map((component) => component["bom-ref"]));
});

test("names for a function what Google's build installs beside it too", () => {
  const bundle = built("zip");
  const { components } = billOfMaterials(bundle, folder) as Bill;
  expect(bundle.format).toBe(FUNCTION_SOURCE);
  expect(components.map(({ purl }) => purl)).toEqual([
    "pkg:npm/%40google-cloud/functions-framework@1.2.3",
    "pkg:npm/used@1.2.3",
    "pkg:npm/deep@1.2.3",
  ]);
});

test("lists each workload in each format, and tells by name what is another than was expected", () => {
  const bundles = listBundles(folder);
  expect(bundles.map(({ file }) => file)).toEqual(["greeter.tar.gz", "greeter.zip"]);
  expect(differencesOf(bundles, listBundles(folder))).toEqual([]);

  const [tar, zip] = bundles;
  if (!tar || !zip) throw new Error("Two were built.");
  expect(differencesOf([{ ...tar, sha256: "a" }], bundles)).toEqual([
    `greeter.tar.gz must be a; it is ${tar.sha256}.`,
    `greeter.zip must be none; it is ${zip.sha256}.`,
  ]);
  expect(differencesOf(bundles, [tar])).toEqual([`greeter.zip must be ${zip.sha256}; it is none.`]);
});
