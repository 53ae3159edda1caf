import { parseDomainName, ruleForReserved } from "../../certificates/domain-name.ts";
import { invalidField } from "./problem.ts";

export interface RequestedName {
  readonly domain: string;
  /** The name as the request wrote it, where that is not its one form. */
  readonly normalizedFrom?: string | undefined;
}

/** @throws {ProblemError} 400 with the rule. */
export function requestedName(input: string): RequestedName {
  const name = parseDomainName(input);
  if (name.kind === "invalid") throw invalidField("domain", name.rule, input);
  return name;
}

/**
 * A name to be registered: no reserved one, and none of the platform's own, which lead to the edge as
 * customers' do, so that whoever registered one would be issued a certificate for it.
 *
 * @throws {ProblemError} 400 with the rule.
 */
export function requestedNewName(input: string, reservedZone: string): RequestedName {
  const name = requestedName(input);
  if (name.domain === reservedZone || name.domain.endsWith(`.${reservedZone}`)) {
    const rule = `must not be in ${reservedZone}, which belongs to the platform itself`;
    throw invalidField("domain", rule, input);
  }
  const reserved = ruleForReserved(name.domain);
  if (reserved) throw invalidField("domain", reserved, input);
  return name;
}
