import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { Provider } from "../provider/provider.ts";
import { FASTLY_KINDS } from "./fastly/kinds.ts";
import { FASTLY } from "./fastly/package.ts";
import { GCP, GCP_KINDS } from "./google/package.ts";

const PAGE = join(import.meta.dirname, "../../docs/recorded-kinds.md");

test("docs/recorded-kinds.md lists every kind that is only recorded, and no other", () => {
  const recorded = [
    ...Provider.offline(FASTLY, false).recordedKinds(),
    ...Provider.offline(GCP, false).recordedKinds(),
  ];
  const reasons = new Map([...GCP_KINDS, ...FASTLY_KINDS].map((kind) => [kind.token, kind.recorded]));
  const rows = readFileSync(PAGE, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.split("|").map((cell) => cell.trim()));
  expect(rows).toEqual(recorded.sort().map((token) => ["", `\`${token}\``, reasons.get(token), ""]));
});
