import type { Charge } from "./charges.ts";
import type { Wait } from "./shared-bucket.ts";

/** What was taken for one spending, until all of it is, or none can be. */
export class Taken {
  readonly #undo: (() => void)[] = [];

  /** @returns until when it must wait, where it can't be taken */
  async take({ bucket, ...asked }: Charge): Promise<Wait | undefined> {
    const result = await bucket.take(asked);
    if ("until" in result) return result;
    this.#undo.push(() => bucket.giveBack(result));
    return undefined;
  }

  giveBack(): void {
    for (const undo of this.#undo.splice(0)) undo();
  }
}
