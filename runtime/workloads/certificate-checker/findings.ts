import type { X509Certificate } from "node:crypto";
import { certificateIdIn } from "../../certificates/acme/certificate-id.ts";
import type { Problem } from "../../certificates/alerts/alerts.ts";
import { checkDns, type DnsRules } from "../../certificates/dns/check-dns.ts";
import type { DomainRecord } from "../../certificates/registry/lifecycle.ts";
import { type Lifetime, promisedShare, shareLeft } from "../../certificates/renewal/lifetime.ts";
import type { CheckerPorts } from "./ports.ts";

/** A site that answers once in three times is no problem that wakes anybody. */
const LOOKS = 3;
const PAUSE_MS = 2_000;
/** Renewals in a row; one or two may be anything. */
const FAILURES_TOLD = 3;
const SERVER_ERROR = 500;

/** By problem: a sentence where there is one, null where there is none, nothing where that can't be told. */
export type Findings = Readonly<Partial<Record<Problem, string | null>>>;

export async function dnsFindings(rules: DnsRules, domain: string): Promise<Findings> {
  const verdict = await checkDns(rules, domain);
  switch (verdict.kind) {
    case "fit":
      return { "dns-elsewhere": null, "caa-forbids": null };
    case "trouble":
      return {};
    case "refused":
      return verdict.about === "caa"
        ? { "dns-elsewhere": null, "caa-forbids": verdict.reason }
        : { "dns-elsewhere": verdict.reason };
  }
}

/** What a visitor sees, and the certificate that he is shown. */
export async function siteFindings(
  { sight, sleep }: CheckerPorts,
  record: DomainRecord,
  signal: AbortSignal,
): Promise<{ readonly findings: Findings; readonly certificate: X509Certificate | undefined }> {
  const { domain } = record;
  for (let looked = 1; ; looked++) {
    const seen = await sight.look(domain, signal);
    const isWell = seen.kind === "seen" && seen.status < SERVER_ERROR && isStored(record, seen.certificate);
    if (!isWell && looked < LOOKS) {
      await sleep(PAUSE_MS * (0.75 + Math.random() / 2), signal);
      continue;
    }
    if (seen.kind === "nothing") {
      const what = `https://${domain}/ does not answer at the edge (${seen.because}).`;
      return { findings: { "site-unhealthy": what }, certificate: undefined };
    }
    const { status, certificate } = seen;
    const unhealthy = status < SERVER_ERROR ? null : `https://${domain}/ answers with ${status}.`;
    const wrong = isStored(record, certificate)
      ? null
      : `The edge shows ${domain} a certificate that is not the stored one: serial ${certificate.serialNumber.toLowerCase()}, until ${certificate.validToDate.toISOString()}.`;
    return { findings: { "site-unhealthy": unhealthy, "wrong-certificate": wrong }, certificate };
  }
}

/** What there is to say of renewals and of the life that is left. */
export function certificateFindings(
  { domain, failures = 0, failingSince, reason }: DomainRecord,
  lifetime: Lifetime | undefined,
  at: Date,
): Findings {
  // A certificate that is live was seen at the edge, and an order that succeeded ended what stood in its way.
  const over = {
    "activation-late": null,
    "renewal-paused": null,
    "taken-over": null,
    ...(failures === 0 && { "ca-paused": null, "order-failed": null }),
  };
  const failing =
    failures < FAILURES_TOLD
      ? null
      : `The certificate of ${domain} could not be renewed in ${failures} tries since ${failingSince}: ${reason ?? "no reason is known"}`;
  if (!lifetime) return { ...over, "renewal-failing": failing };
  const left = shareLeft(lifetime, at);
  const expiring =
    left > promisedShare(lifetime)
      ? null
      : `The certificate of ${domain} ends at ${lifetime.notAfter}, with ${Math.round(left * 100)} % of its lifetime left.`;
  return { ...over, "renewal-failing": failing, expiring };
}

/** Records from before certificates had their ids on them are told apart by the end of life. */
export function isStored({ certificateId, notAfter }: DomainRecord, served: X509Certificate): boolean {
  if (certificateId === undefined) return served.validToDate.toISOString() === notAfter;
  return certificateIdIn(served.raw) === certificateId;
}
