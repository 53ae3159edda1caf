import type { CertificateAuthority } from "../../certificates/acme/certificate-authority.ts";
import type { Alerts } from "../../certificates/alerts/alerts.ts";
import type { DnsRules } from "../../certificates/dns/check-dns.ts";
import type { EdgeSight } from "../../certificates/edge/edge-sight.ts";
import type { Registry } from "../../certificates/registry/registry.ts";
import type { Topic } from "../../google/publisher.ts";
import type { Clock } from "../../workload/clock.ts";
import type { Delivery } from "../../workload/push.ts";

/** All that the checker touches. */
export interface CheckerPorts {
  readonly registry: Registry;
  readonly alerts: Alerts;
  readonly dnsRules: DnsRules;
  readonly sight: Pick<EdgeSight, "look">;
  readonly authorities: readonly {
    readonly name: string;
    readonly ca: Pick<CertificateAuthority, "renewalInfo">;
  }[];
  readonly validation: Pick<Topic, "publish">;
  readonly issuing: Pick<Topic, "publish">;
  readonly now: () => Date;
  readonly sleep: Clock["sleep"];
}

/** One check's circumstances. */
export interface CheckDelivery extends Pick<Delivery, "trace" | "logger" | "signal"> {
  /** Whether the CA is asked for its renewal window though it said not to ask again so soon. */
  readonly asksAnew?: boolean | undefined;
}
