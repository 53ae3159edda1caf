import { AcmeProblem } from "../../certificates/acme/acme-problem.ts";
import { type AcmeOrder, CaStillWorking } from "../../certificates/acme/certificate-authority.ts";
import { certificateRequest } from "../../certificates/acme/certificate-request.ts";
import type { Secret } from "../../workload/secret.ts";
import { AcmeOrderAttempts } from "./acme-order-attempts.ts";
import { FINALIZED_LAG_MS, type PlacedAcmeOrder } from "./acme-order-in-hand.ts";
import { atAuthority, leaveFor, TriedAgain } from "./at-authority.ts";
import { justGiven } from "./just-given.ts";
import { type OrderWork, OvertakenByAnother } from "./order-journal.ts";
import type { IssuerPorts } from "./ports.ts";

/** Finalises an ACME order that is not yet, once. @returns where the certificate is */
export async function finalizedAcmeOrder(
  ports: IssuerPorts,
  work: OrderWork,
  placed: PlacedAcmeOrder,
  keyPem: Secret<string>,
): Promise<string> {
  const { journal, signal } = work;
  const { authority, acmeOrder } = placed;
  const { ca } = authority;
  const { url } = acmeOrder;
  const at = <T>(step: () => Promise<T>) => atAuthority(ports, work, authority, step, true);
  const given = <T>(ask: () => Promise<T>) =>
    at(() => justGiven(ports, ask, { since: placed.since, signal, lagMs: FINALIZED_LAG_MS }));
  let current = acmeOrder;
  if (current.status === "pending" || current.status === "ready") {
    const csr = certificateRequest(journal.domain, keyPem);
    await announceFinalization(ports, work, placed);
    current = await at(() => finalize(ports, work, placed, csr));
  }
  if (current.status !== "valid" && current.status !== "invalid") {
    current = await given(() => ca.settledAcmeOrder(url, signal));
  }
  if (current.status === "valid" && current.certificate) return current.certificate;
  // Which is final: no certificate will come of it.
  const { problem } = current;
  if (problem && !problem.isInternal) throw await leaveFor(ports, work, authority, problem);
  throw new TriedAgain(`The CA declared the ACME order for ${journal.domain} invalid`, problem);
}

/** So that of the ACME orders of an order number no two are finalised that may both become certificates. */
async function announceFinalization(
  { now, registryObjects }: IssuerPorts,
  { journal }: OrderWork,
  { authority: { name }, acmeOrder: { url }, finalizedBefore }: PlacedAcmeOrder,
): Promise<void> {
  await journal.append("finalizing", now(), { orderUrl: url, ca: name });
  if (journal.detail("finalizing")?.orderUrl === url) return;
  if (finalizedBefore > 0) {
    const attempts = new AcmeOrderAttempts(registryObjects, journal.domain, journal.orderNumber);
    const announced = await attempts.finalize({ orderUrl: url, ca: name }, finalizedBefore);
    if (announced?.orderUrl === url) return;
  }
  throw new OvertakenByAnother(journal);
}

async function finalize(
  ports: IssuerPorts,
  { signal }: OrderWork,
  { authority: { ca }, acmeOrder, since }: PlacedAcmeOrder,
  csr: string,
): Promise<AcmeOrder> {
  try {
    return await justGiven(ports, () => ca.finalize(acmeOrder, csr), { since, signal });
  } catch (error) {
    if (!(error instanceof AcmeProblem) || error.isTransient || error.isLimit) throw error;
    // The CA also refuses one that an earlier request has finalised, whose reply was lost; and one that it
    // refuses for good it declares invalid, and says why.
    const current = await ca.acmeOrder(acmeOrder.url);
    const isOpen = current.status === "pending" || current.status === "ready";
    if (!isOpen)
      return current.status === "invalid" ? { ...current, problem: current.problem ?? error } : current;
    throw error.is("orderNotReady") ? new CaStillWorking(acmeOrder.url) : error;
  }
}
