import type { Budgets } from "../../certificates/budgets/budgets.ts";
import type { Refusal } from "../../certificates/dns/check-dns.ts";
import type { FastlyDomains } from "../../certificates/fastly/fastly-domains.ts";
import { FastlyError } from "../../certificates/fastly/fastly-error.ts";
import type { Issuing, MessageAttributes, Validation } from "../../certificates/messages.ts";
import { change } from "../../certificates/registry/change.ts";
import type { DomainRecord, JournalEntry } from "../../certificates/registry/lifecycle.ts";
import type { Registry } from "../../certificates/registry/registry.ts";
import { hasReached } from "../../certificates/registry/state.ts";
import { postpone, refuse, type Standing, standing } from "../../certificates/registry/transitions.ts";
import type { Topic } from "../../google/publisher.ts";
import type { Logger } from "../../workload/logger.ts";
import type { Outcome } from "../../workload/outcome.ts";
import type { Delivery } from "../../workload/push.ts";
import { formatTraceparent } from "../../workload/trace.ts";
import { checkName, type NameRules } from "./check-name.ts";
import type { EdgeProbe } from "./edge-probe.ts";

/** After trouble of the DNS in so many deliveries, the customer hears of it: after Pub/Sub's pauses of 1, 2 and 4 s, so soon. */
const DNS_DELIVERIES = 3;

export interface ValidatorPorts extends NameRules {
  readonly registry: Registry;
  readonly fastly: Pick<FastlyDomains, "link" | "unlink">;
  readonly probe: EdgeProbe;
  readonly budgets: Pick<Budgets, "take">;
  readonly issuing: Pick<Topic, "publish">;
}

/**
 * Checks that a domain can have a certificate, before any call to the CA: its name leads to the
 * edge and is its customer's, CAA allows our CA, Fastly routes it to us, and a challenge of ours comes back through the edge.
 *
 * Deliveries repeat. A verdict stands once it is written (`validated` in the journal, `failed` in
 * the record) and only the message to the issuer is sent again; anything before is done again.
 * A failure unlinks the domain, unless an earlier certificate is still being served on it, or a later
 * order has the domain by then. Two deliveries can come to different verdicts at once: the better one
 * stands, and its domain is linked.
 */
export async function validateDomain(
  ports: ValidatorPorts,
  { domain, orderNumber }: Validation,
  delivery: Pick<Delivery, "deliveryAttempt" | "trace" | "signal" | "logger">,
): Promise<Outcome> {
  const { order, journal, isGone } = await find(ports, domain, orderNumber);
  if (order.kind === "overtaken") return drop(ports, domain, order.reason, isGone, delivery.signal);
  const { record } = order;
  if (hasReached(journal, "ordering")) return { kind: "done" };
  if (hasReached(journal, "validated")) return sendToIssuer(ports, record, delivery);

  const { registry, now } = ports;
  const startedBefore = hasReached(journal, "validating");
  await registry.append(domain, orderNumber, { phase: "validating", at: now().toISOString(), detail: {} });
  const verdict = await judge(ports, record, delivery);
  switch (verdict.kind) {
    case "retry":
      return verdict;
    case "waits":
      await change(registry, domain, (current) => postpone(current, verdict.until, verdict.reason, now()));
      return { kind: "done" };
    case "fit": {
      const { order, isGone } = await find(ports, domain, orderNumber);
      if (order.kind === "overtaken") return drop(ports, domain, order.reason, isGone, delivery.signal);
      await registry.append(domain, orderNumber, { phase: "validated", at: now().toISOString(), detail: {} });
      return sendToIssuer(ports, record, delivery);
    }
    case "refused": {
      // The probe took a while: by now the link may be a later order's, or another delivery's that found the domain fit.
      const { order, journal, isGone } = await find(ports, domain, orderNumber);
      if (order.kind === "overtaken") return drop(ports, domain, order.reason, isGone, delivery.signal);
      const refusal = { ...verdict.refusal, isOwners: verdict.refusal.cause === undefined };
      const wanted = refuse(order.record, journal, orderNumber, refusal, now());
      if (wanted.kind === "overtaken") return { kind: "dropped", reason: wanted.reason };
      logRefusal(delivery.logger, record, refusal);
      // An earlier delivery that broke off may have linked what this one did not.
      const mayBeLinked = verdict.linked || (startedBefore && refusal.cause === undefined);
      const isUnlinked = mayBeLinked && (await unlinkUnlessServed(ports, order.record, delivery.signal));
      return recordFailure(ports, { domain, orderNumber }, refusal, isUnlinked, delivery.signal);
    }
  }
}

