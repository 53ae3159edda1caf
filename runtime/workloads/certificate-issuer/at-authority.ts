import type { ListedAuthority } from "../../certificates/acme/certificate-authorities.ts";
import { AcmeOrderAttempts } from "./acme-order-attempts.ts";
import { tellOperators } from "./ca-alerts.ts";
import { consequenceOf } from "./ca-trouble.ts";
import type { OrderWork } from "./order-journal.ts";
import type { IssuerPorts } from "./ports.ts";

/** An ACME order came to nothing that another may succeed in: the next delivery makes that. */
export class TriedAgain extends Error {
  readonly code = "TRIED_AGAIN";

  constructor(what: string, cause: Error | undefined) {
    super(`${what}${cause ? `: ${cause.message}` : "."}`, { cause });
    this.name = "TriedAgain";
  }
}

/** A step of an ACME order at its CA. What it throws is what the delivery ends with. */
export async function atAuthority<T>(
  ports: IssuerPorts,
  work: OrderWork,
  authority: ListedAuthority,
  step: () => Promise<T>,
  mayBeIssued = false,
): Promise<T> {
  try {
    return await step();
  } catch (error) {
    await tellOperators(ports, error, authority.name, work.journal.domain);
    const consequence = await consequenceOf(error, authority.name, ports, work, mayBeIssued);
    throw consequence.mayHelpElsewhere
      ? await leaveFor(ports, work, authority, consequence.error)
      : consequence.error;
  }
}

/** Leaves a CA to the next of the list, for the rest of the order number. @returns what to throw */
export async function leaveFor(
  ports: IssuerPorts,
  { journal, logger }: OrderWork,
  authority: ListedAuthority,
  error: unknown,
): Promise<unknown> {
  if (ports.authorities.at(-1) === authority) return error;
  const { domain, orderNumber } = journal;
  logger.warn({ error, domain, orderNumber, ca: authority.name }, "CA passed over");
  await new AcmeOrderAttempts(ports.registryObjects, domain, orderNumber).leave(authority.name);
  return new TriedAgain(`${authority.name} is passed over`, error instanceof Error ? error : undefined);
}
