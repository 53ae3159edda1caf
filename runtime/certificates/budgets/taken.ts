import type { Charge } from "./charges.ts";
import type { Wait } from "./shared-bucket.ts";

/** What was taken for one spending, until all of it is, or none can be. */
export class Taken {
  readonly #undo: (() => void)[] = [];

  /** @returns the charges that must wait. @throws what the first that failed did, when all are settled */
  async takeAll(
    charges: readonly Charge[],
  ): Promise<readonly { readonly charge: Charge; readonly wait: Wait }[]> {
    const results = await Promise.allSettled(
      charges.map(async (charge) => {
        const result = await charge.bucket.take(charge);
        if ("until" in result) return [{ charge, wait: result }];
        this.#undo.push(() => charge.bucket.giveBack(result));
        return [];
      }),
    );
    return results.flatMap((result) => {
      if (result.status === "rejected") throw result.reason;
      return result.value;
    });
  }

  giveBack(): void {
    for (const undo of this.#undo.splice(0)) undo();
  }
}
