import type {
  AcmeOrder,
  CertificateAuthority,
  NewOrderOptions,
  RenewalInfo,
} from "../../runtime/certificates/acme/certificate-authority.ts";
import {
  problem,
  TestCertificateAuthority,
} from "../../runtime/certificates/testing/certificate-authority.ts";
import type { CertificateSigner } from "../../runtime/certificates/testing/issuing-key.ts";
import type { ObjectStore } from "../../runtime/google/object-store.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** As Let's Encrypt publishes it: `capacity` at once, and all of it again every `windowMs`. */
export interface CaLimit {
  readonly capacity: number;
  readonly windowMs: number;
}

export interface CaLimits {
  readonly ordersPerAccount: CaLimit;
  readonly perRegisteredDomain: CaLimit;
  readonly perName: CaLimit;
}

/** @see https://letsencrypt.org/docs/rate-limits/ */
export const LETS_ENCRYPT: CaLimits = {
  ordersPerAccount: { capacity: 300, windowMs: 3 * HOUR_MS },
  perRegisteredDomain: { capacity: 50, windowMs: 7 * DAY_MS },
  perName: { capacity: 5, windowMs: 7 * DAY_MS },
};

/** A CA in memory that limits as the published limits say; renewals that name what they replace are free. */
export class SimulatedCa extends TestCertificateAuthority implements CertificateAuthority {
  readonly #clock: () => Date;
  readonly #limits: CaLimits | undefined;
  readonly #buckets = new Map<string, { left: number; at: number }>();
  #recalledBefore: Date | undefined;
  /** Orders refused because a limit was reached, by its name. */
  readonly limited: string[] = [];

  constructor(
    signer: CertificateSigner,
    challenges: Pick<ObjectStore, "read">,
    now: () => Date,
    limits?: CaLimits,
  ) {
    super(signer, challenges, now);
    this.#clock = now;
    this.#limits = limits;
  }

  /** Suggests that what was issued until now be renewed at once, as before a mass revocation. */
  recallAll(): void {
    this.#recalledBefore = this.#clock();
  }

  override async renewalInfo(certificateId: string): Promise<RenewalInfo | undefined> {
    const window = await super.renewalInfo(certificateId);
    if (!window) return undefined;
    // The one above opens after two thirds of the lifetime.
    const issuedAt = window.start.getTime() - (2 / 3) * this.lifetimeMs;
    const recalled = this.#recalledBefore?.getTime();
    if (recalled !== undefined && issuedAt <= recalled) {
      return { start: new Date(recalled - 2 * DAY_MS), end: new Date(recalled - DAY_MS) };
    }
    // As Let's Encrypt's does, around a third of the life that is left, or a half of a short one.
    const used = this.lifetimeMs < 10 * DAY_MS ? 1 / 2 : 2 / 3;
    const ideal = issuedAt + used * this.lifetimeMs;
    const margin = this.lifetimeMs / 100;
    return { start: new Date(ideal - margin), end: new Date(ideal + margin) };
  }

  override async newOrder(domain: string, options: NewOrderOptions = {}): Promise<AcmeOrder> {
    const order = await super.newOrder(domain, options);
    if (!this.#limits || order.replaces !== undefined) return order;
    const { ordersPerAccount, perRegisteredDomain, perName } = this.#limits;
    this.#take("orders per account", ordersPerAccount);
    this.#take(`certificates of ${domain.split(".").slice(-2).join(".")}`, perRegisteredDomain);
    this.#take(`certificates for ${domain}`, perName);
    return order;
  }

  #take(name: string, { capacity, windowMs }: CaLimit): void {
    const now = this.#clock().getTime();
    const refillMs = windowMs / capacity;
    const bucket = this.#buckets.get(name) ?? { left: capacity, at: now };
    const left = Math.min(capacity, bucket.left + (now - bucket.at) / refillMs);
    if (left < 1) {
      this.limited.push(name);
      const until = new Date(now + Math.ceil((1 - left) * refillMs));
      throw problem("rateLimited", 429, `too many ${name}`, until);
    }
    this.#buckets.set(name, { left: left - 1, at: now });
  }
}
