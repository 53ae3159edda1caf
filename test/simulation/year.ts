import { CaUnavailable } from "../../runtime/certificates/acme/certificate-authority.ts";
import type { DomainRecord } from "../../runtime/certificates/registry/lifecycle.ts";
import { promisedShare, shareLeft } from "../../runtime/certificates/renewal/lifetime.ts";
import { RememberedListing } from "./remembered-listing.ts";
import { LETS_ENCRYPT } from "./simulated-ca.ts";
import { SimulatedWorld } from "./world.ts";

const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
/** For so many domains the published limits are taken as they are; for fewer, in proportion. */
const LIMITED_DOMAINS = 10_000;
/** Under these, the platform's own budgets can't be set. */
const LEAST_WRITES = 100;
const LEAST_ORDERS = 10;
const NO_LIMIT = 1_000_000;
const OUTAGE_DAY = 200;
const RECALL_DAY = 280;
const LAST_DAY = 365;
/** Renewals are counted in so many parts of a lifetime: over less, chance alone makes peaks. */
const COUNTED_PART = 18;
const SAMPLE_MS = 2 * HOUR_MS;

export interface YearOptions {
  readonly seed: number;
  readonly domains: number;
  readonly lifetimeDays: number;
  readonly outageDays: number;
  /** Between two rounds of the watcher; in the cloud it is a minute. */
  readonly roundMs: number;
  readonly checkMinutes: number;
}

const PARTS = ["growth", "quiet", "outage", "recall"] as const;
type Part = (typeof PARTS)[number];

/** The certificate with the least life left, of all that were served in a part of the year. */
export interface Least {
  share: number;
  days: number;
  /** Hours during which one had less than the promised share left. */
  lateHours: number;
}

export interface Year {
  readonly least: Readonly<Record<Part, Least>>;
  readonly renewals: number;
  /** Renewals in the busiest days, of a length by the lifetime, while all was quiet, and in the mean ones. */
  readonly peak: number;
  readonly mean: number;
  readonly mostWritesAnHour: number;
  readonly writesPerHour: number;
  readonly refusedWrites: number;
  readonly refusedOrders: readonly string[];
  readonly unserved: readonly string[];
  readonly deadLetters: number;
}

/**
 * A year of the platform's own handlers: domains come evenly, live quietly, then the CA is down for some
 * days, and later it asks at once for the renewal of everything that it has issued.
 */
export async function simulateYear(options: YearOptions): Promise<Year> {
  const { seed, domains, lifetimeDays, outageDays, roundMs, checkMinutes } = options;
  const part = domains / LIMITED_DOMAINS;
  const writesPerHour = Math.max(LEAST_WRITES, Math.round(1_000 * part));
  const ordersPer3Hours = Math.max(LEAST_ORDERS, Math.round(300 * part));
  const ordersPerAccount = { capacity: ordersPer3Hours, windowMs: 3 * HOUR_MS };
  const world = new SimulatedWorld({
    seed,
    isDirect: true,
    checkMinutes,
    caLimits: { ...LETS_ENCRYPT, ordersPerAccount },
    fastlyWritesPerHour: writesPerHour,
    budgetLimits: { ordersPer3Hours, writesPerHour, registrationsPerHour: NO_LIMIT },
  });
  const { clock, ca, fastly, pubsub } = world;
  ca.lifetimeMs = lifetimeDays * DAY_MS;
  const start = clock.monotonicMs();
  const at = (day: number) => clock.sleep(start + day * DAY_MS - clock.monotonicMs());
  const growthDays = Math.min((2 / 3) * lifetimeDays, OUTAGE_DAY / 2);
  const watch = new Observer(world, start, growthDays);

  const registering = Array.from({ length: domains }, async (_, index) => {
    await at((growthDays * index) / domains);
    await world.register(`www.shop-${index}.test`);
  });
  const incidents = async () => {
    await at(OUTAGE_DAY);
    ca.refuse = () => new CaUnavailable("The CA is down");
    await at(OUTAGE_DAY + outageDays);
    ca.refuse = () => undefined;
    await at(RECALL_DAY);
    ca.recallAll();
  };
  const isOver = () => clock.monotonicMs() >= start + LAST_DAY * DAY_MS;
  await clock.run(
    Promise.all([...registering, incidents(), watch.until(isOver), world.live(isOver, roundMs)]),
  );
  await clock.run(pubsub.idle());

  return {
    ...watch.seen(Math.max(1, Math.round(lifetimeDays / COUNTED_PART))),
    renewals: ca.finalized.length - domains,
    mostWritesAnHour: Math.max(...fastly.writes.map(({ count }) => count)),
    writesPerHour,
    refusedWrites: fastly.refused,
    refusedOrders: ca.limited,
    unserved: await world.unserved(domains),
    deadLetters: pubsub.deadLetters.length,
  };
}

