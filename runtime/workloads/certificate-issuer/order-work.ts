import type { ChallengeTokens } from "./challenge-tokens.ts";
import type { OrderJournal } from "./order-journal.ts";

/** What the steps of an order share within one delivery. */
export interface OrderWork {
  readonly journal: OrderJournal;
  readonly tokens: ChallengeTokens;
  readonly signal: AbortSignal;
}
