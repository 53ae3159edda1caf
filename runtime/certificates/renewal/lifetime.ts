const DAY_MS = 86_400_000;
/** A certificate with less life than this is renewed earlier in it. */
const SHORT_LIFETIME_MS = 10 * DAY_MS;
/** The share of its life that a certificate has left when it is renewed. */
const SHARE_LEFT = 1 / 3;
const SHORT_SHARE_LEFT = 1 / 2;

export interface Lifetime {
  /** RFC 3339. */
  readonly notBefore: string;
  /** RFC 3339. */
  readonly notAfter: string;
}

/**
 * When a certificate is renewed for its age: with a third of its lifetime left, or a half where that is
 * short. No number of days would hold for the certificates of the next years.
 *
 * @see https://letsencrypt.org/docs/integration-guide/#when-to-renew
 */
export function renewalByAge(lifetime: Lifetime): Date {
  const lifetimeMs = lengthOf(lifetime);
  const share = lifetimeMs < SHORT_LIFETIME_MS ? SHORT_SHARE_LEFT : SHARE_LEFT;
  return new Date(Date.parse(lifetime.notAfter) - lifetimeMs * share);
}

/** The share of its lifetime that a certificate has left, from 1 to 0. */
export function shareLeft(lifetime: Lifetime, at: Date): number {
  const left = (Date.parse(lifetime.notAfter) - at.getTime()) / lengthOf(lifetime);
  return Math.min(Math.max(left, 0), 1);
}

/** When no more than the promised share of a certificate's life is left. */
export function promisedTime(lifetime: Lifetime): Date {
  return new Date(Date.parse(lifetime.notAfter) - lengthOf(lifetime) * promisedShare(lifetime));
}

/** Of its lifetime, a certificate that is served always has more than this share left. */
export function promisedShare(lifetime: Lifetime): number {
  return lengthOf(lifetime) < SHORT_LIFETIME_MS ? 1 / 3 : 1 / 4;
}

function lengthOf({ notBefore, notAfter }: Lifetime): number {
  return Math.max(Date.parse(notAfter) - Date.parse(notBefore), 1);
}
