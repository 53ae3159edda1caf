/** Calls that write, for the account. @see https://www.fastly.com/documentation/reference/api/#rate-limiting */
export const CDN_WRITES_PER_HOUR = 1_000;

/** What each piece of work costs of them. */
export const CDN_WRITES = {
  /** Link, key, certificate, activation. */
  restore: 4,
  /** Key, certificate, activation moved, old certificate and old key removed. */
  renewal: 5,
} as const;
