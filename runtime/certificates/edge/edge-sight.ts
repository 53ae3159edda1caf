import { X509Certificate } from "node:crypto";
import { request } from "node:https";
import { connect, type TLSSocket } from "node:tls";
import { traced, traceHeaders } from "../../workload/span.ts";
import { messageOf } from "../../workload/thrown.ts";

const REQUEST_MS = 8_000;

export type Sight =
  | {
      readonly kind: "seen";
      /** The leaf that the edge shows for the name. */
      readonly certificate: X509Certificate;
      /** HTTP's, of the site's `/`. */
      readonly status: number;
    }
  /** The edge shows no certificate for the name, or nothing answers there. */
  | { readonly kind: "nothing"; readonly because: string };

export interface EdgeSight {
  /** What a visitor of `https://DOMAIN/` gets from the edge. Never throws, but for the signal's reason. */
  look(domain: string, signal: AbortSignal): Promise<Sight>;
  /** The leaf that the edge shows for the name, if it shows one, by a handshake alone. Never throws, but for the signal's reason. */
  certificate(domain: string, signal: AbortSignal): Promise<X509Certificate | undefined>;
}

export interface EdgeSightOptions {
  /** IP addresses of the edge, tried in turn. */
  readonly addresses: readonly string[];
  readonly port: number;
}

/**
 * Looks at the edge by SNI. It connects to the edge's addresses alone, whatever the DNS says, and follows
 * no redirect, so no answer can steer it elsewhere. The chain is not verified: what is asked is which
 * certificate is shown, and the answer may be the wrong one.
 */
export function openEdgeSight({ addresses, port }: EdgeSightOptions): EdgeSight {
  return {
    async look(domain, signal) {
      let last: Sight = { kind: "nothing", because: "the edge has no address" };
      for (const address of addresses) {
        signal.throwIfAborted();
        last = await lookAt(address, port, domain, signal).catch((error: unknown): Sight => {
          signal.throwIfAborted();
          return { kind: "nothing", because: messageOf(error) };
        });
        if (last.kind === "seen") return last;
      }
      return last;
    },

    async certificate(domain, signal) {
      for (const address of addresses) {
        signal.throwIfAborted();
        const leaf = await handshake(address, port, domain, signal).catch(() => undefined);
        if (leaf) return leaf;
      }
      signal.throwIfAborted();
      return undefined;
    },
  };
}

function handshake(
  address: string,
  port: number,
  domain: string,
  signal: AbortSignal,
): Promise<X509Certificate | undefined> {
  return traced(`edge handshake for ${domain} at ${address}`, () => {
    return new Promise<X509Certificate | undefined>((resolve, reject) => {
      const socket = connect({ host: address, port, servername: domain, rejectUnauthorized: false });
      const ends = AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS)]);
      const stop = () => socket.destroy(new Error(`The edge at ${address} did not answer.`));
      ends.addEventListener("abort", stop, { once: true });
      socket.once("close", () => ends.removeEventListener("abort", stop));
      socket.once("error", reject);
      socket.once("secureConnect", () => {
        const { raw } = socket.getPeerCertificate();
        socket.destroy();
        resolve(raw && new X509Certificate(raw));
      });
    });
  });
}

function lookAt(address: string, port: number, domain: string, signal: AbortSignal): Promise<Sight> {
  return traced(`edge GET https://${domain}/ at ${address}`, () => {
    return new Promise<Sight>((resolve, reject) => {
      const outgoing = request(
        {
          host: address,
          port,
          servername: domain,
          path: "/",
          agent: false,
          rejectUnauthorized: false,
          headers: { host: domain, "user-agent": "certificate-checker", ...traceHeaders() },
          signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS)]),
        },
        (incoming) => {
          const { raw } = (incoming.socket as TLSSocket).getPeerCertificate();
          const status = incoming.statusCode ?? 0;
          // Its body is of no use here.
          incoming.destroy();
          if (raw) resolve({ kind: "seen", certificate: new X509Certificate(raw), status });
          else resolve({ kind: "nothing", because: "the edge shows no certificate" });
        },
      );
      outgoing.on("error", reject);
      outgoing.end();
    });
  });
}
