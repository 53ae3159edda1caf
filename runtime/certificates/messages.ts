import * as z from "zod";

/** On the validation topic: check this domain for this order. */
export const validationSchema = z.strictObject({
  domain: z.string().min(1),
  orderNumber: z.number().int().positive(),
});

/** On the issuing topic. */
export const issuingSchema = z.strictObject({
  /**
   * `issue` an order, `restore` the newest backup at Fastly, `verify` that it is there, or `remove` what
   * the domain has there.
   */
  action: z.enum(["issue", "restore", "verify", "remove"]),
  domain: z.string().min(1),
  orderNumber: z.number().int().positive(),
  /** Under this, whoever asked looks for the finding. */
  request: z.string().min(1).max(100).optional(),
});

/** On the checking topic: look at this domain, and do what is due. */
export const checkingSchema = z.strictObject({
  domain: z.string().min(1),
  /** Whether the CA is to be asked for its renewal window though it said not to ask again so soon. */
  asksAnew: z.boolean().optional(),
});

export type Validation = z.output<typeof validationSchema>;
export type Issuing = z.output<typeof issuingSchema>;
export type Checking = z.output<typeof checkingSchema>;

/** Attributes of all: who the work is for, and the trace that it belongs to (W3C Trace Context). */
export interface MessageAttributes {
  readonly customer: string;
  readonly traceparent: string;
}
