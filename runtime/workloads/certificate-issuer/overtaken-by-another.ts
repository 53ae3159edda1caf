import type { OrderJournal } from "./order-journal.ts";

/** Another delivery went on with the order in spite of our lease: it has the order now. */
export class OvertakenByAnother extends Error {
  readonly code = "OVERTAKEN";

  constructor({ domain, orderNumber }: OrderJournal) {
    super(`Another delivery is at work on order ${orderNumber} of ${domain}.`);
    this.name = "OvertakenByAnother";
  }
}
