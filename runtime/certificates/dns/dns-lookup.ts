import type { CaaRecord } from "node:dns";
import { Resolver } from "node:dns/promises";
import { traced } from "../../workload/span.ts";
import { codeOf } from "../../workload/thrown.ts";

/** For one question with its repetition: 2 s, then 4 s. */
const TIMEOUT_MS = 2_000;
const TRIES = 2;

/** No such name or no such records; both are answers. */
const NOTHING = new Set(["ENODATA", "ENOTFOUND"]);
const TROUBLE: Readonly<Record<string, string>> = {
  ESERVFAIL: "SERVFAIL",
  EREFUSED: "REFUSED",
  EFORMERR: "FORMERR",
  ENOTIMP: "NOTIMP",
  ETIMEOUT: "no answer in time",
  EBADRESP: "an answer that makes no sense",
};

export type Answer<Record> =
  | { readonly kind: "answer"; readonly records: readonly Record[] }
  /** The name's own servers are at fault: its owner can act on it. */
  | { readonly kind: "trouble"; readonly what: string };

/** Questions to the DNS. Aliases are followed; each question ends by itself within seconds. */
export interface DnsLookup {
  /** A and AAAA together. @throws {Error} when our own resolvers cannot be reached. */
  addresses(name: string): Promise<Answer<string>>;
  /** The name's own CAA records, not its parents'. */
  caa(name: string): Promise<Answer<CaaRecord>>;
}

/** Asks `servers` (`address:port`), or the system's resolvers if there are none. */
export function openDnsLookup(servers: readonly string[]): DnsLookup {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  if (servers.length > 0) resolver.setServers(servers);
  return {
    async addresses(name) {
      const [v4, v6] = await traced(`DNS A and AAAA of ${name}`, () =>
        Promise.all([ask(() => resolver.resolve4(name)), ask(() => resolver.resolve6(name))]),
      );
      if (v4.kind === "trouble") return v4;
      if (v6.kind === "trouble") return v6;
      return { kind: "answer", records: [...v4.records, ...v6.records] };
    },
    caa: (name) => traced(`DNS CAA of ${name}`, () => ask(() => resolver.resolveCaa(name))),
  };
}

async function ask<Record>(question: () => Promise<Record[]>): Promise<Answer<Record>> {
  try {
    return { kind: "answer", records: await question() };
  } catch (error) {
    const code = codeOf(error) ?? "";
    if (NOTHING.has(code)) return { kind: "answer", records: [] };
    const what = TROUBLE[code];
    if (what === undefined) throw error;
    return { kind: "trouble", what };
  }
}
