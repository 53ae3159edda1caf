import type { DomainRecord } from "./lifecycle.ts";
import type { Registry } from "./registry.ts";
import type { Overtaken, Transition } from "./transitions.ts";

/** Each round loses to a writer who got further, so more than a few mean trouble elsewhere. */
const MAX_ROUNDS = 6;

/** The record kept changing under every attempt to change it. */
export class RecordContended extends Error {
  readonly code = "RECORD_CONTENDED";
  readonly domain: string;

  constructor(domain: string) {
    super(`The record of ${domain} changed during ${MAX_ROUNDS} attempts to write it.`);
    this.name = "RecordContended";
    this.domain = domain;
  }
}

export type Change =
  | {
      readonly kind: "changed";
      /** Absent where there was no record. */
      readonly before: DomainRecord | undefined;
      readonly record: DomainRecord;
    }
  | { readonly kind: "unchanged"; readonly record: DomainRecord }
  | Overtaken;

/**
 * The one way to write a domain's record: reads it, asks for its next state, and writes that if the
 * record is still the one that was read; else again from what is there by then. Storage itself waits
 * out its one write a second.
 *
 * @param transition asked once a round, and may throw to refuse
 * @param create makes a record where there is none; without it, nothing is to be changed there
 * @throws {RecordContended}
 */
export async function change(
  registry: Registry,
  domain: string,
  transition: (record: DomainRecord) => Transition | Promise<Transition>,
  create?: () => Promise<DomainRecord>,
): Promise<Change> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const found = await registry.find(domain);
    if (!found) {
      if (!create) return { kind: "overtaken", reason: `${domain} is not registered.` };
      const record = await create();
      if ((await registry.create(record)) === "created")
        return { kind: "changed", before: undefined, record };
      continue;
    }
    const wanted = await transition(found.record);
    if (wanted.kind === "overtaken") return wanted;
    if (wanted.kind === "unchanged") return { kind: "unchanged", record: found.record };
    if ((await registry.update(wanted.record, found.generation)) === "updated") {
      return { kind: "changed", before: found.record, record: wanted.record };
    }
  }
  throw new RecordContended(domain);
}
