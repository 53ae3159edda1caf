import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "@jest/globals";
import { REPOSITORY } from "../local/kernel/place.ts";
import { holdingOf } from "../local/pulumi/offline-providers.ts";
import { PROBLEMS } from "../runtime/certificates/alerts/alerts.ts";

const STACKS = ["dev", "local", "prod"];
const POLICY = "gcp:monitoring/alertPolicy:AlertPolicy";
const PAGES = ["README.md", ...below("docs")];

/** A stack's graph as it is kept for review. */
interface Golden {
  readonly resources: Readonly<
    Record<string, { readonly protect?: boolean; readonly inputs: Readonly<Record<string, unknown>> }>
  >;
}

interface Row {
  /** A logical name, or several by a `*`. */
  readonly resource: string;
  readonly kind: string;
  readonly holds: string;
  readonly isProtected: string;
}

function below(folder: string): readonly string[] {
  return readdirSync(join(REPOSITORY, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name));
}

function textOf(page: string): string {
  return readFileSync(join(REPOSITORY, page), "utf8");
}

function resourcesOf(stack: string) {
  const { resources } = JSON.parse(textOf(`test/golden/${stack}.json`)) as Golden;
  return Object.entries(resources).map(([identity, resource]) => {
    const [types = "", name = ""] = identity.split("::");
    return { ...resource, name, kind: types.slice(types.lastIndexOf("$") + 1) };
  });
}

test.each(STACKS)("every alert of %s leads to a runbook that there is", (stack) => {
  const policies = resourcesOf(stack).filter(({ kind }) => kind === POLICY);
  expect(policies.length).toBeGreaterThan(0);
  const lost = policies.filter(({ inputs }) => {
    const { links } = inputs.documentation as { links?: readonly { url: string }[] };
    const [, runbook] = /\/docs\/runbooks\/([\w-]+\.md)$/.exec(links?.[0]?.url ?? "") ?? [];
    return runbook === undefined || !existsSync(join(REPOSITORY, "docs", "runbooks", runbook));
  });
  expect(lost.map(({ name }) => name)).toEqual([]);
});

test("every runbook is led to: by an alert, by a domain's problem, or from another page", () => {
  const policies = STACKS.flatMap(resourcesOf).filter(({ kind }) => kind === POLICY);
  const led = `${JSON.stringify(policies)} ${PROBLEMS.map((problem) => `/${problem}.md`).join(" ")}`;
  const lost = readdirSync(join(REPOSITORY, "docs", "runbooks")).filter((runbook) => {
    const pages = PAGES.filter((page) => page !== `docs/runbooks/${runbook}`);
    return !led.includes(`/${runbook}`) && !pages.some((page) => textOf(page).includes(`${runbook})`));
  });
  expect(lost).toEqual([]);
});

test("the table of what holds data, an address or trust has each resource that does, once, and no other", () => {
  const rows = tableOf("docs/in-the-cloud.md", "## What holds data, an address or trust");
  const held = STACKS.flatMap(resourcesOf).filter(({ kind }) => holdingOf(kind) !== undefined);
  for (const { name, kind } of held) {
    const found = rows.filter((row) => isOf(row, name, kind));
    expect({ name, kind, rows: found.length, holds: found[0]?.holds }).toEqual({
      name,
      kind,
      rows: 1,
      holds: holdingOf(kind),
    });
  }
  const unused = rows.filter((row) => !held.some(({ name, kind }) => isOf(row, name, kind)));
  expect(unused).toEqual([]);
});

test("that table says of each resource whether prod protects it", () => {
  const rows = tableOf("docs/in-the-cloud.md", "## What holds data, an address or trust");
  const wrong = resourcesOf("prod").filter(({ name, kind, protect = false }) =>
    rows.some((row) => isOf(row, name, kind) && row.isProtected !== (protect ? "yes" : "no")),
  );
  expect(wrong.map(({ name, kind }) => `${kind} ${name}`)).toEqual([]);
});

test.each(PAGES)("%s leads to files and sections that there are", (page) => {
  const links = [...textOf(page).matchAll(/\]\((?!https?:|mailto:)([^)\s#]*)(?:#([^)\s]+))?\)/g)];
  const dead = links.filter(([, path = "", section]) => {
    const file = path === "" ? page : join(dirname(page), path);
    if (!existsSync(join(REPOSITORY, file))) return true;
    return section !== undefined && !sectionsOf(file).includes(section);
  });
  expect(dead.map(([link]) => link)).toEqual([]);
});

test.each(PAGES)("%s names commands that there are", (page) => {
  const { scripts } = JSON.parse(textOf("package.json")) as { scripts: Record<string, string> };
  const named = [...textOf(page).matchAll(/npm run (?:--silent )?([a-z:]+)/g)].map(([, name = ""]) => name);
  expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
});

function tableOf(page: string, title: string): readonly Row[] {
  const section =
    textOf(page)
      .split(/^(?=## )/m)
      .find((text) => text.startsWith(`${title}\n`)) ?? "";
  const lines = section.split("\n").filter((line) => line.startsWith("| `"));
  return lines.map((line) => {
    const [, resource = "", kind = "", holds = "", isProtected = ""] = line
      .split("|")
      .map((cell) => cell.trim());
    const code = (cell: string) => cell.replaceAll("`", "");
    return { resource: code(resource), kind: code(kind), holds, isProtected };
  });
}

function isOf(row: Row, name: string, kind: string): boolean {
  if (row.kind !== kind) return false;
  const [start = "", end] = row.resource.split("*");
  return end === undefined ? name === start : name.startsWith(start) && name.endsWith(end);
}

/** As GitHub names them in links. */
function sectionsOf(page: string): readonly string[] {
  const titles = [...textOf(page).matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) => title);
  return titles.map((title) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s-]/gu, "")
      .replaceAll(" ", "-"),
  );
}
