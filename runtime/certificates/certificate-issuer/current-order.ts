import { AcmeProblem } from "../acme/acme-problem.ts";
import type { Order } from "../acme/certificate-authority.ts";
import { MAX_ATTEMPTS, OrderAttempts } from "./order-attempts.ts";
import type { OrderWork } from "./order-work.ts";
import { OvertakenByAnother } from "./overtaken-by-another.ts";
import type { IssuerPorts } from "./ports.ts";
import { OrderFailed } from "./verdict.ts";

export interface CurrentOrder {
  readonly order: Order;
  /** Whether no other may be made under this number, should the CA not confirm the domain. */
  readonly isLast: boolean;
}

/**
 * Makes the order, or finds the one that an earlier delivery made. Where the CA lost that one, or
 * declared it invalid before it was finalised, another is made, three in all.
 *
 * Let's Encrypt takes five failed validations of a name an hour.
 * @see https://letsencrypt.org/docs/rate-limits/#authorization-failures-per-identifier-per-account
 */
export async function currentOrder(
  ports: IssuerPorts,
  { journal, tokens }: Pick<OrderWork, "journal" | "tokens">,
): Promise<CurrentOrder> {
  const { ca, now } = ports;
  const { domain, orderNumber } = journal;
  if (!journal.has("ordering")) {
    if ((await journal.append("ordering", now())) === "exists") throw new OvertakenByAnother(journal);
    const order = await ca.newOrder(domain);
    if ((await journal.append("ordered", now(), { orderUrl: order.url })) === "exists") {
      throw new OvertakenByAnother(journal);
    }
    return { order, isLast: false };
  }

  const attempts = new OrderAttempts(ports.registryObjects, domain, orderNumber);
  const further = await attempts.latest();
  const latest = further ? further.url : journal.detail("ordered")?.orderUrl;
  const url = journal.detail("finalizing")?.orderUrl ?? latest;
  const found = url === undefined ? undefined : await findOrder(ports, url);
  const isLast = journal.has("finalizing") || further?.number === MAX_ATTEMPTS;
  if (found && (found.status !== "invalid" || isLast)) return { order: found, isLast };
  if (journal.has("finalizing")) {
    throw new OrderFailed(
      "The certificate authority lost the order after it was completed. Please try again.",
    );
  }
  const attempt = await attempts.start();
  if (attempt === undefined) {
    throw new OrderFailed(`The certificate authority took none of ${MAX_ATTEMPTS} orders. Please try again.`);
  }
  // Nobody asks for the earlier order's any more.
  await tokens.sweep();
  const order = await ca.newOrder(domain);
  await attempts.record(attempt, order.url);
  await journal.append("ordered", now(), { orderUrl: order.url });
  return { order, isLast: attempt === MAX_ATTEMPTS };
}

/** `undefined` for an order that the CA no longer knows: orders expire, and Pebble forgets all at a restart. */
async function findOrder({ ca }: IssuerPorts, url: string): Promise<Order | undefined> {
  try {
    return await ca.order(url);
  } catch (error) {
    if (error instanceof AcmeProblem && error.status === 404) return undefined;
    throw error;
  }
}
