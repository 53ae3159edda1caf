import type { AccountsResource } from "../../runtime/workloads/domain-api/resources.ts";
import { ApiClient } from "../api-client.ts";
import type { Target } from "../target.ts";
import { printJson, table } from "../terminal/output.ts";

/** Our accounts at CAs, and the CAA records by which a customer lets no other have certificates. */
export async function listAccounts(target: Target, { json }: { readonly json?: boolean }): Promise<void> {
  const { accounts } = (await new ApiClient(target).call("GET", "/v1/accounts")).body as AccountsResource;
  if (json) printJson({ accounts });
  else if (accounts.length === 0) {
    process.stdout.write("No account is known yet: one is made for the first certificate.\n");
  } else {
    const rows = accounts.map(({ ca, url, since }) => [ca, url, since]);
    const records = accounts.flatMap(({ url, caaIdentities }) =>
      caaIdentities.map((identity) => `  CAA 0 issue "${identity}; accounturi=${url}"`),
    );
    process.stdout.write(
      `${table([["CA", "ACCOUNT", "SINCE"], ...rows])}\n\nA customer pins them by\n${records.join("\n")}\n`,
    );
  }
}
