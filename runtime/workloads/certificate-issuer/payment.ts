import type { Work } from "../../certificates/budgets/budgets.ts";
import type { DomainRecord } from "../../certificates/registry/lifecycle.ts";
import type { OrderJournal } from "./order-journal.ts";
import { OrderWaits } from "./order-waits.ts";
import type { IssuerPorts } from "./ports.ts";

/**
 * Takes what a work costs out of the shared budgets before any of it is done: an order starts only when
 * its activation can be paid for.
 *
 * @throws {OrderWaits} it goes on by itself when there is enough again
 */
export async function pay(
  { budgets }: Pick<IssuerPorts, "budgets">,
  { domain, customer }: DomainRecord,
  work: Work,
): Promise<void> {
  const grant = await budgets.take({ work, domain, customer });
  if (grant.kind === "granted") return;
  const until = grant.until.toISOString();
  throw new OrderWaits(
    `${domain} waits for ${grant.limit} until ${until}`,
    grant.until,
    `Waiting its turn: ${grant.limit} is spent for now. It goes on by itself, at ${until} at the latest guess.`,
    grant.limit,
  );
}

/** Of a payment that came to nothing. What can't be given back is lost: no limit is exceeded for that. */
export async function giveBack(
  { budgets }: Pick<IssuerPorts, "budgets">,
  { domain, customer }: DomainRecord,
  work: Work,
): Promise<void> {
  await budgets.giveBack({ work, domain, customer }).catch(() => undefined);
}

/** What is left to be paid for by a delivery of an order; nothing where its certificate is at the CDN. */
export function workOf({ lifecycle, certificateId }: DomainRecord, journal: OrderJournal): Work | undefined {
  if (journal.has("accepted")) return undefined;
  // A certificate that may be there was paid for by the delivery that had it made.
  if (journal.has("finalizing") || journal.has("backed-up")) return "activation";
  if (lifecycle !== "renewing") return "first-order";
  return certificateId === undefined ? "renewal" : "ari-renewal";
}
