/** What is about to be done at the CA or the CDN, each with its own cost. */
export type Work =
  /** The check of a name, which links it at the CDN. */
  | "validation"
  /** An order for a name that is served by nothing yet, with its activation. */
  | "first-order"
  /** A renewal that the CA's limits count, with its activation. */
  | "renewal"
  /** A renewal that names the certificate it replaces, which the CA's limits do not count. */
  | "ari-renewal"
  /** What a renewed certificate leaves at the CDN, taken away. */
  | "cleaning"
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
  /**
   * Takes what `spending` costs of every limit that it counts for, or of none. It pays for what is done
   * within the delivery that asks: a later one asks again.
   */
  take(spending: Spending): Promise<Grant>;
  /**
   * An order that was paid for has ended without a certificate, and the CA counts certificates where it
   * counts names. At most once for each payment: more would be spent than there is.
   */
  giveBack(spending: Spending): Promise<void>;
  /** Whether a customer may register one more name now. */
  takeRegistration(customer: string): Promise<Grant>;
  /** The registration was not made: another request made it. */
  giveBackRegistration(customer: string): void;
}
