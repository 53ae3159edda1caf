import type { LookupFunction, Socket as NetSocket } from "node:net";
import { binding, type Native, replace } from "./bindings.ts";
import { judge, LOOPBACK, OUTSIDE, refuse } from "./destinations.ts";

const { isIP, Socket } = process.getBuiltinModule("node:net");

/** libuv's code for a name without an address of that family. */
const NO_NAME = -3008;
const IPV6 = 6;

interface Lookup {
  oncomplete(error: number | null, addresses?: readonly string[]): void;
  /** Of the callback API and the promise API: one of them is there. */
  callback?(error: Error): void;
  reject?(error: Error): void;
}

interface ConnectOptions {
  readonly host?: string;
  readonly port?: number | string;
  readonly path?: string;
  readonly lookup?: LookupFunction;
}

/**
 * The system's resolver would ask servers of the real world for whatever name it is given, so
 * nothing gets to it: `localhost` and the names below it are this machine (RFC 6761), no other
 * name has an address. A `Resolver` may ask the cloud's own DNS server.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6761#section-6.3
 */
export function guardNames(): void {
  const cares = binding("cares_wrap");
  replace(cares, "getaddrinfo", () => (...args) => {
    const [request, name, family] = args as [Lookup, string, number];
    if (isLocal(name)) {
      setImmediate(() =>
        family === IPV6 ? request.oncomplete(NO_NAME) : request.oncomplete(null, [LOOPBACK]),
      );
    } else settle(request, refuse(`the name ${name}`, OUTSIDE));
    return 0;
  });
  replace(cares, "getnameinfo", () => (...args) => {
    const [request, address] = args as [Lookup, string];
    settle(request, refuse(`the name of ${address}`, OUTSIDE));
    return 0;
  });
  const { prototype: channel } = cares.ChannelWrap;
  for (const name of Object.keys(channel).filter((key) => /^query|^getHostByAddr$/.test(key))) {
    replace(
      channel,
      name,
      (query): Native =>
        function (...args) {
          const servers = channel.getServers?.call(this) as readonly (readonly [string, number])[];
          const refused = servers.map(([address, port]) => judge(address, port)).find(Boolean);
          if (!refused) return query.call(this, ...args);
          settle(args[0] as Lookup, refused);
          return 0;
        },
    );
  }
  nameDestinations();
}

/** A refused name is reported with the port, which only the one who connects knows. */
function nameDestinations(): void {
  const connect = Socket.prototype.connect as (this: NetSocket, ...args: readonly unknown[]) => NetSocket;
  const named: typeof connect = function (...args) {
    const [first, second] = args;
    // As `net.connect` passes them on: normalized, in an array of its own.
    const normalized = Array.isArray(first) ? (first as unknown[]) : undefined;
    const options = (normalized?.[0] ?? (typeof first === "object" ? first : undefined)) as
      | ConnectOptions
      | undefined;
    const { host, port, path, lookup } = options ?? {
      host: typeof second === "string" ? second : undefined,
      port: first as number | string,
    };
    if (!host || path || lookup || isIP(host) || isLocal(host)) {
      return connect.call(this, ...args);
    }
    const refusing: LookupFunction = (name, _, callback) =>
      setImmediate(callback, refuse(`${name}:${port}`, OUTSIDE), "");
    const refused = { ...options, host, port, lookup: refusing };
    if (normalized) {
      normalized[0] = refused;
      return connect.call(this, ...args);
    }
    return connect.call(
      this,
      refused,
      args.findLast((value) => typeof value === "function"),
    );
  };
  Object.assign(Socket.prototype, { connect: named });
}

function isLocal(name: string): boolean {
  return /(^|\.)localhost\.?$/i.test(name);
}

/** Later, as an answer would come. */
function settle(request: Lookup, error: Error): void {
  setImmediate(() => (request.callback ? request.callback(error) : request.reject?.(error)));
}
