import { ApiClient } from "../api-client.ts";
import { registeredDomains } from "../registered-domains.ts";
import type { Target } from "../target.ts";
import { printJson, table } from "../terminal/output.ts";

const DAY_MS = 86_400_000;

/** Those that are served, soonest end first. */
export async function listCertificates(target: Target, { json }: { readonly json?: boolean }): Promise<void> {
  const served: { domain: string; state: string; notAfter: string; daysLeft: number }[] = [];
  for await (const { domain, state, notAfter } of registeredDomains(new ApiClient(target))) {
    if (notAfter === null) continue;
    const daysLeft = Math.floor((Date.parse(notAfter) - Date.now()) / DAY_MS);
    served.push({ domain, state, notAfter, daysLeft });
  }
  served.sort((a, b) => a.notAfter.localeCompare(b.notAfter));
  if (json) printJson({ certificates: served });
  else if (served.length === 0) process.stdout.write("No domain has a certificate.\n");
  else {
    const rows = served.map(({ domain, state, notAfter, daysLeft }) => [
      domain,
      state,
      notAfter,
      String(daysLeft),
    ]);
    process.stdout.write(`${table([["DOMAIN", "STATE", "NOT AFTER", "DAYS LEFT"], ...rows])}\n`);
  }
}
