import { type DomainView, viewOf } from "../../certificates/registry/view.ts";
import { findOwned } from "./owned-domain.ts";
import type { Ports, Scope } from "./ports.ts";

export async function showDomain(ports: Ports, scope: Scope, domain: string): Promise<DomainView> {
  const record = await findOwned(ports, scope, domain);
  return viewOf(record, await ports.registry.journal(record.domain, record.orderNumber));
}
