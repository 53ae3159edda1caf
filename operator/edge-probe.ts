import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { exchange } from "./exchange.ts";
import type { Door } from "./target.ts";

const DEADLINE_MS = 10_000;

/** What the edge shows whoever opens `https://DOMAIN/`, seen after its chain was verified. */
export interface Sight {
  readonly status: number;
  readonly page: string;
  readonly issuer: string;
  /** Hexadecimal, lower case, as backups have it. */
  readonly serialNumber: string;
  /** RFC 3339. */
  readonly notAfter: string;
}

/**
 * Fetches a page by SNI through edge and load balancer, as a browser would whose
 * DNS leads there and whose trust store is the CA file.
 *
 * @throws when the handshake fails: no certificate for the name, or a chain that no root signed.
 */
export async function probeEdge(door: Door, domain: string): Promise<Sight> {
  const { status, text, certificate } = await openPage(door, domain);
  return {
    status,
    page: text,
    issuer: String(certificate.issuer.CN),
    serialNumber: certificate.serialNumber.toLowerCase(),
    notAfter: new Date(certificate.valid_to).toISOString(),
  };
}

/** The certificate that the edge shows for a name, once its chain was verified. @throws as `probeEdge` does */
export async function leafAtEdge(door: Door, domain: string): Promise<X509Certificate> {
  return new X509Certificate((await openPage(door, domain)).certificate.raw);
}

async function openPage({ address, port, caFile }: Door, domain: string) {
  const { certificate, ...answer } = await exchange({
    host: address ?? domain,
    port,
    servername: domain,
    secure: true,
    ...(caFile !== undefined && { ca: readFileSync(caFile) }),
    headers: { host: domain },
    path: "/",
    deadlineMs: DEADLINE_MS,
  });
  if (!certificate) throw new Error(`The edge showed no certificate for ${domain}.`);
  return { ...answer, certificate };
}
