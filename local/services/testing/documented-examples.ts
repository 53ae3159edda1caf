import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as fastly from "@pulumi/fastly";
import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import { unknown } from "@pulumi/pulumi/output.js";
import { transform } from "esbuild";
import { REPOSITORY } from "../../kernel/place.ts";
import { GCP_FUNCTIONS } from "../google/functions.ts";
import { judgeProgram } from "./judging-monitor.ts";

const PACKAGES: Readonly<Record<string, unknown>> = {
  "@pulumi/fastly": fastly,
  "@pulumi/gcp": withoutStrangers(gcp),
  "@pulumi/pulumi": pulumi,
};
const BLOCK = /```typescript\n(.*?)```/gs;
const IMPORT = /^import \* as (\w+) from "([^"]+)";$/gm;

export interface DocumentedExample {
  /** `compute.URLMap 3`: the kind and the example's place among those of the kind. */
  readonly name: string;
  readonly source: string;
}

/** The programs by which the installed SDK shows how a kind is used. */
export function examplesOf(token: string): readonly DocumentedExample[] {
  const [packageName = "", path = ""] = token.split(":");
  const [module = "", file = ""] = path.split("/");
  const folder = join(REPOSITORY, "node_modules/@pulumi", packageName, module === "index" ? "" : module);
  // The token begins a class's name with a small letter wherever that stands, `uRLMap`; the file doesn't.
  const found = readdirSync(folder).find((name) => name.toLowerCase() === `${file.toLowerCase()}.d.ts`);
  if (found === undefined) throw new Error(`${token} has no declarations in ${folder}.`);
  const text = readFileSync(join(folder, found), "utf8").replaceAll(/^ *\* ?/gm, "");
  return [...text.matchAll(BLOCK)].map(([, source = ""], index) => ({
    name: `${token.slice(token.lastIndexOf(":") + 1)} ${index + 1}`,
    // A comment can't hold its own end.
    source: source.replaceAll("*&#47;", "*/"),
  }));
}

interface Mend {
  readonly wrong: RegExp;
  readonly right: string;
  readonly why: string;
}

/** Of examples that are wrong themselves, what makes each right. */
export const MENDS: readonly Mend[] = [
  { wrong: /\bnodejs20\b/g, right: "nodejs22", why: "the runtime is gone since 2026-10-30" },
  { wrong: /(?<=\bname: )"%s"/g, right: '"policy"', why: "nobody has put the name in" },
  { wrong: /\\\\(?=[\\"])/g, right: "\\", why: "the quotes are escaped twice" },
  { wrong: /"your-subscription-name"/g, right: "your_subscription.name", why: "nothing makes it" },
  { wrong: /\boutput\(Promise/g, right: "pulumi.output(Promise", why: "it imports no output" },
  {
    wrong: /=> \{\n(\s*\[namespacedName\]: shortName,)\n\s*\}/g,
    right: "=> ({$1})",
    why: "an arrow to an object needs parentheses",
  },
  {
    wrong: /(?<!interpolate)`backend\.\$\{prod\.dnsName\}`/g,
    right: "pulumi.interpolate`backend.$${prod.dnsName}`",
    why: "an output does not go into a text",
  },
];

/**
 * What is wrong with an example by our rules, though every service is on. What it takes from elsewhere is not known: other
 * packages, and names that another example declares.
 */
export async function judgeExample(source: string): Promise<readonly string[]> {
  const scope = new Map<string, unknown>();
  const mended = MENDS.reduce((text, { wrong, right }) => text.replaceAll(wrong, right), source);
  const script = mended.replaceAll(IMPORT, (_, name: string, from: string) => {
    scope.set(name, PACKAGES[from] ?? elsewhere());
    return "";
  });
  const { code } = await transform(script.replaceAll(/^export /gm, ""), { loader: "ts" });
  for (;;) {
    const run = new Function(...scope.keys(), code);
    try {
      return await judgeProgram(() => run(...scope.values()), { servicesOn: true });
    } catch (error) {
      const [, free] = /^(\w+) is not defined$/.exec(error instanceof Error ? error.message : "") ?? [];
      if (free === undefined || scope.has(free)) throw error;
      scope.set(free, pulumi.output(unknown));
    }
  }
}

/** The package, with functions that nobody wrote here as what a package has that is not installed. */
function withoutStrangers(modules: object): object {
  const functions = Object.keys(GCP_FUNCTIONS).map((token) => token.slice(token.lastIndexOf(":") + 1));
  const isStranger = (name: string) =>
    /^get[A-Z]/.test(name) && !functions.includes(name.replace(/Output$/, ""));
  const withIn = (module: object): object =>
    new Proxy(module, {
      get: (_, name) => (isStranger(String(name)) ? elsewhere(String(name)) : Reflect.get(module, name)),
    });
  return new Proxy({}, { get: (_, name) => withIn(Reflect.get(modules, name) as object) });
}

/** What a package has that is not installed: whatever is called or made there gives what is not known. */
function elsewhere(name = ""): unknown {
  const nothing = () => pulumi.output(unknown);
  const answer = new Proxy({}, { get: (_, field) => (field === "then" ? undefined : nothing()) });
  return new Proxy(function stranger() {}, {
    get: (_, key) => elsewhere(String(key)),
    apply: () => (name.endsWith("Output") ? nothing() : Promise.resolve(answer)),
    construct: nothing,
  });
}
