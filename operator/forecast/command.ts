import { PatientApi } from "../bulk/patient-api.ts";
import { LIMITS } from "../limits.ts";
import { registeredDomains } from "../registered-domains.ts";
import type { Target } from "../target.ts";
import { printJson, table } from "../terminal/output.ts";
import { forecast, type Scenario, type ServedUntil } from "./forecast.ts";

const DAY_MS = 86_400_000;
/** What a CA gives for a certificate with a compromised key. */
const REVOKED_WITHIN_HOURS = 24;
/** @see https://letsencrypt.org/2025/12/02/from-90-to-45 */
const ANNOUNCED = [
  { from: Date.parse("2028-02-16T00:00:00Z"), days: 45 },
  { from: Date.parse("2027-02-10T00:00:00Z"), days: 64 },
  { from: 0, days: 90 },
] as const;

const always = (days: number): Scenario => ({
  name: `${days} days`,
  lifetimeMs: () => days * DAY_MS,
});

const announcedMs = (at: number) => (ANNOUNCED.find(({ from }) => at >= from)?.days ?? 90) * DAY_MS;

export const SCENARIOS: readonly Scenario[] = [
  { name: "as announced", lifetimeMs: announcedMs },
  always(64),
  always(45),
  always(6),
  { name: "all revoked", lifetimeMs: announcedMs, revokedWithinHours: REVOKED_WITHIN_HOURS },
];

export interface ForecastOptions {
  readonly json?: boolean;
  readonly days: number;
  readonly growth: number;
}

/** When limits of CA and CDN bind, with the certificates that are registered. */
export async function forecastLimits(target: Target, { json, days, growth }: ForecastOptions): Promise<void> {
  const certificates: ServedUntil[] = [];
  let unknown = 0;
  for await (const { domain, notBefore, notAfter } of registeredDomains(new PatientApi(target))) {
    if (notBefore !== null && notAfter !== null) certificates.push({ domain, notBefore, notAfter });
    else unknown += 1;
  }
  const input = { certificates, limits: LIMITS, now: new Date(), days, growth };
  const outlooks = SCENARIOS.flatMap((scenario) =>
    forecast(input, scenario).map((outlook) => ({ scenario: scenario.name, ...outlook })),
  );
  if (json) {
    printJson({ certificates: certificates.length, withoutCertificate: unknown, days, growth, outlooks });
    return;
  }
  const shown = (at: Date | undefined) => at?.toISOString().slice(0, 10) ?? "-";
  const rows = outlooks.map(({ scenario, limit, peak, bindsAt, lateAt }) => [
    scenario,
    limit,
    `${Math.round(100 * peak)} %`,
    shown(bindsAt),
    shown(lateAt),
  ]);
  process.stdout.write(
    `${certificates.length} certificates and ${growth} registrations a day, for ${days} days; ${unknown} domains have none yet.\n`,
  );
  process.stdout.write(`${table([["LIFETIMES", "LIMIT", "PEAK", "WORK WAITS", "TOO LATE"], ...rows])}\n`);
}
