import { randomBytes } from "node:crypto";
import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { ObjectStore } from "../../google/object-store.ts";
import { traced, traceHeaders } from "../../workload/span.ts";
import { messageOf } from "../../workload/thrown.ts";

const MAX_BODY_BYTES = 1_024;
const REQUEST_MS = 5_000;
const PAUSE_MS = 250;
const MAX_PAUSE_MS = 4_000;

export type ProbeResult =
  | { readonly kind: "served" }
  /** Something answered, and it was not our challenge. */
  | { readonly kind: "wrong"; readonly saw: string }
  /** The edge itself did not answer: no fault of the domain's. */
  | { readonly kind: "unreachable"; readonly because: string };

export interface EdgeProbe {
  /** Whether a challenge for `domain` reaches us through the edge at `addresses`, tried in turn. */
  run(domain: string, addresses: readonly string[], signal: AbortSignal): Promise<ProbeResult>;
}

export interface EdgeProbeOptions {
  readonly challenges: ObjectStore;
  readonly port: number;
  /** For all attempts: a link takes a while to reach every edge. @default 30,000 */
  readonly deadlineMs?: number;
}

/**
 * Fetches a challenge of our own the way that a CA will, so that no CA call is spent on a domain
 * that would fail it. It connects to the given addresses alone, whatever the DNS says, and follows
 * no redirect: no answer can steer it elsewhere.
 */
export function openEdgeProbe({ challenges, port, deadlineMs = 30_000 }: EdgeProbeOptions): EdgeProbe {
  return {
    async run(domain, addresses, signal) {
      const token = randomBytes(32).toString("base64url");
      const expected = `${token}.${randomBytes(32).toString("base64url")}`;
      const path = `/.well-known/acme-challenge/${token}`;
      const object = `${domain}${path}`;
      await challenges.create(object, expected, { contentType: "text/plain" });
      try {
        const ends = performance.now() + deadlineMs;
        for (let attempt = 0; ; attempt++) {
          const address = addresses[attempt % addresses.length] ?? "";
          const result = await fetchOnce({ address, port, domain, path, expected, signal });
          const pause = Math.random() * Math.min(MAX_PAUSE_MS, PAUSE_MS * 2 ** attempt);
          if (result.kind === "served" || performance.now() + pause >= ends) return result;
          await sleep(pause, undefined, { signal });
        }
      } finally {
        // What a failure leaves behind is worthless, and the bucket's lifecycle rule takes it away.
        await challenges.remove(object).catch(() => undefined);
      }
    },
  };
}

interface Fetch {
  readonly address: string;
  readonly port: number;
  readonly domain: string;
  readonly path: string;
  readonly expected: string;
  readonly signal: AbortSignal;
}

async function fetchOnce({ expected, ...target }: Fetch): Promise<ProbeResult> {
  try {
    const { status, body } = await traced(`edge GET ${target.domain} at ${target.address}`, () =>
      get(target),
    );
    if (status === 200 && body === expected) return { kind: "served" };
    return { kind: "wrong", saw: status === 200 ? "another body" : `status ${status}` };
  } catch (error) {
    return { kind: "unreachable", because: messageOf(error) };
  }
}

function get(target: Omit<Fetch, "expected">): Promise<{ status: number; body: string }> {
  const { address, port, domain, path, signal } = target;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: address,
        port,
        path,
        agent: false,
        headers: { host: domain, "user-agent": "domain-validator", ...traceHeaders() },
        signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS)]),
      },
      async (incoming) => {
        try {
          let body = "";
          for await (const chunk of incoming.setEncoding("utf8")) {
            body += chunk;
            // Longer than any challenge: what follows cannot make it right.
            if (body.length > MAX_BODY_BYTES) break;
          }
          resolve({ status: incoming.statusCode ?? 0, body });
        } catch (error) {
          reject(error);
        }
      },
    );
    outgoing.on("error", reject);
    outgoing.end();
  });
}
