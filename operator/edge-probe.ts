import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { exchange } from "./exchange.ts";
import type { Door } from "./target.ts";

const DEADLINE_MS = 10_000;

/** What the edge shows whoever opens `https://DOMAIN/`. */
export interface Sight {
  readonly status: number;
  readonly page: string;
  /** Not where a test CA signs: such a chain has no end that anybody trusts. */
  readonly isChainVerified: boolean;
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
 * @throws when the handshake fails: no certificate for the name, one whose time is over, or, but at a door with test
 * certificates, a chain that no root signed.
 */
export async function probeEdge(door: Door, domain: string): Promise<Sight> {
  const { hasTestCertificates = false } = door;
  const { status, text, certificate } = await openPage(door, domain, !hasTestCertificates);
  if (hasTestCertificates) requireNameAndTime(domain, certificate);
  return {
    status,
    page: text,
    isChainVerified: !hasTestCertificates,
    issuer: String(certificate.issuer.CN),
    serialNumber: certificate.serialNumber.toLowerCase(),
    notAfter: new Date(certificate.valid_to).toISOString(),
  };
}

/** The certificate that the edge shows for a name, once its chain was verified. @throws where it cannot be */
export async function leafAtEdge(door: Door, domain: string): Promise<X509Certificate> {
  return new X509Certificate((await openPage(door, domain, true)).certificate.raw);
}

/** What Node leaves to its user where it is not to verify the chain. */
function requireNameAndTime(domain: string, certificate: PeerCertificate): void {
  const mistake = checkServerIdentity(domain, certificate);
  if (mistake) throw mistake;
  const [from, until] = [Date.parse(certificate.valid_from), Date.parse(certificate.valid_to)];
  if (Date.now() < from || Date.now() > until) {
    throw new Error(
      `The certificate of ${domain} is good from ${certificate.valid_from} until ${certificate.valid_to}.`,
    );
  }
}

async function openPage({ address, port, caFile }: Door, domain: string, verifiesChain: boolean) {
  const { certificate, ...answer } = await exchange({
    host: address ?? domain,
    port,
    servername: domain,
    secure: true,
    rejectUnauthorized: verifiesChain,
    ...(caFile !== undefined && { ca: readFileSync(caFile) }),
    headers: { host: domain },
    path: "/",
    deadlineMs: DEADLINE_MS,
  });
  if (!certificate) throw new Error(`The edge showed no certificate for ${domain}.`);
  return { ...answer, certificate };
}
