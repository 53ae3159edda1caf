/** What is about to be done at the CA or the CDN, each with its own cost. */
export type Work =
  /** An order for a name that is served by nothing yet, with its activation. */
  | "first-order"
  /** A renewal that the CA's limits count. */
  | "renewal"
  /** A renewal that names the certificate it replaces, which the CA's limits do not count. */
  | "ari-renewal"
  /** A backup brought to the CDN, without an order. */
  | "activation"
  | "removal";

export interface Spending {
  readonly work: Work;
  readonly customer: string;
  readonly domain: string;
}

export type Grant =
  | { readonly kind: "granted" }
  /** Not before `until` is asking again of use; `limit` names what is spent, as a sentence's subject. */
  | { readonly kind: "wait"; readonly until: Date; readonly limit: string };

/**
 * What all customers share, spent below the limits that the CA and the CDN publish: by all instances
 * together, with a share for each customer, and renewals before registrations.
 */
export interface Budgets {
  /** Takes what `spending` costs of every limit that it counts for, or of none. */
  take(spending: Spending): Promise<Grant>;
  /** Whether a customer may register one more name now. */
  takeRegistration(customer: string): Promise<Grant>;
}
