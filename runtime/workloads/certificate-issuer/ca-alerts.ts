import { AcmeProblem } from "../../certificates/acme/acme-problem.ts";
import type { IssuerPorts } from "./ports.ts";

/** Tells operators what they alone can mend at a CA, whether or not another CA helps the order. */
export async function tellOperators(
  { alerts }: IssuerPorts,
  error: unknown,
  ca: string,
  domain: string,
): Promise<void> {
  if (!(error instanceof AcmeProblem)) return;
  if (error.isAccounts) {
    await alerts.raise(ca, "ca-account", `${ca} does not accept our account. ${error.message}`);
  }
  if (error.unpauseUrl !== undefined) {
    const what = `${ca} has paused orders for ${domain} until somebody asks for more at ${error.unpauseUrl}`;
    await alerts.raise(domain, "ca-paused", what);
  }
}

/** A certificate shows that the CA accepts our account. What it holds against a domain, the checker clears. */
export async function accountIsWell({ alerts }: IssuerPorts, ca: string): Promise<void> {
  await alerts.clear(ca, "ca-account");
}
