import { createPrivateKey, X509Certificate } from "node:crypto";
import type { Secret } from "../../service/secret.ts";
import { newEcdsaKey } from "../acme/account-key.ts";
import { AcmeProblem } from "../acme/acme-problem.ts";
import { CaStillWorking } from "../acme/ca-still-working.ts";
import type { Authorization, Order } from "../acme/certificate-authority.ts";
import { certificateRequest } from "../acme/certificate-request.ts";
import type { BackupDescription, CertificateWithKey } from "../backup/certificate-backups.ts";
import type { ChallengeTokens } from "./challenge-tokens.ts";
import { MAX_ATTEMPTS, OrderAttempts } from "./order-attempts.ts";
import type { OrderJournal } from "./order-journal.ts";
import type { IssuerPorts } from "./ports.ts";
import { OrderFailed } from "./verdict.ts";

export interface OrderWork {
  readonly journal: OrderJournal;
  readonly tokens: ChallengeTokens;
  readonly signal: AbortSignal;
}

/** Another delivery went on with the order in spite of our lease: it has the order now. */
export class OvertakenByAnother extends Error {
  readonly code = "OVERTAKEN";

  constructor({ domain, orderNumber }: OrderJournal) {
    super(`Another delivery is at work on order ${orderNumber} of ${domain}.`);
    this.name = "OvertakenByAnother";
  }
}

/** Sorts by age: order numbers of a domain only ever grow. */
export function versionOf(orderNumber: number): string {
  return String(orderNumber).padStart(8, "0");
}

/**
 * Takes an order from wherever it is to a certificate that is backed up.
 *
 * What was done is asked of the CA, by the order's URL; the journal says what was about to be done.
 * The private key is stored before the order is finalised, so whoever finds a finalised order can
 * fetch its certificate and use it.
 */
export async function obtainCertificate(ports: IssuerPorts, work: OrderWork): Promise<CertificateWithKey> {
  const { backups, ca, now } = ports;
  const { journal, signal } = work;
  const { domain } = journal;
  const version = versionOf(journal.orderNumber);

  const [key, authorized] = await Promise.allSettled([
    backups.orderKey(domain, version, newEcdsaKey),
    authorizedOrder(ports, work),
  ]);
  // Both are over before either's failure ends the work: nothing goes on without the lease.
  if (authorized.status === "rejected") throw authorized.reason;
  if (key.status === "rejected") throw key.reason;
  const { keyPem, dataKey } = key.value;
  const order = authorized.value;
  const chainPem = await ca.certificate(await finalizedOrder(ports, work, order, keyPem));
  const description = describe(domain, chainPem, keyPem);
  await journal.append("issued", now(), { ...description });
  signal.throwIfAborted();
  await backups.save(domain, version, { chainPem, keyPem }, dataKey, description);
  await journal.append("backed-up", now(), { ...description, version });
  return { chainPem, keyPem };
}

/** The order, with every authorization valid. */
async function authorizedOrder(ports: IssuerPorts, work: OrderWork): Promise<Order> {
  const order = await currentOrder(ports, work);
  if (order.status === "pending" || order.status === "invalid") {
    // Of an invalid order, its authorizations say why.
    await Promise.all(order.authorizations.map((url) => authorize(ports, work, url)));
  }
  if (order.status !== "invalid") await work.journal.append("authorized", ports.now());
  return order;
}

