import { setTimeout as sleep } from "node:timers/promises";
import { AcmeProblem } from "../../certificates/acme/acme-problem.ts";
import { CaUnavailable, type Order } from "../../certificates/acme/certificate-authority.ts";
import { MAX_ATTEMPTS, OrderAttempts } from "./acme-order-attempts.ts";
import { type OrderWork, OvertakenByAnother } from "./order-journal.ts";
import type { IssuerPorts } from "./ports.ts";
import { UnconfirmedOrders } from "./unconfirmed-acme-orders.ts";
import { isFar, OrderFailed } from "./verdict.ts";

const NOT_FOUND = 404;
const GATEWAY_TIMEOUT = 504;

/**
 * Makes the order, or finds the one that an earlier delivery made. Where the CA lost that one, or
 * declared it invalid before it was finalised though it may yet confirm the domain, another is made.
 */
export async function currentOrder(ports: IssuerPorts, work: OrderWork): Promise<Order> {
  try {
    return await foundOrMade(ports, work);
  } catch (error) {
    const retryAt = error instanceof AcmeProblem && error.isTransient ? error.retryAfter : undefined;
    // Once an order may have a certificate, giving up would cost that.
    if (!retryAt || !isFar(retryAt, ports.now()) || work.journal.has("finalizing")) throw error;
    throw new OrderFailed(`The certificate authority takes no orders before ${retryAt.toISOString()}.`, {
      cause: error,
      retryAt,
    });
  }
}

async function foundOrMade(ports: IssuerPorts, work: OrderWork): Promise<Order> {
  const { ca, now } = ports;
  const { journal, tokens } = work;
  const attempts = new OrderAttempts(ports.registryObjects, journal.domain, journal.orderNumber);
  if (!journal.has("ordering")) {
    await ca.openAccount();
    if ((await journal.append("ordering", now())) === "exists") throw new OvertakenByAnother(journal);
    const order = await newOrder(ports, journal.domain, attempts, 1);
    if ((await journal.append("ordered", now(), { orderUrl: order.url })) === "exists") {
      throw new OvertakenByAnother(journal);
    }
    return order;
  }

  const latest = await attempts.latest();
  const latestUrl = latest ? latest.url : journal.detail("ordered")?.orderUrl;
  const url = journal.detail("finalizing")?.orderUrl ?? latestUrl;
  const found = url === undefined ? undefined : await ifKnown(ca.order(url));
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
  // Nobody asks for the earlier order's any more.
  await tokens.sweep();
  const order = await newOrder(ports, journal.domain, attempts, attempt);
  await attempts.record(attempt, order.url);
  await journal.append("ordered", now(), { orderUrl: order.url });
  return order;
}

/** Makes the order of an announced attempt, which counts unless it certainly left none. */
async function newOrder(
  { ca }: IssuerPorts,
  domain: string,
  attempts: OrderAttempts,
  attempt: number,
): Promise<Order> {
  try {
    return await ca.newOrder(domain);
  } catch (error) {
    // One that can't be given back counts.
    if (leftNoOrder(error)) await attempts.giveBack(attempt).catch(() => undefined);
    throw error;
  }
}

function leftNoOrder(error: unknown): boolean {
  // Of a CA that a gateway gave up on, nobody knows what it went on to do.
  if (error instanceof AcmeProblem) return error.status !== GATEWAY_TIMEOUT;
  return error instanceof CaUnavailable && !error.mayHaveTakenEffect;
}

/**
 * Waits until another order may take the place of an invalid one.
 *
 * @returns what made it invalid; `undefined` where nothing did but time
 * @throws what no other order would mend
 */
async function passingProblem(
  ports: IssuerPorts,
  { journal, signal }: OrderWork,
  order: Order,
): Promise<AcmeProblem | undefined> {
  for (const url of order.authorizations) {
    const problem = (await ifKnown(ports.ca.authorization(url)))?.challenge?.problem;
    if (!problem) continue;
    if (!problem.isUnconfirmed) throw problem;
    const unconfirmed = new UnconfirmedOrders(ports.registryObjects, journal.domain, journal.orderNumber);
    await sleep(await unconfirmed.pauseAfter(order.url, problem, ports.now()), undefined, { signal });
    return problem;
  }
  return undefined;
}

/** `undefined` for what the CA no longer knows: orders expire, and Pebble forgets all at a restart. */
async function ifKnown<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof AcmeProblem && error.status === NOT_FOUND) return undefined;
    throw error;
  }
}
