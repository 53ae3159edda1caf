import type { CertificateAuthorities } from "../../certificates/acme/certificate-authorities.ts";
import type { Alerts } from "../../certificates/alerts/alerts.ts";
import type { CertificateBackups } from "../../certificates/backup/certificate-backups.ts";
import type { Budgets } from "../../certificates/budgets/budgets.ts";
import type { EdgeSight } from "../../certificates/edge/edge-sight.ts";
import type { DomainEvents } from "../../certificates/events/domain-events.ts";
import type { FastlyDomains } from "../../certificates/fastly/fastly-domains.ts";
import type { FastlyTls } from "../../certificates/fastly/fastly-tls.ts";
import type { Findings } from "../../certificates/registry/findings.ts";
import type { Registry } from "../../certificates/registry/registry.ts";
import type { ObjectStore } from "../../google/object-store.ts";
import type { Clock } from "../../workload/clock.ts";
import type { DomainLeases } from "./domain-leases.ts";

/** All that the issuer touches. */
export interface IssuerPorts {
  readonly registry: Registry;
  readonly findings: Findings;
  /** The registry's bucket itself, for what stands beside the journal. */
  readonly registryObjects: ObjectStore;
  readonly leases: Pick<DomainLeases, "acquire">;
  readonly budgets: Pick<Budgets, "take" | "giveBack">;
  readonly challenges: ObjectStore;
  readonly backups: CertificateBackups;
  readonly authorities: CertificateAuthorities;
  readonly tls: FastlyTls;
  readonly domains: FastlyDomains;
  readonly edge: Pick<EdgeSight, "certificate">;
  readonly alerts: Alerts;
  readonly events: DomainEvents;
  readonly now: () => Date;
  readonly sleep: Clock["sleep"];
}
