import { AcmeProblem } from "../../certificates/acme/acme-problem.ts";
import { type AcmeOrder, CaUnavailable } from "../../certificates/acme/certificate-authority.ts";
import { AcmeOrderAttempts, MAX_ATTEMPTS } from "./acme-order-attempts.ts";
import { type OrderWork, OvertakenByAnother } from "./order-journal.ts";
import type { IssuerPorts } from "./ports.ts";
import { UnconfirmedAcmeOrders } from "./unconfirmed-acme-orders.ts";
import { isFar, OrderFailed } from "./verdict.ts";

const NOT_FOUND = 404;
const GATEWAY_TIMEOUT = 504;

/**
 * Makes the ACME order, or finds the one that an earlier delivery made. Where the CA lost that one, or
 * declared it invalid before it was finalised though it may yet confirm the domain, another is made.
 */
export async function currentAcmeOrder(ports: IssuerPorts, work: OrderWork): Promise<AcmeOrder> {
  try {
    return await foundOrMade(ports, work);
  } catch (error) {
    const retryAt = error instanceof AcmeProblem && error.isTransient ? error.retryAfter : undefined;
    // Once there may be a certificate, giving up would cost that.
    if (!retryAt || !isFar(retryAt, ports.now()) || work.journal.has("finalizing")) throw error;
    throw new OrderFailed(`The certificate authority takes no orders before ${retryAt.toISOString()}.`, {
      cause: error,
      retryAt,
    });
  }
}

async function foundOrMade(ports: IssuerPorts, work: OrderWork): Promise<AcmeOrder> {
  const { ca, now } = ports;
  const { journal, tokens } = work;
  const attempts = new AcmeOrderAttempts(ports.registryObjects, journal.domain, journal.orderNumber);
  if (!journal.has("ordering")) {
    await ca.openAccount();
    if ((await journal.append("ordering", now())) === "exists") throw new OvertakenByAnother(journal);
    const acmeOrder = await newOrder(ports, work, attempts, 1);
    if ((await journal.append("ordered", now(), { orderUrl: acmeOrder.url })) === "exists") {
      throw new OvertakenByAnother(journal);
    }
    return acmeOrder;
  }

  const latest = await attempts.latest();
  const latestUrl = latest ? latest.url : journal.detail("ordered")?.orderUrl;
  const url = journal.detail("finalizing")?.orderUrl ?? latestUrl;
  const found = url === undefined ? undefined : await ifKnown(ca.acmeOrder(url));
  if (found && (found.status !== "invalid" || journal.has("finalizing"))) return found;
  if (journal.has("finalizing")) {
    throw new OrderFailed(
      "The certificate authority lost the order after it was completed. Please try again.",
    );
  }
  const problem = found && (await passingProblem(ports, work, found));
  await ca.openAccount();
  const attempt = await attempts.start();
  if (attempt === undefined) {
    throw (
      problem ??
      new OrderFailed(`The certificate authority took none of ${MAX_ATTEMPTS} orders. Please try again.`)
    );
  }
  // The CA asks no more for the tokens of the earlier ACME order.
  await tokens.sweep();
  const acmeOrder = await newOrder(ports, work, attempts, attempt);
  await attempts.record(attempt, acmeOrder.url);
  await journal.append("ordered", now(), { orderUrl: acmeOrder.url });
  return acmeOrder;
}

/** Makes the ACME order of an announced attempt, which counts unless it certainly left none. */
async function newOrder(
  { ca }: IssuerPorts,
  { record }: OrderWork,
  attempts: AcmeOrderAttempts,
  attempt: number,
): Promise<AcmeOrder> {
  try {
    const { domain, lifecycle, certificateId } = record;
    return await ca.newOrder(domain, { replaces: lifecycle === "renewing" ? certificateId : undefined });
  } catch (error) {
    // An attempt that can't be given back counts.
    if (leftNoAcmeOrder(error)) await attempts.giveBack(attempt).catch(() => undefined);
    throw error;
  }
}

function leftNoAcmeOrder(error: unknown): boolean {
  // Where a gateway gave up on the CA, the CA may have gone on and made one.
  if (error instanceof AcmeProblem) return error.status !== GATEWAY_TIMEOUT;
  return error instanceof CaUnavailable && !error.mayHaveTakenEffect;
}

/**
 * Waits until another ACME order may take the place of an invalid one.
 *
 * @returns what made it invalid; `undefined` where nothing did but time
 * @throws what no other ACME order would mend
 */
async function passingProblem(
  ports: IssuerPorts,
  { journal, signal }: OrderWork,
  acmeOrder: AcmeOrder,
): Promise<AcmeProblem | undefined> {
  for (const url of acmeOrder.authorizations) {
    const problem = (await ifKnown(ports.ca.authorization(url)))?.challenge?.problem;
    if (!problem) continue;
    if (!problem.isUnconfirmed) throw problem;
    const unconfirmed = new UnconfirmedAcmeOrders(ports.registryObjects, journal.domain, journal.orderNumber);
    await ports.sleep(await unconfirmed.pauseAfter(acmeOrder.url, problem, ports.now()), signal);
    return problem;
  }
  return undefined;
}

/** `undefined` for what the CA no longer knows: ACME orders expire, and Pebble forgets all at a restart. */
async function ifKnown<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof AcmeProblem && error.status === NOT_FOUND) return undefined;
    throw error;
  }
}
