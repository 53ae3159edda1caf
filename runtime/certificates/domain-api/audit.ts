import type { DomainRecord } from "../registry/lifecycle.ts";
import type { Scope } from "./ports.ts";

/** One line for each change: who did what to whose domain. */
export function audit(scope: Scope, action: string, record: DomainRecord): void {
  scope.logger.info(
    {
      audit: {
        action,
        caller: scope.caller.email,
        customer: record.customer,
        domain: record.domain,
        orderNumber: record.orderNumber,
      },
    },
    `${action} ${record.domain}`,
  );
}
