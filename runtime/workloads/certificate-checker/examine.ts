import type { OpenProblem, Problem } from "../../certificates/alerts/alerts.ts";
import { change } from "../../certificates/registry/change.ts";
import { isOutOfPatience } from "../../certificates/registry/due.ts";
import type { DomainRecord } from "../../certificates/registry/lifecycle.ts";
import { pause } from "../../certificates/registry/transitions.ts";
import { certificateFindings, dnsFindings, type Findings, siteFindings } from "./findings.ts";
import type { CheckDelivery, CheckerPorts } from "./ports.ts";
import { renewIfDue } from "./renew-if-due.ts";

/** Looks at a domain that is served: its name, its site, the certificate at the edge, and how long that lives. */
export async function examine(
  ports: CheckerPorts,
  record: DomainRecord,
  delivery: CheckDelivery,
): Promise<void> {
  const { domain } = record;
  const [dns, site, open] = await Promise.all([
    dnsFindings(ports.dnsRules, domain),
    siteFindings(ports, record, delivery.signal),
    ports.alerts.open(domain),
  ]);
  const leadsAway = dns["dns-elsewhere"] ?? dns["caa-forbids"];
  const renewal = await renewIfDue(ports, record, site.certificate, leadsAway, delivery);
  const findings = { ...dns, ...site.findings, ...certificateFindings(record, renewal, ports.now()) };
  await settle(ports, domain, findings, open);
  await pauseIfLeft(ports, record, dns["dns-elsewhere"], open, delivery);
}

/** Raises what is found, and clears what is over. What could not be told stays as it was. */
async function settle(
  { alerts }: CheckerPorts,
  domain: string,
  findings: Findings,
  open: readonly OpenProblem[],
): Promise<void> {
  for (const [problem, what] of Object.entries(findings) as [Problem, string | null | undefined][]) {
    const isOpen = open.some((one) => one.problem === problem);
    if (typeof what === "string" && !isOpen) await alerts.raise(domain, problem, what);
    if (what === null && isOpen) await alerts.clear(domain, problem);
  }
}

/** A name that has led elsewhere for a month is looked at, and not renewed, until it leads back. */
async function pauseIfLeft(
  { registry, alerts, now }: CheckerPorts,
  { domain }: DomainRecord,
  left: string | null | undefined,
  open: readonly OpenProblem[],
  { logger }: CheckDelivery,
): Promise<void> {
  const since = open.find(({ problem }) => problem === "dns-elsewhere")?.since;
  if (typeof left !== "string" || since === undefined || !isOutOfPatience(since, now())) return;
  const reason = `${left} That was so for 30 days, so its certificate is not renewed until it leads back.`;
  const paused = await change(registry, domain, (record) => pause(record, reason, now()));
  if (paused.kind !== "changed") return;
  logger.info({ domain, since }, "Domain paused");
  await alerts.raise(domain, "renewal-paused", reason);
}
