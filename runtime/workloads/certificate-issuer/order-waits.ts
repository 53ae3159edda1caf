/** An order can't go on before `dueAt`, for a reason that is nobody's fault and costs it nothing. */
export class OrderWaits extends Error {
  readonly code = "ORDER_WAITS";
  readonly dueAt: Date;
  /** For the customer, where he should know. */
  readonly shown: string | undefined;
  /** The budget that is spent, where it waits for one: the platform's monitoring counts these. */
  readonly limit: string | undefined;

  constructor(reason: string, dueAt: Date, shown?: string, limit?: string) {
    super(reason);
    this.name = "OrderWaits";
    this.dueAt = dueAt;
    this.shown = shown;
    this.limit = limit;
  }
}
