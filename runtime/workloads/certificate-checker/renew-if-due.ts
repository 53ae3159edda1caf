import type { X509Certificate } from "node:crypto";
import { authorityNamed } from "../../certificates/acme/certificate-authorities.ts";
import { certificateFacts } from "../../certificates/certificate-facts.ts";
import { change } from "../../certificates/registry/change.ts";
import type { DomainRecord } from "../../certificates/registry/lifecycle.ts";
import { renew } from "../../certificates/registry/transitions.ts";
import { type Lifetime, renewalByAge } from "../../certificates/renewal/lifetime.ts";
import { renewalTime } from "../../certificates/renewal/renewal-time.ts";
import { messageOf } from "../../workload/thrown.ts";
import { isStored } from "./findings.ts";
import type { CheckDelivery, CheckerPorts } from "./ports.ts";
import { sendToIssuer } from "./send.ts";

/**
 * Starts the renewal of a domain's certificate if its time has come, the name leads to us and CAA permits:
 * an order for any other would fail, and count at the CA.
 *
 * @param unfit why an order would fail, if it would
 * @returns how long the certificate lives; `undefined` where nobody knows
 */
export async function renewIfDue(
  ports: CheckerPorts,
  record: DomainRecord,
  served: X509Certificate | undefined,
  unfit: string | null | undefined,
  delivery: CheckDelivery,
): Promise<Lifetime | undefined> {
  const { registry, now } = ports;
  const { domain, dueAt, failures } = record;
  const certificate = knownCertificate(record, served);
  if (!certificate) return undefined;
  const { at, explanationUrl } = await timeOf(ports, record, certificate, delivery);
  const waits = dueAt !== undefined && Date.parse(dueAt) > now().getTime();
  // A renewal that failed was wanted, whatever it was wanted for.
  const isDue = at <= now() || failures !== undefined;
  if (!isDue || waits || typeof unfit === "string") return certificate;

  const started = await change(registry, domain, (current) => renew(current, now()));
  if (started.kind !== "changed") return certificate;
  const { orderNumber, updatedAt } = started.record;
  await registry.append(domain, orderNumber, { phase: "registered", at: updatedAt, detail: {} });
  delivery.logger.info(
    { domain, orderNumber, dueSince: at.toISOString(), explanationUrl },
    "Renewal started",
  );
  await sendToIssuer(ports, started.record, "issue", delivery);
  return certificate;
}

type KnownCertificate = Lifetime & { readonly certificateId?: string | undefined };

/** From the record, or as the edge shows it where the record is from before it held this. */
function knownCertificate(
  record: DomainRecord,
  served: X509Certificate | undefined,
): KnownCertificate | undefined {
  const { certificateId, notBefore, notAfter } = record;
  if (notBefore !== undefined && notAfter !== undefined) return { certificateId, notBefore, notAfter };
  return served && isStored(record, served) ? certificateFacts(served.toString()) : undefined;
}

async function timeOf(
  { authorities }: CheckerPorts,
  { domain, ca }: DomainRecord,
  certificate: KnownCertificate,
  delivery: CheckDelivery,
): ReturnType<typeof renewalTime> {
  try {
    // Of one that is off the list, a certificate goes by its age.
    const issuing = authorityNamed(authorities, ca)?.ca;
    const ask = async (id: string) => issuing?.renewalInfo(id, { asksAnew: delivery.asksAnew });
    return await renewalTime(ask, certificate.certificateId, certificate);
  } catch (error) {
    delivery.logger.warn({ domain, reason: messageOf(error) }, "No renewal window from the CA; going by age");
    return { at: renewalByAge(certificate) };
  }
}
