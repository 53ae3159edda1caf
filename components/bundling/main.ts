import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { billOfMaterials } from "./bill-of-materials.ts";
import { differencesOf, type ListedBundle, listBundles, REPOSITORY_ROOT } from "./list-bundles.ts";

const LIST = "bundles.json";
const EXIT_DIFFERENT = 1;
const EXIT_USAGE = 2;
const HELP = `npm run bundles -- [--out DIR] [--expect FILE] [--json]

Builds every workload in every format that it can be deployed in, and lists them with SHA-256 and size.

  --out DIR      write them there, with ${LIST}, SHA256SUMS and a bill of materials of each (CycloneDX 1.6)
  --expect FILE  exit with ${EXIT_DIFFERENT} unless they are, byte for byte, those of that ${LIST}
  --json         print the list as JSON`;

const given = options();
if (given === undefined) process.exitCode = EXIT_USAGE;
else if (given.help) process.stdout.write(`${HELP}\n`);
else run(given);

interface Options {
  readonly out?: string;
  readonly expect?: string;
  readonly json?: boolean;
  readonly help?: boolean;
}

function options(): Options | undefined {
  try {
    return parseArgs({
      options: {
        out: { type: "string" },
        expect: { type: "string" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n(--help shows what there is)\n`);
    return undefined;
  }
}

function run({ out, expect, json }: Options): void {
  const built = listBundles();
  const bundles = built.map(
    ({ workload, file, sha256, bytes }): ListedBundle => ({ workload, file, sha256, bytes }),
  );
  const list = `${JSON.stringify({ bundles }, null, 2)}\n`;
  if (out !== undefined) {
    const at = (file: string) => join(resolve(out), file);
    mkdirSync(resolve(out), { recursive: true });
    for (const bundle of built) {
      copyFileSync(bundle.path, at(bundle.file));
      const bill = billOfMaterials(bundle, REPOSITORY_ROOT);
      writeFileSync(at(`${bundle.file}.cdx.json`), `${JSON.stringify(bill, null, 2)}\n`);
    }
    writeFileSync(at("SHA256SUMS"), bundles.map(({ sha256, file }) => `${sha256}  ${file}\n`).join(""));
    writeFileSync(at(LIST), list);
  }
  const lines = bundles.map(
    ({ file, sha256, bytes }) => `${sha256}  ${String(bytes).padStart(9)}  ${file}\n`,
  );
  process.stdout.write(json ? list : lines.join(""));
  if (expect === undefined) return;
  const expected = (JSON.parse(readFileSync(expect, "utf8")) as { bundles: readonly ListedBundle[] }).bundles;
  for (const sentence of differencesOf(expected, bundles)) {
    process.stderr.write(`${sentence}\n`);
    process.exitCode = EXIT_DIFFERENT;
  }
}