/** Looks at all certificates again and again. */
class Observer {
  readonly #world: SimulatedWorld;
  readonly #start: number;
  readonly #growthDays: number;
  readonly #listing: RememberedListing;
  readonly #least = Object.fromEntries(
    PARTS.map((part) => [part, { share: 1, days: Number.POSITIVE_INFINITY, lateHours: 0 }]),
  ) as Record<Part, Least>;
  /** Certificates finalised by the end of each day. */
  readonly #finalized: number[] = [];

  constructor(world: SimulatedWorld, start: number, growthDays: number) {
    this.#world = world;
    this.#start = start;
    this.#growthDays = growthDays;
    this.#listing = new RememberedListing(world.storage.bucket("registry"));
  }

  async until(isOver: () => boolean): Promise<void> {
    const { clock, ca } = this.#world;
    for (let sample = 1; !isOver(); sample++) {
      await clock.sleep(SAMPLE_MS);
      await this.#look(clock.now());
      if (sample % (DAY_MS / SAMPLE_MS) !== 0) continue;
      this.#finalized.push(ca.finalized.length);
      await this.#forget();
    }
  }

  /** @param days for how many of them renewals are counted together */
  seen(days: number): Pick<Year, "least" | "peak" | "mean"> {
    const counts: number[] = [];
    for (let day = Math.ceil(2 * this.#growthDays); day + days < OUTAGE_DAY; day += days) {
      counts.push((this.#finalized[day + days] ?? 0) - (this.#finalized[day] ?? 0));
    }
    const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
    return { least: this.#least, peak: Math.max(...counts), mean };
  }

  async #look(now: Date): Promise<void> {
    const least = this.#least[this.#partAt((now.getTime() - this.#start) / DAY_MS)];
    let isLate = false;
    for await (const page of this.#listing.pages()) {
      for (const { notBefore, notAfter } of page) {
        if (notBefore === null || notAfter === null) continue;
        const lifetime = { notBefore, notAfter };
        const share = shareLeft(lifetime, now);
        isLate ||= share < promisedShare(lifetime);
        least.share = Math.min(least.share, share);
        least.days = Math.min(least.days, (Date.parse(notAfter) - now.getTime()) / DAY_MS);
      }
    }
    if (isLate) least.lateHours += SAMPLE_MS / HOUR_MS;
  }

  #partAt(day: number): Part {
    if (day < this.#growthDays) return "growth";
    if (day < OUTAGE_DAY) return "quiet";
    return day < RECALL_DAY ? "outage" : "recall";
  }

  /** What nobody looks at any more, so that a year fits in memory: journals of past orders, and calls. */
  async #forget(): Promise<void> {
    const { storage, fastly, ca } = this.#world;
    fastly.calls.length = 0;
    ca.calls.length = 0;
    const registry = storage.bucket("registry");
    const current = new Map((await this.#world.records()).map((record) => [record.domain, record]));
    for (const name of registry.names) {
      const [, domain = "", number] = /^orders\/([^/]+)\/(\d+)\//.exec(name) ?? [];
      if (isPast(current.get(domain), Number(number))) await registry.remove(name);
    }
  }
}

/** The order before the current one may still be looked at. */
function isPast(record: DomainRecord | undefined, orderNumber: number): boolean {
  return record !== undefined && orderNumber < record.orderNumber - 1;
}