/** Makes the order, or finds the one that an earlier delivery made. */
async function currentOrder(ports: IssuerPorts, { journal }: OrderWork): Promise<Order> {
  const { ca, now } = ports;
  const { domain, orderNumber } = journal;
  if (!journal.has("ordering")) {
    if ((await journal.append("ordering", now())) === "exists") throw new OvertakenByAnother(journal);
    const order = await ca.newOrder(domain);
    if ((await journal.append("ordered", now(), { orderUrl: order.url })) === "exists") {
      throw new OvertakenByAnother(journal);
    }
    return order;
  }

  const attempts = new OrderAttempts(ports.registryObjects, domain, orderNumber);
  const further = await attempts.latest();
  const latest = further ? further.url : journal.detail("ordered")?.orderUrl;
  const url = journal.detail("finalizing")?.orderUrl ?? latest;
  const found = url === undefined ? undefined : await findOrder(ports, url);
  if (found) return found;
  if (journal.has("finalizing")) {
    throw new OrderFailed(
      "The certificate authority lost the order after it was completed. Please try again.",
    );
  }
  const attempt = await attempts.start();
  if (attempt === undefined) {
    throw new OrderFailed(`The certificate authority took none of ${MAX_ATTEMPTS} orders. Please try again.`);
  }
  const order = await ca.newOrder(domain);
  await attempts.record(attempt, order.url);
  await journal.append("ordered", now(), { orderUrl: order.url });
  return order;
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

async function authorize(
  { ca }: IssuerPorts,
  { journal, tokens, signal }: OrderWork,
  url: string,
): Promise<void> {
  let authorization = await ca.authorization(url);
  if (authorization.status === "pending") {
    const { challenge } = authorization;
    if (!challenge)
      throw new OrderFailed(`The certificate authority offers no HTTP-01 challenge for ${journal.domain}.`);
    if (challenge.status === "pending") {
      await tokens.publish(challenge.token, await ca.keyAuthorization(challenge.token));
      signal.throwIfAborted();
      await ca.answer(challenge);
    }
    authorization = await ca.settledAuthorization(url, signal);
  }
  if (authorization.status !== "valid") throw authorizationFailure(authorization, journal.domain);
}

function authorizationFailure({ status, challenge }: Authorization, domain: string): Error {
  return (
    challenge?.problem ??
    new OrderFailed(`The certificate authority's authorization for ${domain} is ${status}. Please try again.`)
  );
}

/** Finalises an order that is not yet, once. @returns where the certificate is */
async function finalizedOrder(
  { ca, now }: IssuerPorts,
  { journal, signal }: OrderWork,
  order: Order,
  keyPem: Secret<string>,
): Promise<string> {
  let current = order;
  if (current.status === "pending" || current.status === "ready") {
    const csr = await certificateRequest(journal.domain, keyPem);
    await journal.append("finalizing", now(), { orderUrl: order.url });
    // The entry is written once, so no second order is ever finalised under this number.
    if (journal.detail("finalizing")?.orderUrl !== order.url) throw new OvertakenByAnother(journal);
    try {
      current = await ca.finalize(order, csr);
    } catch (error) {
      // Also what a CA says of an order that a lost request has finalised already.
      if (!(error instanceof AcmeProblem) || !error.is("orderNotReady")) throw error;
      current = await ca.order(order.url);
      if (current.status === "pending" || current.status === "ready") throw new CaStillWorking(order.url);
    }
  }
  if (current.status !== "valid" && current.status !== "invalid") {
    current = await ca.settledOrder(order.url, signal);
  }
  if (current.status === "valid" && current.certificate) return current.certificate;
  throw (
    current.problem ??
    new OrderFailed(`The certificate authority declared the order for ${journal.domain} invalid.`)
  );
}

/** What a backup says of itself, of a chain that is ours to use. */
function describe(domain: string, chainPem: string, keyPem: Secret<string>): BackupDescription {
  const leaf = new X509Certificate(chainPem);
  if (!leaf.checkPrivateKey(createPrivateKey(keyPem.reveal())) || !leaf.checkHost(domain)) {
    throw new OrderFailed(
      `The certificate authority sent a certificate that is not for ${domain} and its key.`,
    );
  }
  return {
    notAfter: new Date(leaf.validTo).toISOString(),
    serial: leaf.serialNumber.toLowerCase(),
    issuer: leaf.issuer.replaceAll("\n", ", "),
  };
}
