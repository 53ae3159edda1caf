import { getDomain } from "tldts";
import type { ObjectStore } from "../../google/object-store.ts";
import type { BudgetClock } from "./bucket-object.ts";
import type { Spending, Work } from "./budgets.ts";
import { type Limits, type Rates, ratesOf, WRITES } from "./limits.ts";
import { type Asked, SharedBucket } from "./shared-bucket.ts";
import type { TokenRate } from "./token-bucket.ts";

/** Of buckets that an instance knows: the one that was used longest ago is forgotten, with what was leased of it. */
const MAX_BUCKETS = 5_000;

/** So many tokens of a bucket, above a floor. */
export interface Charge extends Asked {
  readonly bucket: SharedBucket;
  /** What the bucket is for, as a sentence's subject. */
  readonly limit: string;
  /** What of it is the customer's, where customers have shares. */
  readonly share?: Charge;
}

/** Which buckets each work is charged to. They are objects `budgets/…`, and full ones need no object. */
export class Charges {
  readonly #objects: ObjectStore;
  readonly #rates: Rates;
  readonly #clock: BudgetClock;
  readonly #buckets = new Map<string, SharedBucket>();

  constructor(objects: ObjectStore, limits: Limits, clock: BudgetClock) {
    this.#objects = objects;
    this.#rates = ratesOf(limits);
    this.#clock = clock;
  }

  /**
   * Of buckets that many domains are charged to, as they are to be taken: whoever is too late for one
   * loses what he has of those before it, which costs least where tokens soon flow in again.
   */
  ofAll(spending: Spending): readonly Charge[] {
    return [...this.#writesOf(spending), ...this.#ordersOf(spending)];
  }

  /** Of buckets of the domain's own, of which a token takes hours or days to come back: the scarcest last. */
  ofDomain({ work, domain }: Spending): readonly Charge[] {
    if (!isCountedByCa(work)) return [];
    const registered = getDomain(domain, { allowPrivateDomains: true }) ?? domain;
    const charge = (kind: string, name: string, rate: TokenRate, what: string): Charge => ({
      bucket: this.#bucket(`ca/${kind}/${name}`, rate),
      tokens: 1,
      floor: 0,
      line: "",
      limit: `The certificate authority's limit of certificates ${what} ${name}`,
    });
    return [
      charge("domains", registered, this.#rates.domain, "in"),
      charge("names", domain, this.#rates.name, "for"),
    ];
  }

  ofRegistration(customer: string): Charge {
    return this.#share("registrations", this.#rates.registrations, 1, customer, "registrations");
  }

  #ordersOf({ work, customer }: Spending): readonly Charge[] {
    if (!isCountedByCa(work)) return [];
    const { orders, ordersShare } = this.#rates;
    const charge: Charge = {
      bucket: this.#bucket("ca/orders", orders),
      tokens: 1,
      floor: 0,
      line: work === "first-order" ? customer : "",
      limit: "The certificate authority's limit of orders",
    };
    if (work === "renewal") return [charge];
    const share = this.#share("ca/orders", ordersShare, 1, customer, "the certificate authority's orders");
    return [{ ...charge, share }];
  }

  #writesOf({ work, customer }: Spending): readonly Charge[] {
    const { writes, writesShare, renewalWrites } = this.#rates;
    const tokens = WRITES[work];
    const charge: Charge = {
      bucket: this.#bucket("cdn/writes", writes),
      tokens,
      floor: 0,
      line: isRenewal(work) ? "" : customer,
      limit: "The delivery network's limit of changes",
    };
    // Their own first, of which there is less: who gets of it finds enough of all.
    if (isRenewal(work)) return [{ ...charge, bucket: this.#bucket("cdn/renewals", renewalWrites) }, charge];
    const share = this.#share("cdn/writes", writesShare, tokens, customer, "the delivery network's changes");
    return [{ ...charge, share }];
  }

  #share(kind: string, rate: TokenRate, tokens: number, customer: string, ofWhat: string): Charge {
    const bucket = this.#bucket(`${kind}/${encodeURIComponent(customer)}`, rate);
    return { bucket, tokens, floor: 0, line: "", limit: `The customer's share of ${ofWhat}` };
  }

  #bucket(name: string, rate: TokenRate): SharedBucket {
    const known = this.#buckets.get(name);
    const bucket = known ?? new SharedBucket(this.#objects, `budgets/${name}.json`, rate, this.#clock);
    // Maps keep the order of insertion.
    this.#buckets.delete(name);
    this.#buckets.set(name, bucket);
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > MAX_BUCKETS && oldest !== undefined) this.#buckets.delete(oldest);
    return bucket;
  }
}

function isCountedByCa(work: Work): boolean {
  return work === "first-order" || work === "renewal";
}

function isRenewal(work: Work): boolean {
  return work === "renewal" || work === "ari-renewal" || work === "cleaning";
}
