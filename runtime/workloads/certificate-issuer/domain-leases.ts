import * as z from "zod";
import type { ObjectStore } from "../../google/object-store.ts";
import { type Clock, SYSTEM_CLOCK } from "../../workload/clock.ts";

/** How long a dead issuer keeps a domain from its successor. Renewed while the work goes on. */
const LEASE_MS = 20_000;
/** A lease that ends later than that from now was made before the clock was set back; clocks of two machines differ by far less. */
const LONGEST_LEASE_MS = 2 * LEASE_MS;
/** Storage takes one write a second for a name; this is far from it. */
const RENEWAL_MS = 6_000;
/** A little longer than a lease, so that a redelivery outlives the issuer that died. */
const MAX_WAIT_MS = 25_000;
const WAIT_PAUSE_MS = 700;
/** Of those who wait, in one instance; the rest is told to come back. */
const MAX_WAITERS = 10;

const leaseSchema = z.object({
  owner: z.string(),
  /** The order that is worked on; absent for work that has no journal. */
  orderNumber: z.number().int().positive().optional(),
  expiresAt: z.iso.datetime(),
});

export type LeaseHolder = z.output<typeof leaseSchema>;

export interface Lease {
  /** Aborts when the lease could not be renewed: somebody else may be at work by then. */
  readonly signal: AbortSignal;
  /** Ends the renewals and leaves the object: for work that its journal shows as finished, which saves a write. */
  leave(): void;
  /** Lets the next one in at once. Never throws: the lease also ends by itself. */
  release(): Promise<void>;
}

export interface LeaseRequest {
  /** Unique for each delivery. */
  readonly owner: string;
  readonly orderNumber?: number;
  /** Whether the work is still to be done: asked before waiting, and again after each pause. */
  stillNeeded(): Promise<boolean>;
  /** Whether what the holder leased the domain for is finished, its lease notwithstanding. */
  isFinished(holder: LeaseHolder): Promise<boolean>;
  readonly signal: AbortSignal;
}

export type LeaseResult =
  | { readonly kind: "held"; readonly lease: Lease }
  | { readonly kind: "not-needed" }
  | { readonly kind: "busy"; readonly until: string };

/**
 * Keeps two issuers off one domain: an object `leases/DOMAIN.json` with an owner and an expiry,
 * made and replaced under generation preconditions. On the way without rivals it costs one write.
 *
 * After getting a lease, read again what is to be done: another may have done it meanwhile.
 */
export class DomainLeases {
  readonly #objects: ObjectStore;
  readonly #clock: Clock;
  #waiters = 0;

  constructor(objects: ObjectStore, clock: Clock = SYSTEM_CLOCK) {
    this.#objects = objects;
    this.#clock = clock;
  }

  async acquire(domain: string, request: LeaseRequest): Promise<LeaseResult> {
    const name = `leases/${domain}.json`;
    const since = this.#clock.monotonicMs();
    if ((await this.#objects.create(name, this.#content(request))) === "created") {
      return this.#held(name, request, since);
    }
    if (this.#waiters >= MAX_WAITERS) return { kind: "busy", until: this.#expiry() };
    this.#waiters++;
    try {
      return await this.#takeOver(name, request);
    } finally {
      this.#waiters--;
    }
  }

  async #takeOver(name: string, request: LeaseRequest): Promise<LeaseResult> {
    const ends = this.#now + MAX_WAIT_MS;
    for (;;) {
      if (!(await request.stillNeeded())) return { kind: "not-needed" };
      const found = await this.#objects.read(name);
      const holder = found && leaseSchema.parse(JSON.parse(found.bytes.toString("utf8")));
      if (!found || !holder) {
        const since = this.#clock.monotonicMs();
        if ((await this.#objects.create(name, this.#content(request))) === "created") {
          return this.#held(name, request, since);
        }
      } else if (this.#hasEnded(holder) || (await request.isFinished(holder))) {
        const since = this.#clock.monotonicMs();
        const taken = await this.#objects.replace(name, this.#content(request), found.generation);
        if (taken === "replaced") return this.#held(name, request, since);
      }
      const pause = WAIT_PAUSE_MS * (0.5 + Math.random());
      if (this.#now + pause > ends) return { kind: "busy", until: holder?.expiresAt ?? this.#expiry() };
      await this.#clock.sleep(pause, request.signal);
    }
  }

  /** @param since when the write began that made the lease: its expiry counts from then */
  async #held(name: string, request: LeaseRequest, since: number): Promise<LeaseResult> {
    const ended = new AbortController();
    let isOver = false;
    let stopRenewing: () => void;
    let renewal = Promise.resolve();
    const leave = () => {
      isOver = true;
      stopRenewing();
      stopLapsing();
    };
    const lapse = () => {
      leave();
      ended.abort(new Error(`The lease ${name} was lost.`));
    };
    const lapseAfter = (from: number) =>
      this.#clock.after(from + LEASE_MS - this.#clock.monotonicMs(), lapse);
    let stopLapsing = lapseAfter(since);
    const renew = async () => {
      const current = await this.#own(name, request.owner);
      const from = this.#clock.monotonicMs();
      const content = this.#content(request);
      const isRenewed = current && (await this.#objects.replace(name, content, current)) === "replaced";
      if (isOver) return;
      if (!isRenewed) return lapse();
      stopLapsing();
      stopLapsing = lapseAfter(from);
    };
    // One renewal at a time: a second would find what the first wrote, and take it for a rival's.
    const renewAfter = (from: number) => {
      const pause = Math.max(0, from + RENEWAL_MS - this.#clock.monotonicMs());
      stopRenewing = this.#clock.after(pause, () => {
        const started = this.#clock.monotonicMs();
        // A renewal that fails is made good by the next, or the lease lapses.
        renewal = renew()
          .catch(() => undefined)
          .then(() => {
            if (!isOver) renewAfter(started);
          });
      });
    };
    renewAfter(since);
    const release = async () => {
      leave();
      try {
        await renewal;
        const current = await this.#own(name, request.owner);
        if (current) await this.#objects.remove(name, current);
      } catch {
        // It expires.
      }
    };
    return { kind: "held", lease: { signal: ended.signal, leave, release } };
  }

  /** The generation of the lease, if it is this owner's. */
  async #own(name: string, owner: string): Promise<string | undefined> {
    const found = await this.#objects.read(name);
    if (!found) return undefined;
    const holder = leaseSchema.parse(JSON.parse(found.bytes.toString("utf8")));
    return holder.owner === owner ? found.generation : undefined;
  }

  #hasEnded({ expiresAt }: LeaseHolder): boolean {
    const leftMs = Date.parse(expiresAt) - this.#now;
    return leftMs <= 0 || leftMs > LONGEST_LEASE_MS;
  }

  #content({ owner, orderNumber }: LeaseRequest): string {
    const content: LeaseHolder = { owner, ...(orderNumber && { orderNumber }), expiresAt: this.#expiry() };
    return JSON.stringify(content);
  }

  get #now(): number {
    return this.#clock.now().getTime();
  }

  #expiry(): string {
    return new Date(this.#now + LEASE_MS).toISOString();
  }
}
