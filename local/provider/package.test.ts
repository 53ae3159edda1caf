import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { UNKNOWN } from "../../review/rules/values.ts";
import { ResourceStore } from "../kernel/resource-store.ts";
import type { KindEntry } from "./kind.ts";
import { readKindData } from "./kind-data.ts";
import type { Package } from "./package.ts";
import { Provider } from "./provider.ts";

const SHELF = "library:index/shelf:Shelf";
const BOOK = "library:index/book:Book";
const ERRORS = "https://library.test/errors";

interface Parts {
  readonly kernel: { readonly resources: ResourceStore };
  readonly printer: { print(title: string): string };
}

const shelf: KindEntry = { token: SHELF, id: ({ name }) => String(name) };
const book: KindEntry<Parts> = {
  token: BOOK,
  references: { shelf: [SHELF] },
  id: ({ title }) => String(title),
  outputs: ({ inputs }, { printer }) => ({ isbn: printer.print(String(inputs.title)) }),
};

let folder: string;
let resources: ResourceStore;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "package-"));
  const facts = { required: [], replaceOnChange: [], computed: [] };
  write("facts.json", { [SHELF]: facts, [BOOK]: { ...facts, required: ["title"], computed: ["isbn"] } });
  write("shapes.generated.json", {
    sdk: "@pulumi/library 1.0",
    resources: {
      [SHELF]: { inputs: { required: [], fields: { name: "string" } }, outputs: ["name"] },
      [BOOK]: {
        inputs: { required: ["title"], fields: { title: "string", shelf: "string" } },
        outputs: ["isbn", "shelf", "title"],
      },
    },
    objects: {},
  });
  resources = new ResourceStore(new DatabaseSync(":memory:"));
});

afterEach(() => rmSync(folder, { recursive: true }));

function write(file: string, content: object): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, file), JSON.stringify(content));
}

function library(): Package<Parts> {
  const dataOf = readKindData(folder);
  return {
    name: "library",
    kinds: [
      { ...shelf, ...dataOf(SHELF), errors: ERRORS },
      { ...book, ...dataOf(BOOK), errors: ERRORS },
    ],
    settings: { read: ["city"], access: /^token$/ },
    functions: { "library:index/open:open": ({ config }) => ({ result: { city: config.city ?? UNKNOWN } }) },
  };
}

function urn(token: string, name: string): string {
  return `urn:pulumi:test::project::${token}::${name}`;
}

test("a package of its own words is served: kinds act on their parts, and functions answer", async () => {
  const printer = { print: (title: string) => `isbn of ${title}` };
  const provider = Provider.on({ kernel: { resources }, printer }, library());
  provider.configure({ city: "Oslo" });
  expect(provider.invoke("library:index/open:open", {})).toEqual({ result: { city: "Oslo" } });

  const made = { preview: false, timeoutSeconds: 0 };
  const novel = { ...made, urn: urn(BOOK, "novel"), properties: { title: "Hunger", shelf: "n" } };
  await expect(provider.create(novel)).rejects.toThrow(
    `Error 404: ${BOOK} "Hunger": shelf must name a ${SHELF} that exists; got "n" (${ERRORS}).`,
  );
  await provider.create({ ...made, urn: urn(SHELF, "n"), properties: { name: "n" } });
  expect(await provider.create(novel)).toEqual({
    id: "Hunger",
    properties: { title: "Hunger", shelf: "n", isbn: "isbn of Hunger" },
  });
});

test("offline, nothing is acted on, and what only the making tells is not known", async () => {
  const provider = Provider.offline(library(), false);
  const request = { urn: urn(BOOK, "novel"), properties: { title: "Hunger" }, timeoutSeconds: 0 };
  expect(await provider.create({ ...request, preview: true })).toEqual({
    id: "",
    properties: { title: "Hunger", isbn: UNKNOWN },
  });
  await expect(provider.create({ ...request, preview: false })).rejects.toThrow(
    "An offline preview has no effects",
  );
});

test("a plan's reference must lead to what the plan holds, unless the package knows of elsewhere", () => {
  const planned = {
    urn: urn(BOOK, "novel"),
    id: "",
    inputs: { title: "Hunger", shelf: "n" },
    outputs: {},
    dependencies: {},
    standing: "wanted",
  } as const;
  expect(Provider.offline(library(), false).judge([planned])).toEqual([
    { urn: planned.urn, reason: `shelf must name a ${SHELF} that exists; got "n" (${ERRORS}).` },
  ]);
  const lending = { ...library(), isElsewhere: ({ name }: { readonly name: string }) => name === "n" };
  expect(Provider.offline(lending, false).judge([planned])).toEqual([]);
});

test.each([
  ["facts.json", {}],
  ["shapes.generated.json", { sdk: "", resources: {}, objects: {} }],
])("a kind that %s lacks is named, with the file", (file, content) => {
  write(file, content);
  expect(library).toThrow(`${join(folder, file)} lacks the kind ${SHELF}`);
});
