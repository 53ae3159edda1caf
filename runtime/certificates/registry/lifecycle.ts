import * as z from "zod";

/** What a customer sees of a domain. `pending` and later come from the journal, the rest from the record. */
export const STATES = [
  "pending",
  "validating",
  "issuing",
  "activating",
  "active",
  "cleaning",
  "failed",
  "removing",
] as const;
export type State = (typeof STATES)[number];

/** The journal's entries of one order, in order. Each is written before the call whose effect it announces. */
export const PHASES = [
  "registered",
  "validating",
  "validated",
  "ordering",
  "ordered",
  "authorized",
  "finalizing",
  "issued",
  "backed-up",
  "activating",
  "active",
  "cleaned",
] as const;
export type Phase = (typeof PHASES)[number];

/** `domains/DOMAIN.json`: written only when the lifecycle changes, under a generation precondition. */
export const recordSchema = z.object({
  domain: z.string(),
  customer: z.string(),
  lifecycle: z.enum(["registered", "active", "failed", "removing"]),
  orderNumber: z.number().int().positive(),
  /** A sentence that a customer understands; for `failed`, and for `active` where a restore failed. */
  reason: z.string().optional(),
  /** Not before this time is another try of use (RFC 3339). */
  retryAt: z.iso.datetime().optional(),
  notAfter: z.iso.datetime().optional(),
  registeredAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});
export type DomainRecord = z.output<typeof recordSchema>;

/** `orders/DOMAIN/ORDER_NUMBER/PHASE.json`: created once, never overwritten. */
export interface JournalEntry {
  readonly phase: Phase;
  /** RFC 3339. */
  readonly at: string;
  /** What a redelivery needs to go on from here: the ACME order's URL, the backup's version, ids at Fastly. No secrets. */
  readonly detail: Readonly<Record<string, string>>;
}
