import type { Checking } from "../../certificates/messages.ts";
import type { DomainRecord } from "../../certificates/registry/lifecycle.ts";
import type { Outcome } from "../../workload/outcome.ts";
import { examine } from "./examine.ts";
import type { CheckDelivery, CheckerPorts } from "./ports.ts";
import { resume, revisit, tryAgain } from "./resume.ts";

/**
 * Looks at a domain, and does what is due: starts a renewal or another try, sends on what fell silent, and
 * tells of problems and of their end.
 *
 * Deliveries repeat. Whatever is begun is written to the record first, under its generation: of several
 * checks at once one begins it, and if that one dies before it says so, the record's due time has it begun
 * again.
 */
export async function checkDomain(
  ports: CheckerPorts,
  { domain, asksAnew }: Checking,
  delivery: CheckDelivery,
): Promise<Outcome> {
  const found = await ports.registry.find(domain);
  if (!found) return { kind: "dropped", reason: `${domain} is not registered.` };
  await workFor(found.record)(ports, found.record, { ...delivery, asksAnew });
  return { kind: "done" };
}

function workFor({ lifecycle }: DomainRecord) {
  switch (lifecycle) {
    case "registered":
    case "renewing":
    case "removing":
      return resume;
    case "failed":
      return tryAgain;
    case "paused":
      return revisit;
    case "active":
      return examine;
  }
}
