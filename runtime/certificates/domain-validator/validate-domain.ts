import type { Logger } from "../../service/logger.ts";
import type { Outcome } from "../../service/outcome.ts";
import type { Topic } from "../../service/publisher.ts";
import type { Delivery } from "../../service/push.ts";
import { formatTraceparent } from "../../service/trace.ts";
import type { FastlyDomains } from "../fastly/fastly-domains.ts";
import { FastlyError } from "../fastly/fastly-error.ts";
import type { Issuing, MessageAttributes, Validation } from "../messages.ts";
import type { DomainRecord } from "../registry/lifecycle.ts";
import type { FoundRecord, Registry } from "../registry/registry.ts";
import { hasReached } from "../registry/state.ts";
import { checkDns, type DnsRules, type Refusal } from "./check-dns.ts";
import type { EdgeProbe } from "./edge-probe.ts";

/** How often a verdict is written anew over a record that changes under it. */
const MAX_ROUNDS = 5;

export interface ValidatorPorts extends DnsRules {
  readonly registry: Registry;
  readonly fastly: FastlyDomains;
  readonly probe: EdgeProbe;
  readonly issuing: Pick<Topic, "publish">;
}

/**
 * Checks that a domain can have a certificate, before any call to the CA: its name leads to the
 * edge, CAA allows our CA, Fastly routes it to us, and a challenge of ours comes back through the edge.
 *
 * Deliveries repeat. A verdict stands once it is written (`validated` in the journal, `failed` in
 * the record) and only the message to the issuer is sent again; anything before is done again.
 * A failure unlinks the domain, unless an earlier certificate is still being served on it.
 */
export async function validateDomain(
  ports: ValidatorPorts,
  { domain, orderNumber }: Validation,
  delivery: Pick<Delivery, "trace" | "signal" | "logger">,
): Promise<Outcome> {
  const [current, journal] = await Promise.all([
    findCurrent(ports.registry, domain, orderNumber),
    ports.registry.journal(domain, orderNumber),
  ]);
  if (current.kind === "dropped") return current;
  const { record } = current;
  if (hasReached(journal, "ordering")) return { kind: "done" };
  if (hasReached(journal, "validated")) return sendToIssuer(ports, record, delivery);

  const { registry, now } = ports;
  const startedBefore = hasReached(journal, "validating");
  await registry.append(domain, orderNumber, { phase: "validating", at: now().toISOString(), detail: {} });
  const verdict = await judge(ports, domain, delivery.signal);
  switch (verdict.kind) {
    case "retry":
      return verdict;
    case "fit":
      if (await isGone(registry, domain)) {
        // Removed meanwhile: the issuer's unlinking may have come before our link.
        await ports.fastly.unlink(domain, delivery.signal);
        return { kind: "dropped", reason: `${domain} was removed while it was being checked.` };
      }
      await registry.append(domain, orderNumber, { phase: "validated", at: now().toISOString(), detail: {} });
      return sendToIssuer(ports, record, delivery);
    case "refused":
      // A duplicate of this delivery may have come to the better verdict, which then stands.
      if (hasReached(await registry.journal(domain, orderNumber), "validated")) {
        return { kind: "dropped", reason: `Order ${orderNumber} of ${domain} is validated already.` };
      }
      logRefusal(delivery.logger, record, verdict.refusal);
      // A delivery that broke off may have linked what this one did not.
      if (verdict.linked || (startedBefore && verdict.refusal.cause === undefined)) {
        await unlinkUnlessServed(ports, record, delivery.signal);
      }
      return recordFailure(ports, domain, orderNumber, verdict.refusal);
  }
}

type Verdict =
  | { readonly kind: "fit" }
  | { readonly kind: "refused"; readonly refusal: Refusal; readonly linked: boolean }
  | { readonly kind: "retry"; readonly reason: string };

type Current =
  | ({ readonly kind: "current" } & FoundRecord)
  | { readonly kind: "dropped"; readonly reason: string };

