import { AcmeProblem } from "../../certificates/acme/acme-problem.ts";
import type { AcmeOrder, Authorization } from "../../certificates/acme/certificate-authority.ts";
import { currentAcmeOrder } from "./current-acme-order.ts";
import type { OrderWork } from "./order-journal.ts";
import type { IssuerPorts } from "./ports.ts";
import { UnconfirmedAcmeOrders } from "./unconfirmed-acme-orders.ts";
import { OrderFailed } from "./verdict.ts";

/**
 * Our own check, moments before, found that the domain leads to us: the CA's failed on the way, or at
 * an edge that does not know the domain yet. The next delivery makes another ACME order.
 */
class NotYetConfirmed extends Error {
  readonly code = "NOT_YET_CONFIRMED";

  constructor(domain: string, cause: AcmeProblem) {
    super(`The CA could not confirm ${domain} yet, and is asked again: ${cause.message}`, { cause });
    this.name = "NotYetConfirmed";
  }
}

/** The ACME order, with every authorization valid. */
export async function authorizedAcmeOrder(ports: IssuerPorts, work: OrderWork): Promise<AcmeOrder> {
  const acmeOrder = await currentAcmeOrder(ports, work);
  if (acmeOrder.status === "pending" || acmeOrder.status === "invalid") {
    // Why it is invalid, its authorizations say.
    await Promise.all(acmeOrder.authorizations.map((url) => authorize(ports, work, acmeOrder, url)));
  }
  if (acmeOrder.status !== "invalid") await work.journal.append("authorized", ports.now());
  return acmeOrder;
}

async function authorize(
  { ca, now, registryObjects }: IssuerPorts,
  { journal, tokens, signal }: OrderWork,
  acmeOrder: AcmeOrder,
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
  await new UnconfirmedAcmeOrders(registryObjects, domain, orderNumber).pauseAfter(
    acmeOrder.url,
    failure,
    now(),
  );
  throw new NotYetConfirmed(domain, failure);
}

function authorizationFailure({ status, challenge }: Authorization, domain: string): Error {
  return (
    challenge?.problem ??
    new OrderFailed(`The certificate authority's authorization for ${domain} is ${status}. Please try again.`)
  );
}