type Verdict =
  | { readonly kind: "fit" }
  | { readonly kind: "refused"; readonly refusal: Refusal; readonly linked: boolean }
  /** What the CDN takes of all customers is spent for now. */
  | { readonly kind: "waits"; readonly until: Date; readonly reason: string }
  | { readonly kind: "retry"; readonly reason: string };

async function judge(
  ports: ValidatorPorts,
  record: DomainRecord,
  { deliveryAttempt, signal, logger }: Pick<Delivery, "deliveryAttempt" | "signal" | "logger">,
): Promise<Verdict> {
  const { domain, customer } = record;
  const dns = await checkName(ports, record);
  if (dns.kind === "trouble") {
    const { refusal } = dns;
    if (deliveryAttempt !== undefined && deliveryAttempt <= DNS_DELIVERIES)
      return { kind: "retry", reason: refusal.reason };
    return { kind: "refused", refusal, linked: false };
  }
  if (dns.kind === "refused") return { kind: "refused", refusal: dns, linked: false };
  if (dns.failed !== undefined)
    logger.info({ domain, failed: dns.failed }, "One of two lookups of addresses failed");

  const grant = await ports.budgets.take({ work: "validation", customer, domain });
  if (grant.kind === "wait") {
    const reason = `Waiting its turn: ${grant.limit} is spent for now. It goes on by itself.`;
    return { kind: "waits", until: grant.until, reason };
  }
  const refusal = await link(ports.fastly, domain, signal);
  if (refusal !== undefined) return { kind: "refused", refusal, linked: false };

  const probe = await ports.probe.run(domain, dns.addresses, signal);
  if (probe.kind === "served") return { kind: "fit" };
  if (probe.kind === "unreachable")
    return { kind: "retry", reason: `The edge did not answer: ${probe.because}` };
  const reason =
    `A test challenge for ${domain} did not come back through the platform's edge (${probe.saw} instead). ` +
    "Check that nothing stands between the name and the edge.";
  return { kind: "refused", refusal: { kind: "refused", reason }, linked: true };
}

/**
 * Fastly's refusals are the platform's trouble, about which a customer can do nothing.
 *
 * @throws {FastlyError} after an outage or a lost reply: worth another delivery.
 */
async function link(
  fastly: Pick<FastlyDomains, "link" | "unlink">,
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

interface Found {
  readonly order: Standing;
  readonly journal: readonly JournalEntry[];
  /** Whether the domain is on no customer's list any more, so that nobody else looks after its link. */
  readonly isGone: boolean;
}

async function find({ registry }: ValidatorPorts, domain: string, orderNumber: number): Promise<Found> {
  const [found, journal] = await Promise.all([registry.find(domain), registry.journal(domain, orderNumber)]);
  const isGone = found === undefined || found.record.lifecycle === "removing";
  return { order: standing(domain, found?.record, orderNumber, journal), journal, isGone };
}

/** Where the domain was removed meanwhile, a link that this delivery or an earlier one made since would stay for ever. */
async function drop(
  { fastly }: ValidatorPorts,
  domain: string,
  reason: string,
  isGone: boolean,
  signal: AbortSignal,
): Promise<Outcome> {
  if (isGone) await fastly.unlink(domain, signal);
  return { kind: "dropped", reason };
}

/**
 * Where the failure comes too late after all, the link that this delivery took away is in use, and is
 * made again. A crash right between leaves an active domain unlinked, until its restore links it.
 */
async function recordFailure(
  { registry, fastly, now }: ValidatorPorts,
  { domain, orderNumber }: Validation,
  refusal: Refusal,
  isUnlinked: boolean,
  signal: AbortSignal,
): Promise<Outcome> {
  const failed = await change(registry, domain, async (record) =>
    refuse(record, await registry.journal(domain, orderNumber), orderNumber, refusal, now()),
  );
  if (failed.kind !== "overtaken") return { kind: "done" };
  const lifecycle = (await registry.find(domain))?.record.lifecycle;
  const isInUse = lifecycle === "registered" || lifecycle === "active";
  if (isUnlinked && isInUse) await fastly.link(domain, signal);
  return { kind: "dropped", reason: failed.reason };
}

/** An error wakes the platform's operators, so only a refusal for a fault of its own, which has a cause, is one. */
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

/** A domain that has had a certificate may be serving people right now. @returns whether it is unlinked */
async function unlinkUnlessServed(
  { fastly }: ValidatorPorts,
  { domain, notAfter }: DomainRecord,
  signal: AbortSignal,
): Promise<boolean> {
  if (notAfter !== undefined) return false;
  await fastly.unlink(domain, signal);
  return true;
}
