import { X509Certificate } from "node:crypto";
import type { OrderWork } from "./order-journal.ts";
import { OrderWaits } from "./order-waits.ts";
import type { IssuerPorts } from "./ports.ts";

/** For so often, 15 s in all, one delivery looks: most activations are there by then. */
const LOOKS = 12;
const PAUSE_MS = 100;
const MAX_PAUSE_MS = 2_000;
/** Between the looks of later deliveries; Fastly may take an hour. */
const SHORTEST_WAIT_MS = 60_000;
const LONGEST_WAIT_MS = 600_000;

/**
 * Waits until the edge shows the order's certificate. "Accepted by Fastly" is not "seen at the edge": the
 * second can take an hour, and another delivery looks again. What is seen at once is never told as accepted.
 *
 * @param ids of what Fastly accepted
 * @throws {OrderWaits}
 */
export async function seenAtEdge(
  { edge, now, sleep }: IssuerPorts,
  { journal, signal }: OrderWork,
  chainPem: string,
  ids: Readonly<Record<string, string>>,
): Promise<void> {
  const { domain } = journal;
  const { fingerprint256 } = new X509Certificate(chainPem);
  let pause = PAUSE_MS;
  for (let looked = 1; ; looked++, pause = Math.min(pause * 2, MAX_PAUSE_MS)) {
    const shown = await edge.certificate(domain, signal);
    if (shown?.fingerprint256 === fingerprint256) return;
    await journal.append("accepted", now(), ids);
    if (looked === LOOKS) break;
    await sleep(pause * (0.75 + Math.random() / 2), signal);
  }
  const acceptedAt = Date.parse(journal.entry("accepted")?.at ?? now().toISOString());
  const waitMs = Math.min(Math.max(now().getTime() - acceptedAt, SHORTEST_WAIT_MS), LONGEST_WAIT_MS);
  throw new OrderWaits(
    `The edge does not show the certificate of ${domain} yet`,
    new Date(now().getTime() + waitMs),
  );
}
