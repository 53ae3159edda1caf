import { setTimeout as delay } from "node:timers/promises";
import type { CertificateResource } from "../../runtime/workloads/domain-api/resources.ts";
import type { ApiClient } from "../api-client.ts";
import { probeEdge, type Sight } from "../edge-probe.ts";
import { Failure } from "../terminal/failure.ts";

/** Findings come within a second or two of a quiet issuer, and are looked for gently while it is busy. */
const FIRST_LOOK_MS = 100;
const LAST_LOOK_MS = 2_000;
const NOT_FOUND = 404;

export type Certificate = CertificateResource;
export type Finding = NonNullable<CertificateResource["finding"]>;
export type Seen = Omit<Sight, "page" | "isChainVerified"> | { readonly error: string };

/** @returns undefined for a domain that is not registered, or has no certificate yet */
export async function certificateOf(api: ApiClient, domain: string): Promise<Certificate | undefined> {
  return (await api.find(pathOf(domain))) as Certificate | undefined;
}

/** What the API made of a wish: the request that a finding will name, or a refusal. */
export type Asked =
  | { readonly kind: "asked"; readonly domain: string; readonly request: string }
  | { readonly kind: "refused"; readonly status: number; readonly why: string };

/** Has the issuer restore or verify. */
export async function ask(api: ApiClient, domain: string, action: "restore" | "verify"): Promise<Asked> {
  const { status, body } = await api.send("POST", `${pathOf(domain)}:${action}`);
  const answer = (body ?? {}) as { readonly request?: string; readonly detail?: string };
  if (status < 400 && answer.request !== undefined) return { kind: "asked", domain, request: answer.request };
  return { kind: "refused", status, why: answer.detail ?? `The API answered ${status}.` };
}

/** Waits for what the issuer finds. @throws {Failure} with the refusal, or when nothing is found in time */
export async function finding(api: ApiClient, asked: Asked, seconds: number): Promise<Finding> {
  if (asked.kind === "refused") throw new Failure(asked.why);
  const { domain, request } = asked;
  const deadline = Date.now() + seconds * 1_000;
  for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(2 * pauseMs, LAST_LOOK_MS)) {
    const found = (await certificateOf(api, domain))?.finding;
    if (found?.request === request) return found;
    if (Date.now() > deadline) {
      throw new Failure(`The issuer said nothing of ${domain} in ${seconds} s; npm run logs may tell why.`);
    }
    await delay(pauseMs * (0.5 + Math.random() / 2));
  }
}

/** What the edge shows for a name, or why it shows nothing. */
export async function seenAtEdge(api: ApiClient, domain: string): Promise<Seen> {
  try {
    const {
      page: _page,
      isChainVerified: _isChainVerified,
      ...sight
    } = await probeEdge(api.target.edge, domain);
    return sight;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EPROTO") {
      return { error: "none: the edge refuses the TLS handshake for this name" };
    }
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

export function shows(seen: Seen, serial: string | null | undefined): boolean {
  return !("error" in seen) && seen.serialNumber === serial;
}

/** @throws {Failure} for a domain without one */
export async function requireCertificate(api: ApiClient, name: string): Promise<Certificate> {
  const answer = await api.send("GET", pathOf(name));
  if (answer.status < 400) return answer.body as Certificate;
  const { detail } = (answer.body ?? {}) as { readonly detail?: string };
  const otherwise =
    answer.status === NOT_FOUND ? `${name} has no certificate.` : `The API answered ${answer.status}.`;
  throw new Failure(detail ?? otherwise);
}

function pathOf(domain: string): string {
  return `/v1/domains/${encodeURIComponent(domain)}/certificate`;
}
