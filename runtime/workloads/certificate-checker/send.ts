import type { Issuing, MessageAttributes, Validation } from "../../certificates/messages.ts";
import type { DomainRecord } from "../../certificates/registry/lifecycle.ts";
import { formatTraceparent } from "../../workload/trace.ts";
import type { CheckDelivery } from "./check-domain.ts";
import type { CheckerPorts } from "./ports.ts";

export async function sendToIssuer(
  { issuing }: CheckerPorts,
  record: DomainRecord,
  action: Issuing["action"],
  delivery: CheckDelivery,
): Promise<void> {
  const message: Issuing = { action, domain: record.domain, orderNumber: record.orderNumber };
  await issuing.publish(message, attributesOf(record, delivery));
}

export async function sendToValidation(
  { validation }: CheckerPorts,
  record: DomainRecord,
  delivery: CheckDelivery,
): Promise<void> {
  const message: Validation = { domain: record.domain, orderNumber: record.orderNumber };
  await validation.publish(message, attributesOf(record, delivery));
}

function attributesOf({ customer }: DomainRecord, { trace }: CheckDelivery) {
  const attributes: MessageAttributes = { customer, traceparent: formatTraceparent(trace) };
  return { ...attributes };
}
