import type { AcmeProblem } from "../../certificates/acme/acme-problem.ts";
import { authorityNamed, type ListedAuthority } from "../../certificates/acme/certificate-authorities.ts";
import type { AcmeOrder } from "../../certificates/acme/certificate-authority.ts";
import type { AcmeOrderAttempts } from "./acme-order-attempts.ts";
import { ifKnown, justGiven } from "./just-given.ts";
import type { OrderWork } from "./order-journal.ts";
import type { IssuerPorts } from "./ports.ts";
import { UnconfirmedAcmeOrders } from "./unconfirmed-acme-orders.ts";
import { OrderFailed } from "./verdict.ts";

/** A finalised order costs one of few certificates, so that it is looked for much longer. */
export const FINALIZED_LAG_MS = 600_000;

/** An ACME order, and where it is. */
export interface PlacedAcmeOrder {
  readonly authority: ListedAuthority;
  readonly acmeOrder: AcmeOrder;
  /** When the CA gave its URL. */
  readonly since: Date;
  /** How many ACME orders of the order number were finalised before, all of them invalid. */
  readonly finalizedBefore: number;
}

/** What earlier deliveries left at CAs. */
export interface Progress {
  /** The CA asked last; `undefined` where it is off the list. */
  readonly authority: ListedAuthority | undefined;
  readonly url: string | undefined;
  readonly since: Date;
  /** The ACME order that was finalised last. */
  readonly finalized: { readonly url: string; readonly authority: ListedAuthority | undefined } | undefined;
  readonly finalizedCount: number;
  /** Names of CAs that are asked no more under this order number. */
  readonly left: ReadonlySet<string>;
}

/** `undefined` for an order of which no CA was asked anything yet. */
export async function progressOf(
  { authorities }: IssuerPorts,
  { journal }: OrderWork,
  attempts: AcmeOrderAttempts,
): Promise<Progress | undefined> {
  const ordering = journal.entry("ordering");
  if (!ordering) return undefined;
  const finalizing = journal.detail("finalizing");
  const [{ latest, left }, others] = await Promise.all([
    attempts.read(),
    finalizing ? attempts.finalized() : [],
  ]);
  const ordered = journal.entry("ordered");
  const first = { ca: ordering.detail.ca, url: ordered?.detail.orderUrl, since: (ordered ?? ordering).at };
  const { ca, url, since } = latest ?? first;
  const all = finalizing ? [finalizing, ...others] : others;
  const last = all.at(-1);
  return {
    authority: authorityNamed(authorities, ca),
    url,
    since: new Date(since),
    finalized:
      last?.orderUrl === undefined
        ? undefined
        : { url: last.orderUrl, authority: authorityNamed(authorities, last.ca) },
    finalizedCount: all.length,
    left,
  };
}

/**
 * The ACME order to go on with; `undefined`, or what made it invalid, where another may be made.
 *
 * @throws what no other ACME order at that CA would mend
 */
export async function acmeOrderInHand(
  ports: IssuerPorts,
  work: OrderWork,
  progress: Progress,
): Promise<PlacedAcmeOrder | AcmeProblem | undefined> {
  const { journal, signal } = work;
  const { finalized, finalizedCount } = progress;
  if (finalized) {
    const { authority, url } = finalized;
    if (!authority) throw new OrderFailed("The certificate authority of the order is asked no more.");
    const since = new Date(journal.entry("finalizing")?.at ?? progress.since);
    const acmeOrder = await ifKnown(
      justGiven(ports, () => authority.ca.acmeOrder(url), { since, signal, lagMs: FINALIZED_LAG_MS }),
    );
    if (!acmeOrder) {
      throw new OrderFailed("The certificate authority lost the order after it was completed.");
    }
    if (acmeOrder.status !== "invalid") {
      return { authority, acmeOrder, since, finalizedBefore: finalizedCount - 1 };
    }
    if (progress.url === url) return passingProblem(ports, work, authority, acmeOrder);
  }
  const { authority, url, since } = progress;
  if (!authority || url === undefined) return undefined;
  const acmeOrder = await ifKnown(justGiven(ports, () => authority.ca.acmeOrder(url), { since, signal }));
  if (!acmeOrder) return undefined;
  if (acmeOrder.status === "invalid") return passingProblem(ports, work, authority, acmeOrder);
  return { authority, acmeOrder, since, finalizedBefore: finalizedCount };
}

/**
 * Waits until another ACME order may take the place of an invalid one, which is final.
 *
 * @returns what made it invalid; `undefined` where nothing did but time
 * @throws what no other ACME order would mend
 * @see https://www.rfc-editor.org/rfc/rfc8555#section-7.1.6
 */
async function passingProblem(
  ports: IssuerPorts,
  { journal, signal }: OrderWork,
  { ca }: ListedAuthority,
  acmeOrder: AcmeOrder,
): Promise<AcmeProblem | undefined> {
  for (const url of acmeOrder.authorizations) {
    const problem = (await ifKnown(ca.authorization(url)))?.challenge?.problem;
    if (!problem || problem.isInternal) continue;
    if (!problem.isUnconfirmed) throw problem;
    const unconfirmed = new UnconfirmedAcmeOrders(ports.registryObjects, journal.domain, journal.orderNumber);
    await ports.sleep(await unconfirmed.pauseAfter(acmeOrder.url, problem, ports.now()), signal);
    return problem;
  }
  const { problem } = acmeOrder;
  if (problem && !problem.isInternal) throw problem;
  return problem;
}
