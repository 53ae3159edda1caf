import type { DomainRecord } from "../../certificates/registry/lifecycle.ts";
import type { Scope } from "./ports.ts";

export interface AuditDetail {
  /** Whose the domain was. */
  readonly previousCustomer?: string;
  /** Why the certificate that goes out of service is revoked. */
  readonly revocation?: string;
}

/** One line for each change: who did what to whose domain. */
export function audit(scope: Scope, action: string, record: DomainRecord, detail: AuditDetail = {}): void {
  scope.logger.info(
    {
      audit: {
        action,
        caller: scope.caller.email,
        customer: record.customer,
        domain: record.domain,
        orderNumber: record.orderNumber,
        ...detail,
      },
    },
    `${action} ${record.domain}`,
  );
}
