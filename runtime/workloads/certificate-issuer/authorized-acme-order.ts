import { AcmeProblem } from "../../certificates/acme/acme-problem.ts";
import type {
  Authorization,
  CertificateAuthority,
  Challenge,
} from "../../certificates/acme/certificate-authority.ts";
import type { PlacedAcmeOrder } from "./acme-order-in-hand.ts";
import { atAuthority, leaveFor, TriedAgain } from "./at-authority.ts";
import { currentAcmeOrder } from "./current-acme-order.ts";
import { justGiven } from "./just-given.ts";
import type { OrderWork } from "./order-journal.ts";
import type { IssuerPorts } from "./ports.ts";
import { UnconfirmedAcmeOrders } from "./unconfirmed-acme-orders.ts";
import { OrderFailed } from "./verdict.ts";

/** The ACME order, with every authorization valid. */
export async function authorizedAcmeOrder(ports: IssuerPorts, work: OrderWork): Promise<PlacedAcmeOrder> {
  const placed = await currentAcmeOrder(ports, work);
  const { acmeOrder } = placed;
  if (acmeOrder.status === "pending") {
    await Promise.all(acmeOrder.authorizations.map((url) => authorize(ports, work, placed, url)));
  }
  await work.journal.append("authorized", ports.now());
  return placed;
}

async function authorize(
  ports: IssuerPorts,
  work: OrderWork,
  placed: PlacedAcmeOrder,
  url: string,
): Promise<void> {
  const { now, registryObjects } = ports;
  const { domain, orderNumber } = work.journal;
  const { authority, acmeOrder } = placed;
  const authorization = await atAuthority(ports, work, authority, () => settled(ports, work, placed, url));
  if (authorization.status === "valid") return;
  const problem = authorization.challenge?.problem;
  if (problem?.isUnconfirmed) {
    // Our own check, moments before, found that the domain leads to us: the CA's failed on the way, or at an
    // edge that does not know the domain yet.
    const unconfirmed = new UnconfirmedAcmeOrders(registryObjects, domain, orderNumber);
    await unconfirmed.pauseAfter(acmeOrder.url, problem, now());
    throw new TriedAgain(`The CA could not confirm ${domain} yet, and is asked again`, problem);
  }
  if (!problem || problem.isInternal) {
    throw new TriedAgain(`The CA's authorization for ${domain} is ${authorization.status}`, problem);
  }
  throw await leaveFor(ports, work, authority, problem);
}

async function settled(
  ports: IssuerPorts,
  { tokens, signal }: OrderWork,
  { authority: { ca }, since }: PlacedAcmeOrder,
  url: string,
): Promise<Authorization> {
  const given = <T>(ask: () => Promise<T>) => justGiven(ports, ask, { since, signal });
  const authorization = await given(() => ca.authorization(url));
  const { status, challenge } = authorization;
  if (status !== "pending") return authorization;
  if (!challenge) throw new OrderFailed("The certificate authority offers no HTTP-01 challenge.");
  if (challenge.status === "pending") {
    await tokens.publish(challenge.token, await ca.keyAuthorization(challenge.token));
    signal.throwIfAborted();
    await given(() => answer(ca, challenge, url));
  }
  return given(() => ca.settledAuthorization(url, signal));
}

/** Tells the CA to look. One that was told before, and whose reply was lost, may call that malformed. */
async function answer(ca: CertificateAuthority, challenge: Challenge, url: string): Promise<void> {
  try {
    await ca.answer(challenge);
  } catch (error) {
    if (!(error instanceof AcmeProblem) || !error.is("malformed") || error.isNotFound) throw error;
    if ((await ca.authorization(url)).challenge?.status === "pending") throw error;
  }
}
