import { getServers } from "node:dns";
import type { DecodedPacket, Answer as DnsRecord, RecordType } from "dns-packet";
import { DeadlineExceeded } from "../../workload/deadline.ts";
import { type DnsServer, exchange, SenselessReply } from "./dns-exchange.ts";

/** The first attempt's, and each later one's. */
const FIRST_MS = 2_000;
const LATER_MS = 4_000;
const MIN_ATTEMPTS = 2;
const MAX_ATTEMPTS = 3;
const DNS_PORT = 53;

/** `[address]:port`, `address:port` or an IPv4 address. What matches not is an IPv6 address. */
const SERVER = /^(?:\[(?<v6>[^\]]+)\]|(?<v4>[0-9.]+))(?::(?<port>[0-9]+))?$/;
const RCODE_BITS = 0xf;
const NXDOMAIN = 3;
const RCODES: Readonly<Record<number, string>> = { 1: "FORMERR", 2: "SERVFAIL", 4: "NOTIMP", 5: "REFUSED" };

export type DnsReply =
  /** No such name and no such records are answers, too: empty ones, or aliases that lead nowhere. */
  { readonly kind: "answer"; readonly records: readonly DnsRecord[] } | Trouble;

/** The name's own servers are at fault: its owner can act on it. */
export interface Trouble {
  readonly kind: "trouble";
  readonly what: string;
}

/** Questions to resolvers of ours. Each ends by itself within seconds. */
export interface DnsClient {
  /** @param name in lower case @throws {Error} the system's, when none of our resolvers can be reached */
  ask(name: string, type: RecordType): Promise<DnsReply>;
}

/** Asks `servers` (`address:port`), or the system's resolvers if there are none, one after the other. */
export function openDnsClient(servers: readonly string[]): DnsClient {
  const resolvers = (servers.length > 0 ? servers : getServers()).map(parseServer);
  const attempts = Math.min(MAX_ATTEMPTS, Math.max(MIN_ATTEMPTS, resolvers.length));
  return {
    async ask(name, type) {
      let trouble: Trouble | undefined;
      let unreachable: unknown = new Error("There is no DNS server to ask.");
      for (let attempt = 0; attempt < attempts; attempt++) {
        const server = resolvers[attempt % resolvers.length];
        if (server === undefined) break;
        try {
          const reply = replyOf(await exchange(server, { name, type }, attempt === 0 ? FIRST_MS : LATER_MS));
          if (reply.kind === "answer") return reply;
          trouble = reply;
        } catch (error) {
          if (error instanceof DeadlineExceeded) trouble = { kind: "trouble", what: "no answer in time" };
          else if (error instanceof SenselessReply)
            trouble = { kind: "trouble", what: "an answer that makes no sense" };
          else unreachable = error;
        }
      }
      if (trouble === undefined) throw unreachable;
      return trouble;
    },
  };
}

function replyOf({ flags = 0, answers = [] }: DecodedPacket): DnsReply {
  const rcode = flags & RCODE_BITS;
  if (rcode === 0 || rcode === NXDOMAIN) return { kind: "answer", records: answers };
  return { kind: "trouble", what: RCODES[rcode] ?? `code ${rcode}` };
}

function parseServer(text: string): DnsServer {
  const { v6, v4, port } = SERVER.exec(text)?.groups ?? {};
  return { address: v6 ?? v4 ?? text, port: port === undefined ? DNS_PORT : Number(port) };
}
