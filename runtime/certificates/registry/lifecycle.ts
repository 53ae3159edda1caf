import * as z from "zod";
import { REVOCATION_REASONS } from "../acme/certificate-authority.ts";

/** What a customer sees of a domain. `pending` and later come from the journal, the rest from the record. */
export const STATES = [
  "pending",
  "validating",
  "issuing",
  "activating",
  "active",
  "cleaning",
  "failed",
  "paused",
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
  "accepted",
  "active",
  "cleaned",
] as const;
export type Phase = (typeof PHASES)[number];

/**
 * `domains/DOMAIN.json`: written only when the lifecycle changes, under a generation precondition.
 *
 * `renewing` is served, and has an order under way that will take the certificate's place; `paused` is tried
 * again only once its name leads back to the edge.
 */
export const recordSchema = z.object({
  domain: z.string(),
  customer: z.string(),
  lifecycle: z.enum(["registered", "active", "renewing", "failed", "paused", "removing"]),
  orderNumber: z.number().int().positive(),
  /** The first order of this customer's: backups of earlier ones are another's. @default 1 */
  firstOrderNumber: z.number().int().positive().optional(),
  /** A sentence that a customer understands: why it failed, waits or is paused, or was not restored. */
  reason: z.string().optional(),
  /** Not before this time is another try of use (RFC 3339). */
  retryAt: z.iso.datetime().optional(),
  /** When the platform looks at the domain again by itself, if not sooner: to try again, or to go on. */
  dueAt: z.iso.datetime().optional(),
  /** Orders in a row that ended without a certificate. */
  failures: z.number().int().positive().optional(),
  /** When the first of them did. */
  failingSince: z.iso.datetime().optional(),
  /** Of the certificate that is served: RFC 9773's identifier, `AKI.SERIAL`. */
  certificateId: z.string().optional(),
  notBefore: z.iso.datetime().optional(),
  notAfter: z.iso.datetime().optional(),
  /** Of its backup. */
  version: z.string().optional(),
  /** The name of the CA that issued it. */
  ca: z.string().optional(),
  /** Why the certificate that goes out of service is to be revoked then, by the name that RFC 5280 has for it. */
  revocation: z.enum(REVOCATION_REASONS).optional(),
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
