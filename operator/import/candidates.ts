import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { type CertificateFacts, certificateFacts } from "../../runtime/certificates/certificate-facts.ts";
import { parseDomainName, ruleForReserved } from "../../runtime/certificates/domain-name.ts";
import type { Secret } from "../../runtime/workload/secret.ts";
import type { CertificateSecret } from "./cluster-dump.ts";

/** Keys that Fastly takes. @see https://www.fastly.com/documentation/reference/api/tls/custom-certs/private-keys */
const RSA_BITS = 2048;
const CURVES = ["prime256v1", "secp384r1"];

/** A name that can be served with a certificate that is there. */
export interface Candidate {
  readonly domain: string;
  readonly source: string;
  readonly namespace: string;
  readonly chainPem: string;
  readonly keyPem: Secret<string>;
  readonly facts: CertificateFacts;
}

/** What is not taken, and why: the end of a sentence about it. */
export interface Unfit {
  readonly domain: string | null;
  readonly source: string;
  readonly why: string;
}

export interface Candidates {
  /** One a name, by name. */
  readonly candidates: readonly Candidate[];
  readonly unfit: readonly Unfit[];
}

/** Of a cluster's Secrets: for each name the certificate that is good the longest. */
export function candidatesIn(secrets: readonly CertificateSecret[], now: Date): Candidates {
  const best = new Map<string, Candidate>();
  const unfit: Unfit[] = [];
  for (const secret of secrets) {
    const source = `${secret.namespace}/${secret.name}`;
    const leaf = judge(secret, now);
    if (typeof leaf === "string") {
      unfit.push({ domain: null, source, why: leaf });
      continue;
    }
    const { namespace, chainPem, keyPem } = secret;
    for (const name of namesOf(leaf)) {
      const why = ruleAgainst(name);
      if (why !== undefined) {
        unfit.push({ domain: name, source, why });
        continue;
      }
      const candidate = {
        domain: name,
        source,
        namespace,
        chainPem,
        keyPem,
        facts: certificateFacts(chainPem),
      };
      const rival = best.get(name);
      const [better, worse] =
        rival && Date.parse(rival.facts.notAfter) >= Date.parse(candidate.facts.notAfter)
          ? [rival, candidate]
          : [candidate, rival];
      best.set(name, better);
      if (worse)
        unfit.push({
          domain: name,
          source: worse.source,
          why: `ends no later than that of ${better.source}`,
        });
    }
  }
  const candidates = [...best.values()].sort((a, b) => a.domain.localeCompare(b.domain));
  return { candidates, unfit };
}

/** The leaf, or what is wrong. */
function judge(secret: CertificateSecret, now: Date): X509Certificate | string {
  if (!secret.isCertManagers) return "is not cert-manager's";
  let leaf: X509Certificate;
  let key: KeyObject;
  try {
    leaf = new X509Certificate(secret.chainPem);
    key = createPrivateKey(secret.keyPem.reveal());
  } catch {
    return "does not hold a certificate and a key";
  }
  if (!leaf.checkPrivateKey(key)) return "holds another certificate's key";
  if (leaf.validToDate <= now) return `expired at ${leaf.validToDate.toISOString()}`;
  if (leaf.validFromDate > now) return `is valid from ${leaf.validFromDate.toISOString()} on`;
  if (leaf.issuer === leaf.subject) return "holds a certificate that no CA signed";
  return ruleForKey(key) ?? leaf;
}

function ruleForKey(key: KeyObject): string | undefined {
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === "rsa" && modulusLength === RSA_BITS) return undefined;
  if (key.asymmetricKeyType === "ec" && CURVES.includes(String(namedCurve))) return undefined;
  const size = modulusLength ?? namedCurve;
  return `has a key that the CDN does not take (${key.asymmetricKeyType}${size === undefined ? "" : ` ${size}`})`;
}

function namesOf(leaf: X509Certificate): readonly string[] {
  const names = (leaf.subjectAltName ?? "").split(", ").filter((name) => name.startsWith("DNS:"));
  return [...new Set(names.map((name) => name.slice(4).toLowerCase()))];
}

function ruleAgainst(name: string): string | undefined {
  const parsed = parseDomainName(name);
  return parsed.kind === "invalid" ? parsed.rule : ruleForReserved(name);
}
