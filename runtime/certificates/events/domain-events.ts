import * as z from "zod";
import type { Topic } from "../../google/publisher.ts";
import type { DomainRecord } from "../registry/lifecycle.ts";

/** What others may want to hear of a domain. */
export const domainEventSchema = z.strictObject({
  /** The same for each telling of the same event: one may come more than once. */
  id: z.string().min(1),
  type: z.enum([
    /** A domain's first certificate is live. */
    "issued",
    /** Another certificate has taken the place of the one before. */
    "renewed",
    /** An order ended without a certificate. */
    "failed",
    "removed",
    /** The name has gone to another customer, who is `customer` from here on. */
    "takenover",
  ]),
  domain: z.string().min(1),
  customer: z.string().min(1),
  orderNumber: z.number().int().positive(),
  at: z.iso.datetime(),
  /** Of `failed`: whether a certificate is still served. */
  isRenewal: z.boolean().optional(),
  /** Of `issued` and `renewed`. */
  notAfter: z.iso.datetime().optional(),
  /** Of `failed`: a sentence. */
  reason: z.string().optional(),
});
export type DomainEvent = z.output<typeof domainEventSchema>;

/** Tells whoever subscribed. */
export interface DomainEvents {
  /** Once it resolves, everybody will hear of it. @throws {PublishFailed} */
  publish(event: DomainEvent): Promise<void>;
}

/** By attributes a subscription can choose: `attributes.type = "failed"`. */
export function openDomainEvents(topic: Topic): DomainEvents {
  return {
    publish: (event) =>
      topic.publish(domainEventSchema.parse(event), {
        type: event.type,
        domain: event.domain,
        customer: event.customer,
      }),
  };
}

export function eventOf(
  { domain, customer, orderNumber }: Pick<DomainRecord, "domain" | "customer" | "orderNumber">,
  at: Date,
  told: Pick<DomainEvent, "type"> & Partial<Pick<DomainEvent, "isRenewal" | "notAfter" | "reason">>,
): DomainEvent {
  const id = `${domain}/${orderNumber}/${told.type}`;
  return { id, domain, customer, orderNumber, at: at.toISOString(), ...told };
}
