import type { Issuing, MessageAttributes, Validation } from "../../certificates/messages.ts";
import { change } from "../../certificates/registry/change.ts";
import type { DomainRecord } from "../../certificates/registry/lifecycle.ts";
import { postpone } from "../../certificates/registry/transitions.ts";
import { formatTraceparent } from "../../workload/trace.ts";
import type { CheckDelivery, CheckerPorts } from "./ports.ts";

export async function sendToIssuer(
  ports: CheckerPorts,
  record: DomainRecord,
  action: Issuing["action"],
  delivery: CheckDelivery,
): Promise<void> {
  const message: Issuing = { action, domain: record.domain, orderNumber: record.orderNumber };
  await orSoonAgain(ports, record, () => ports.issuing.publish(message, attributesOf(record, delivery)));
}

export async function sendToValidation(
  ports: CheckerPorts,
  record: DomainRecord,
  delivery: CheckDelivery,
): Promise<void> {
  const message: Validation = { domain: record.domain, orderNumber: record.orderNumber };
  await orSoonAgain(ports, record, () => ports.validation.publish(message, attributesOf(record, delivery)));
}

/** The record says already that it is sent: where it was not, it is due at once, so that the next delivery sends it. */
async function orSoonAgain(
  { registry, now }: CheckerPorts,
  { domain, orderNumber, lifecycle }: DomainRecord,
  send: () => Promise<void>,
): Promise<void> {
  try {
    await send();
  } catch (error) {
    await change(registry, domain, (current) =>
      current.orderNumber === orderNumber && current.lifecycle === lifecycle
        ? postpone(current, now(), current.reason, now())
        : { kind: "unchanged" },
    );
    throw error;
  }
}

function attributesOf({ customer }: DomainRecord, { trace }: CheckDelivery) {
  const attributes: MessageAttributes = { customer, traceparent: formatTraceparent(trace) };
  return { ...attributes };
}
