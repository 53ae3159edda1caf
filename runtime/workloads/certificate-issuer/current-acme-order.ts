import { AcmeProblem } from "../../certificates/acme/acme-problem.ts";
import type { ListedAuthority } from "../../certificates/acme/certificate-authorities.ts";
import { type AcmeOrder, CaUnavailable } from "../../certificates/acme/certificate-authority.ts";
import { AcmeOrderAttempts, MAX_ATTEMPTS } from "./acme-order-attempts.ts";
import { acmeOrderInHand, type PlacedAcmeOrder, type Progress, progressOf } from "./acme-order-in-hand.ts";
import { tellOperators } from "./ca-alerts.ts";
import { consequenceOf } from "./ca-trouble.ts";
import { type OrderWork, OvertakenByAnother } from "./order-journal.ts";
import type { IssuerPorts } from "./ports.ts";
import { OrderFailed } from "./verdict.ts";

const GATEWAY_TIMEOUT = 504;

/**
 * Makes the ACME order, or finds the one that an earlier delivery made. Where the CA lost that one, or
 * declared it invalid though it may yet issue, another is made; where the CA can't or won't issue, the next
 * of the list is asked. Each order number begins with the first again.
 */
export async function currentAcmeOrder(ports: IssuerPorts, work: OrderWork): Promise<PlacedAcmeOrder> {
  const { authorities } = ports;
  const { journal } = work;
  const attempts = new AcmeOrderAttempts(ports.registryObjects, journal.domain, journal.orderNumber);
  const progress = await progressOf(ports, work, attempts);
  const asked = progress?.authority ?? authorities[0];
  const failures: unknown[] = [];
  for (const authority of authorities.slice(authorities.indexOf(asked))) {
    const inHand = authority === asked ? progress : undefined;
    if (progress?.left.has(authority.name) && !inHand?.finalized) continue;
    // Until it is known to be invalid, an ACME order that is finalised may become a certificate.
    let mayBeIssued = inHand?.finalized !== undefined;
    try {
      const found = inHand && (await acmeOrderInHand(ports, work, inHand));
      if (found && !(found instanceof AcmeProblem)) return found;
      mayBeIssued = false;
      return await anotherAcmeOrder(ports, work, attempts, { authority, progress, problem: found });
    } catch (error) {
      if (error instanceof AcmeProblem && error.origin !== "reply") mayBeIssued = false;
      await tellOperators(ports, error, authority.name, journal.domain);
      const consequence = await consequenceOf(error, authority.name, ports, work, mayBeIssued);
      failures.push(consequence.error);
      if (!consequence.mayHelpElsewhere) break;
      work.logger.warn({ error, domain: journal.domain, ca: authority.name }, "CA passed over");
    }
  }
  throw mildest(failures);
}

interface Another {
  readonly authority: ListedAuthority;
  /** Of all CAs, and absent for the first ACME order of the order number. */
  readonly progress: Progress | undefined;
  /** What made the one before invalid. */
  readonly problem: AcmeProblem | undefined;
}

async function anotherAcmeOrder(
  ports: IssuerPorts,
  work: OrderWork,
  attempts: AcmeOrderAttempts,
  { authority, progress, problem }: Another,
): Promise<PlacedAcmeOrder> {
  const { authorities, now } = ports;
  const { journal, tokens } = work;
  const { ca, name } = authority;
  await ca.openAccount();
  const finalizedBefore = progress?.finalizedCount ?? 0;
  if (!journal.has("ordering")) {
    if ((await journal.append("ordering", now(), { ca: name })) === "exists") {
      throw new OvertakenByAnother(journal);
    }
    const acmeOrder = await newOrder(ports, work, attempts, authority, 1);
    if ((await journal.append("ordered", now(), { orderUrl: acmeOrder.url })) === "exists") {
      throw new OvertakenByAnother(journal);
    }
    return { authority, acmeOrder, since: now(), finalizedBefore };
  }
  const first = journal.detail("ordering")?.ca ?? authorities[0].name;
  const attempt = await attempts.start(name, first, now());
  if (attempt === undefined) {
    throw problem ?? new OrderFailed(`The certificate authority took none of ${MAX_ATTEMPTS} orders.`);
  }
  // The CA asks no more for the tokens of the earlier ACME order.
  await tokens.sweep();
  const acmeOrder = await newOrder(ports, work, attempts, authority, attempt);
  await attempts.record(attempt, acmeOrder.url, now());
  await journal.append("ordered", now(), { orderUrl: acmeOrder.url });
  return { authority, acmeOrder, since: now(), finalizedBefore };
}

/** Makes the ACME order of an announced attempt, which counts unless it certainly left none. */
async function newOrder(
  { authorities }: IssuerPorts,
  { record }: OrderWork,
  attempts: AcmeOrderAttempts,
  { ca, name }: ListedAuthority,
  attempt: number,
): Promise<AcmeOrder> {
  const { domain, lifecycle, certificateId } = record;
  const isIssuers = (record.ca ?? authorities[0].name) === name;
  try {
    return await ca.newOrder(domain, {
      replaces: lifecycle === "renewing" && isIssuers ? certificateId : undefined,
    });
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

/** Of what every CA said, that which costs the least: time, then a limit, then the first one's refusal. */
function mildest(failures: readonly unknown[]): unknown {
  const isTime = (error: unknown) =>
    !(error instanceof OrderFailed) && !(error instanceof AcmeProblem && !error.isTransient);
  return (
    failures.find(isTime) ??
    failures.find((error) => error instanceof AcmeProblem && error.isLimit) ??
    failures[0] ??
    new OrderFailed("No certificate authority is left to ask.")
  );
}
