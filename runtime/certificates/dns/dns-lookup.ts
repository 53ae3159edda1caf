import type { CaaData, Answer as DnsRecord, RecordType } from "dns-packet";
import { traced } from "../../workload/span.ts";
import { openDnsClient, type Trouble } from "./dns-client.ts";

export type Answer<Record> =
  | {
      readonly kind: "answer";
      readonly records: readonly Record[];
      /** The name that has the records, where the one asked for is an alias (CNAME) of it. */
      readonly alias?: string;
    }
  | Trouble;

export type Addresses =
  | {
      readonly kind: "answer";
      readonly records: readonly string[];
      /** Which of the two questions failed, and how, where only the other one was answered. */
      readonly failed?: string;
    }
  | Trouble;

export interface CaaProperty {
  readonly flags: number;
  readonly tag: string;
  readonly value: string;
}

/** Questions to the DNS. Each ends by itself within seconds. @throws {Error} when our own resolvers cannot be reached. */
export interface DnsLookup {
  /** A and AAAA together, through aliases. As for a CA, one of them may fail where the other finds an address. */
  addresses(name: string): Promise<Addresses>;
  /** The CAA records of the name or of what it is an alias of; not its parents'. */
  caa(name: string): Promise<Answer<CaaProperty>>;
  txt(name: string): Promise<Answer<string>>;
  /** What the name is an alias of: itself, not at the end of a chain. */
  cname(name: string): Promise<Answer<string>>;
}

/** Asks `servers` (`address:port`), or the system's resolvers if there are none. */
export function openDnsLookup(servers: readonly string[]): DnsLookup {
  const client = openDnsClient(servers);

  async function look<Value>(
    name: string,
    type: RecordType,
    read: (record: DnsRecord) => Value | undefined,
  ): Promise<Answer<Value>> {
    const reply = await traced(`DNS ${type} of ${name}`, () => client.ask(name, type));
    if (reply.kind === "trouble") return reply;
    const holder = type === "CNAME" ? name : endOfAliases(name, reply.records);
    const records = reply.records
      .filter((record) => record.type === type && record.name.toLowerCase() === holder)
      .flatMap((record) => read(record) ?? []);
    return { kind: "answer", records, ...(holder !== name && { alias: holder }) };
  }

  return {
    async addresses(name) {
      const [v4, v6] = await Promise.all([
        look(name, "A", (record) => (record.type === "A" ? record.data : undefined)),
        look(name, "AAAA", (record) => (record.type === "AAAA" ? record.data : undefined)),
      ]);
      const failures = [
        ...(v4.kind === "trouble" ? [`A: ${v4.what}`] : []),
        ...(v6.kind === "trouble" ? [`AAAA: ${v6.what}`] : []),
      ];
      const records = [v4, v6].flatMap((answer) => (answer.kind === "answer" ? answer.records : []));
      const failed = failures.join(", ");
      if (failed !== "" && records.length === 0) return { kind: "trouble", what: failed };
      return { kind: "answer", records, ...(failed !== "" && { failed }) };
    },
    caa: (name) =>
      look(name, "CAA", (record) => (record.type === "CAA" ? propertyOf(record.data) : undefined)),
    txt: (name) => look(name, "TXT", (record) => (record.type === "TXT" ? textOf(record.data) : undefined)),
    cname: (name) =>
      look(name, "CNAME", (record) => (record.type === "CNAME" ? record.data.toLowerCase() : undefined)),
  };
}

/** A resolver answers with the aliases that it followed. */
function endOfAliases(name: string, records: readonly DnsRecord[]): string {
  let holder = name;
  // As often as there are records, so that aliases in a circle end.
  for (const _ of records) {
    const alias = records.find((record) => record.type === "CNAME" && record.name.toLowerCase() === holder);
    if (alias?.type !== "CNAME") break;
    holder = alias.data.toLowerCase();
  }
  return holder;
}

function propertyOf({ flags = 0, tag, value }: CaaData): CaaProperty {
  return { flags, tag, value };
}

/** A text of more than 255 bytes comes in parts. */
function textOf(data: string | Buffer | readonly (string | Buffer)[]): string {
  return [data].flat().map(String).join("");
}
