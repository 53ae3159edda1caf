import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { ACME } from "./acme.ts";
import { FASTLY } from "./fastly.ts";
import { KMS, LOGGING, PUBSUB, SECRET_MANAGER, STORAGE } from "./google.ts";
import {
  type OtherDoors,
  openBucket,
  openKey,
  openPubSub,
  openRest,
  type Place,
  type Tokens,
} from "./place.ts";
import { type Observed, observe } from "./suite.ts";

export interface Reality extends OtherDoors {
  readonly google?: { readonly project: string; readonly place: Place; readonly tokens: Tokens };
}

/** What reality and the local cloud have in common, and what not, on a day. */
export interface Ledger {
  /** RFC 3339. */
  readonly at: string;
  /** Services that were looked at. */
  readonly services: readonly string[];
  readonly same: number;
  readonly differences: readonly Observed[];
  readonly cases: readonly Observed[];
}

/** Every suite whose service there is. */
export async function compare({ google, fastly, acme }: Reality, now: Date): Promise<Ledger> {
  const cases: Observed[] = [];
  if (google) {
    const { project, place, tokens } = google;
    const rest = openRest(project, place, tokens);
    await using pubsub = openPubSub(project, place);
    cases.push(...(await observe(STORAGE, openBucket(project, place))));
    cases.push(...(await observe(PUBSUB, pubsub)));
    cases.push(...(await observe(KMS, openKey(place, tokens))));
    cases.push(...(await observe(SECRET_MANAGER, rest)));
    cases.push(...(await observe(LOGGING, rest)));
  }
  if (fastly) cases.push(...(await observe(FASTLY, fastly)));
  if (acme) cases.push(...(await observe(ACME, acme)));
  const differences = cases.filter(({ outcome }) => outcome !== "same");
  const services = [...new Set(cases.map(({ service }) => service))];
  return { at: now.toISOString(), services, same: cases.length - differences.length, differences, cases };
}

/** Whole or not at all. */
export function writeLedger(file: string, ledger: Ledger): void {
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.tmp`;
  writeFileSync(draft, `${JSON.stringify(ledger, undefined, 2)}\n`);
  renameSync(draft, file);
}
