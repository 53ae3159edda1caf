import type { ObjectStore } from "../../google/object-store.ts";
import type { BudgetClock } from "./bucket-object.ts";
import type { Budgets, Grant, Spending } from "./budgets.ts";
import { type Charge, Charges } from "./charges.ts";
import { floorOf, type Limits } from "./limits.ts";
import type { Wait } from "./shared-bucket.ts";
import { Taken } from "./taken.ts";

export interface BudgetOptions {
  /** The registry's bucket. */
  readonly objects: ObjectStore;
  readonly limits: Limits;
  readonly clock: BudgetClock;
}

type Refusal = Grant & { readonly kind: "wait" };

const GRANTED: Grant = { kind: "granted" };

export function openBudgets({ objects, limits, clock }: BudgetOptions): Budgets {
  return new SharedBudgets(new Charges(objects, limits, clock), clock);
}

class SharedBudgets implements Budgets {
  readonly #charges: Charges;
  readonly #clock: BudgetClock;

  constructor(charges: Charges, clock: BudgetClock) {
    this.#charges = charges;
    this.#clock = clock;
  }

  /**
   * Looks first, so that what is refused for one limit costs nothing of the others. Where others are
   * faster between look and taking, what was taken may be spent by this instance's next one, or is lost.
   * So one is taken after the other: at once, of two instances each would get what the other lacks, and
   * neither could spend it.
   */
  async take(spending: Spending): Promise<Grant> {
    const charges = [...this.#charges.ofAll(spending), ...this.#charges.ofDomain(spending)];
    const looks = await Promise.all(charges.map(look));
    const refused = latest(looks.flatMap((refusal) => refusal ?? []));
    if (refused) return refused;

    const taken = new Taken();
    try {
      for (const charge of charges) {
        const wait = await taken.take(await withShare(charge, taken));
        if (!wait) continue;
        taken.giveBack();
        return refusalOf(charge, wait);
      }
      return GRANTED;
    } catch (error) {
      taken.giveBack();
      throw error;
    }
  }

  async giveBack(spending: Spending): Promise<void> {
    const charges = this.#charges.ofDomain(spending);
    await Promise.all(charges.map(({ bucket, tokens }) => bucket.restore(tokens)));
  }

  async takeRegistration(customer: string): Promise<Grant> {
    const charge = this.#charges.ofRegistration(customer);
    const taken = await charge.bucket.take(charge);
    return "until" in taken ? refusalOf(charge, taken) : GRANTED;
  }

  giveBackRegistration(customer: string): void {
    const { bucket, tokens, floor } = this.#charges.ofRegistration(customer);
    bucket.giveBack({ tokens, floor, leasedAt: this.#clock.now().getTime() });
  }
}

async function look(charge: Charge): Promise<Refusal | undefined> {
  const { bucket, tokens, share } = charge;
  if (!share) {
    const wait = await bucket.look(charge);
    return wait && refusalOf(charge, wait);
  }
  const left = (await share.bucket.level()) - tokens;
  const wait = await bucket.look({
    ...charge,
    floor: floorOf(bucket.capacity, left / share.bucket.capacity),
  });
  return wait && refusalOf(left < 0 ? share : charge, wait);
}

/** Takes the share, if it is there, and says how deep the bucket may be gone into for that. */
async function withShare(charge: Charge, taken: Taken): Promise<Charge> {
  const { bucket, share } = charge;
  if (!share) return charge;
  const wait = await taken.take(share);
  const partLeft = wait ? 0 : (await share.bucket.level()) / share.bucket.capacity;
  return { ...charge, floor: floorOf(bucket.capacity, partLeft) };
}

function refusalOf({ limit }: Charge, { until }: Wait): Refusal {
  return { kind: "wait", until, limit };
}

/** As long as one of them is spent, asking is of no use. */
function latest(refusals: readonly Refusal[]): Refusal | undefined {
  return refusals.reduce<Refusal | undefined>(
    (last, one) => (last && last.until >= one.until ? last : one),
    undefined,
  );
}
