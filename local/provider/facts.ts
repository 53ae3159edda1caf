import { readFileSync } from "node:fs";

/** What the schema of the real provider says of one kind. Paths: `a.b` is nested, `a[].b` is in a list. */
export interface Facts {
  readonly required: readonly string[];
  /** A change under any of these makes a new resource. */
  readonly replaceOnChange: readonly string[];
  /** Outputs that nobody can set. */
  readonly computed: readonly string[];
  readonly secret?: readonly string[];
  readonly defaults?: Readonly<Record<string, string>>;
}

/** By type token; from the schemas of the real providers, gcp 9.35 and fastly 11.1. */
export const FACTS = JSON.parse(
  readFileSync(new URL("./data/kinds.json", import.meta.url), "utf8"),
) as Readonly<Record<string, Facts>>;
