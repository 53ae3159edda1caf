import { AcmeProblem } from "../../certificates/acme/acme-problem.ts";
import type { Authorization, Order } from "../../certificates/acme/certificate-authority.ts";
import { currentOrder } from "./current-acme-order.ts";
import type { OrderWork } from "./order-journal.ts";
import type { IssuerPorts } from "./ports.ts";
import { UnconfirmedOrders } from "./unconfirmed-acme-orders.ts";
import { OrderFailed } from "./verdict.ts";

/**
 * Our own check, moments before, found that the domain leads to us: the CA's failed on the way, or at
 * an edge that does not know the domain yet. The next delivery makes another order.
 */
class NotYetConfirmed extends Error {
  readonly code = "NOT_YET_CONFIRMED";

  constructor(domain: string, cause: AcmeProblem) {
    super(`The CA could not confirm ${domain} yet, and is asked again: ${cause.message}`, { cause });
    this.name = "NotYetConfirmed";
  }
}

/** The order, with every authorization valid. */
export async function authorizedOrder(ports: IssuerPorts, work: OrderWork): Promise<Order> {
  const order = await currentOrder(ports, work);
  if (order.status === "pending" || order.status === "invalid") {
    // Of an invalid order, its authorizations say why.
    await Promise.all(order.authorizations.map((url) => authorize(ports, work, order, url)));
  }
  if (order.status !== "invalid") await work.journal.append("authorized", ports.now());
  return order;
}

async function authorize(
  { ca, now, registryObjects }: IssuerPorts,
  { journal, tokens, signal }: OrderWork,
  order: Order,
  url: string,
): Promise<void> {
  const { domain, orderNumber } = journal;
  let authorization = await ca.authorization(url);
  if (authorization.status === "pending") {
    const { challenge } = authorization;
    if (!challenge)
      throw new OrderFailed(`The certificate authority offers no HTTP-01 challenge for ${domain}.`);
    if (challenge.status === "pending") {
      await tokens.publish(challenge.token, await ca.keyAuthorization(challenge.token));
      signal.throwIfAborted();
      await ca.answer(challenge);
    }
    authorization = await ca.settledAuthorization(url, signal);
  }
  if (authorization.status === "valid") return;
  const failure = authorizationFailure(authorization, domain);
  const mayPass = failure instanceof AcmeProblem && failure.isUnconfirmed && !journal.has("finalizing");
  if (!mayPass) throw failure;
  await new UnconfirmedOrders(registryObjects, domain, orderNumber).pauseAfter(order.url, failure, now());
  throw new NotYetConfirmed(domain, failure);
}

function authorizationFailure({ status, challenge }: Authorization, domain: string): Error {
  return (
    challenge?.problem ??
    new OrderFailed(`The certificate authority's authorization for ${domain} is ${status}. Please try again.`)
  );
}