/** The record, if it still waits for this order's verdict. */
async function findCurrent(registry: Registry, domain: string, orderNumber: number): Promise<Current> {
  const found = await registry.find(domain);
  const drop = (reason: string): Current => ({ kind: "dropped", reason });
  if (found === undefined) return drop(`${domain} is not registered.`);
  const { lifecycle, orderNumber: newest } = found.record;
  if (lifecycle === "removing") return drop(`${domain} is being removed.`);
  if (newest !== orderNumber) return drop(`${domain} is at order ${newest}; this was for ${orderNumber}.`);
  if (lifecycle === "failed") return drop(`Order ${orderNumber} of ${domain} has failed already.`);
  return { kind: "current", ...found };
}

async function isGone(registry: Registry, domain: string): Promise<boolean> {
  const found = await registry.find(domain);
  return found === undefined || found.record.lifecycle === "removing";
}

async function judge(ports: ValidatorPorts, domain: string, signal: AbortSignal): Promise<Verdict> {
  const dns = await checkDns(ports, domain);
  if (dns.kind === "refused") return { kind: "refused", refusal: dns, linked: false };

  const refusal = await link(ports.fastly, domain, signal);
  if (refusal !== undefined) return { kind: "refused", refusal, linked: false };

  const probe = await ports.probe.run(domain, dns.addresses, signal);
  if (probe.kind === "served") return { kind: "fit" };
  if (probe.kind === "unreachable")
    return { kind: "retry", reason: `The edge did not answer: ${probe.because}` };
  const reason =
    `A test challenge for ${domain} did not come back through the platform's edge (${probe.saw} instead). ` +
    "Check that nothing stands between the name and the edge, then register it again.";
  return { kind: "refused", refusal: { kind: "refused", reason }, linked: true };
}

/**
 * Fastly's refusals are the platform's trouble, about which a customer can do nothing.
 *
 * @throws {FastlyError} after an outage or a lost reply: worth another delivery.
 */
async function link(
  fastly: FastlyDomains,
  domain: string,
  signal: AbortSignal,
): Promise<Refusal | undefined> {
  try {
    const result = await fastly.link(domain, signal);
    if (result.kind === "linked") return undefined;
    return { kind: "refused", reason: `${result.reason} Remove it there, then register ${domain} again.` };
  } catch (error) {
    if (!(error instanceof FastlyError) || error.code === "FASTLY_UNAVAILABLE") throw error;
    return {
      kind: "refused",
      reason: `The platform could not set up ${domain} at its edge, for a reason of its own that its operators can see.`,
      cause: error,
      ...(error.dueAt && { retryAt: error.dueAt }),
    };
  }
}

async function recordFailure(
  ports: ValidatorPorts,
  domain: string,
  orderNumber: number,
  refusal: Refusal,
): Promise<Outcome> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const current = await findCurrent(ports.registry, domain, orderNumber);
    if (current.kind === "dropped") return current;
    const { reason, retryAt } = refusal;
    const { retryAt: _earlier, ...record } = current.record;
    const failed: DomainRecord = {
      ...record,
      lifecycle: "failed",
      reason,
      ...(retryAt && { retryAt: retryAt.toISOString() }),
      updatedAt: ports.now().toISOString(),
    };
    if ((await ports.registry.update(failed, current.generation)) === "updated") return { kind: "done" };
  }
  return { kind: "retry", reason: "The record kept changing under the verdict." };
}

/** A customer's mistake is news; ours, which has a cause, is an error. */
function logRefusal(logger: Logger, { domain, orderNumber }: DomainRecord, { reason, cause }: Refusal): void {
  if (cause === undefined) logger.info({ domain, orderNumber, reason }, "Domain refused");
  else
    logger.error({ domain, orderNumber, reason, error: cause }, "Domain refused for a fault of the platform");
}

async function sendToIssuer(
  { issuing }: ValidatorPorts,
  { domain, orderNumber, customer }: DomainRecord,
  { trace }: Pick<Delivery, "trace">,
): Promise<Outcome> {
  const message: Issuing = { action: "issue", domain, orderNumber };
  const attributes: MessageAttributes = { customer, traceparent: formatTraceparent(trace) };
  await issuing.publish(message, { ...attributes });
  return { kind: "done" };
}

/** A domain that has had a certificate may be serving people right now. */
async function unlinkUnlessServed(
  { fastly }: ValidatorPorts,
  { domain, lifecycle, notAfter }: DomainRecord,
  signal: AbortSignal,
): Promise<void> {
  if (lifecycle === "active" || notAfter !== undefined) return;
  await fastly.unlink(domain, signal);
}
