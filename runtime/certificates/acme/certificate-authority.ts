import type { AcmeProblem } from "./acme-problem.ts";

/** @see https://www.rfc-editor.org/rfc/rfc8555#section-7.1.3 */
export interface AcmeOrder {
  readonly url: string;
  readonly status: "pending" | "ready" | "processing" | "valid" | "invalid";
  readonly authorizations: readonly string[];
  readonly finalize: string;
  /** Where the chain is, once `valid`. */
  readonly certificate: string | undefined;
  /** Why it is `invalid`, if the CA says so. */
  readonly problem: AcmeProblem | undefined;
  /** The id of the certificate that it replaces, where the CA takes it for a renewal of that one. */
  readonly replaces: string | undefined;
}

export interface NewOrderOptions {
  /**
   * `certificateIdOf` the certificate that is to be replaced, **which this CA issued**: others refuse
   * the order for it. Left out where the CA has no ARI, and where it says that the certificate was
   * replaced already, or refuses the id: a renewal never fails for what it replaces.
   */
  readonly replaces?: string | undefined;
}

/** When the CA would like a certificate to be renewed. @see https://www.rfc-editor.org/rfc/rfc9773#section-4.2 */
export interface RenewalInfo {
  readonly start: Date;
  /** Later than `start`. */
  readonly end: Date;
  /** A page for people: why the window is where it is. */
  readonly explanationUrl?: string;
  /** Before this, asking again is of no use. */
  readonly retryAfter?: Date;
}

export interface RenewalInfoOptions {
  /** Whether to ask though the CA said, the last time, not to ask again so soon. @default false */
  readonly asksAnew?: boolean | undefined;
}

/** Why a certificate is revoked, of RFC 5280's reasons those that are a subscriber's to give. */
export const REVOCATION_REASONS = [
  "unspecified",
  "keyCompromise",
  "superseded",
  "cessationOfOperation",
] as const;
export type RevocationReason = (typeof REVOCATION_REASONS)[number];

/** @see https://www.rfc-editor.org/rfc/rfc8555#section-7.1.4 */
export interface Authorization {
  readonly url: string;
  readonly status: "pending" | "valid" | "invalid" | "deactivated" | "expired" | "revoked";
  /** Absent where the CA offers no HTTP-01. */
  readonly challenge: Challenge | undefined;
}

export interface Challenge {
  readonly url: string;
  readonly status: "pending" | "processing" | "valid" | "invalid";
  /** Checked to be base64url: safe as a path segment and as an object's name. */
  readonly token: string;
  readonly problem: AcmeProblem | undefined;
}

/**
 * A CA that speaks ACME, for one account and HTTP-01. Everything is found again by its URL, so an
 * ACME order outlives the process that made it.
 *
 * Every call has a deadline and is made once (only `badNonce`, which has no effect at the CA, is
 * repeated, five times at most).
 * @throws {AcmeProblem} the CA refused. @throws {CaUnavailable} no usable answer: it says whether a write may have taken effect.
 */
export interface CertificateAuthority {
  /** What `newOrder` needs first: the account's key, and the account. Orders nothing, and is done once. @returns the account's URL */
  openAccount(): Promise<string>;
  /** **Not idempotent**: a lost reply leaves a pending ACME order behind. */
  newOrder(domain: string, options?: NewOrderOptions): Promise<AcmeOrder>;
  acmeOrder(url: string): Promise<AcmeOrder>;
  authorization(url: string): Promise<Authorization>;
  /** What the CA must read under the token. */
  keyAuthorization(token: string): Promise<string>;
  /** Tells the CA that the challenge can be validated. */
  answer(challenge: Challenge): Promise<void>;
  /** Waits, as often and as long as the CA asks, until the authorization is no longer pending. @throws {CaStillWorking} */
  settledAuthorization(url: string, signal: AbortSignal): Promise<Authorization>;
  /** @param csrPem PEM of a PKCS#10 request */
  finalize(acmeOrder: AcmeOrder, csrPem: string): Promise<AcmeOrder>;
  /** Waits until the ACME order is `valid` or `invalid`. @throws {CaStillWorking} */
  settledAcmeOrder(url: string, signal: AbortSignal): Promise<AcmeOrder>;
  /** The chain in PEM, leaf first. */
  certificate(url: string): Promise<string>;
  /**
   * When this CA, which issued the certificate, would like it to be renewed; `undefined` where it has no ARI.
   * A refusal or no answer, as for any call: the certificate's lifetime then tells when.
   */
  renewalInfo(certificateId: string, options?: RenewalInfoOptions): Promise<RenewalInfo | undefined>;
  /** Of a certificate that is revoked already, there is nothing to do. @param chainPem PEM, leaf first */
  revoke(chainPem: string, reason: RevocationReason): Promise<void>;
}

export interface CaUnavailableOptions extends ErrorOptions {
  /** @default true, what nobody knows better. */
  readonly mayHaveTakenEffect?: boolean;
}

/** No answer from the CA: a deadline, a broken connection, or a reply that is not ACME's. */
export class CaUnavailable extends Error {
  readonly code = "CA_UNAVAILABLE";
  /** Whether the request may have reached the CA, and changed something there. */
  readonly mayHaveTakenEffect: boolean;

  constructor(what: string, { mayHaveTakenEffect = true, ...options }: CaUnavailableOptions = {}) {
    super(`${what}${because(options.cause)}.`, options);
    this.name = "CaUnavailable";
    this.mayHaveTakenEffect = mayHaveTakenEffect;
  }
}

/** The CA is still at work on an ACME order or an authorization, for longer than this delivery may wait. */
export class CaStillWorking extends Error {
  readonly code = "CA_STILL_WORKING";

  constructor(what: string) {
    super(`The CA is still at work on ${what}.`);
    this.name = "CaStillWorking";
  }
}

function because(cause: unknown): string {
  return typeof cause === "object" && cause !== null && "message" in cause ? ` (${cause.message})` : "";
}
