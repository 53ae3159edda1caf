import type { ApiClient } from "../api-client.ts";
import { inBulk } from "../bulk/in-bulk.ts";
import { PatientApi } from "../bulk/patient-api.ts";
import { WRITES_PER_HOUR } from "../limits.ts";
import { registeredDomains } from "../registered-domains.ts";
import type { Target } from "../target.ts";
import { Failure } from "../terminal/failure.ts";
import { paint, printJson } from "../terminal/output.ts";
import { ask, certificateOf, finding, requireCertificate, seenAtEdge } from "./certificate-api.ts";
import { type Disagreement, disagreements } from "./disagreements.ts";

const FINDING_SECONDS = 300;

export interface VerifyOptions {
  readonly json?: boolean;
  readonly all?: boolean;
  /** Seconds. */
  readonly timeout: number;
}

interface Verified {
  readonly domain: string;
  readonly outcome: "agrees" | "disagrees" | "no-certificate";
  readonly disagreements: readonly Disagreement[];
}

/** Whether backup, CDN and edge agree on one domain, or on all; changes nothing. */
export async function verifyCertificates(
  target: Target,
  name: string | undefined,
  { all = false, json, timeout }: VerifyOptions,
): Promise<void> {
  if (all === (name !== undefined)) throw new Failure("Name a domain, or give --all.");
  const api = new PatientApi(target);
  const names = name === undefined ? await served(api) : [(await requireCertificate(api, name)).domain];
  const { results, left } = await inBulk(
    names,
    async (domain) => ({ kind: "settled", result: await verifyOne(api, domain) }),
    {
      json,
      timeout,
      writesEach: 0,
      writesPerHour: WRITES_PER_HOUR,
      failed: (domain, what): Verified => ({
        domain,
        outcome: "disagrees",
        disagreements: [{ what, next: "Verify again." }],
      }),
      line: ({ domain, disagreements }) =>
        disagreements.length === 0
          ? undefined
          : `${paint("red", domain)}: ${disagreements.map(({ what, next }) => `${what} ${next}`).join(" ")}`,
    },
  );
  const of = (outcome: Verified["outcome"]) => results.filter((one) => one.outcome === outcome);
  const summary = {
    domains: names.length,
    agree: of("agrees").length,
    noCertificate: of("no-certificate").length,
    disagree: of("disagrees").map(({ domain, disagreements }) => ({ domain, disagreements })),
    left: left.length,
  };
  if (json) printJson(summary);
  else process.stdout.write(`${inSentences(summary)}\n`);
  if (summary.disagree.length > 0 || left.length > 0) process.exitCode = 1;
}

async function served(api: ApiClient): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { domain, state } of registeredDomains(api)) if (state !== "removing") names.push(domain);
  return names;
}

async function verifyOne(api: ApiClient, name: string): Promise<Verified> {
  const certificate = await certificateOf(api, name);
  if (!certificate) return { domain: name, outcome: "no-certificate", disagreements: [] };
  const { domain } = certificate;
  const found = await finding(api, await ask(api, domain, "verify"), FINDING_SECONDS);
  const named = disagreements(domain, found, await seenAtEdge(api, domain));
  return { domain, outcome: named.length === 0 ? "agrees" : "disagrees", disagreements: named };
}

function inSentences(summary: {
  readonly domains: number;
  readonly agree: number;
  readonly noCertificate: number;
  readonly disagree: readonly unknown[];
  readonly left: number;
}): string {
  const { domains, agree, noCertificate, disagree, left } = summary;
  const parts = [
    `${agree} agree in backup, CDN and edge`,
    ...(disagree.length > 0 ? [`${disagree.length} do not`] : []),
    ...(noCertificate > 0 ? [`${noCertificate} have no certificate yet`] : []),
    ...(left > 0 ? [`${left} were not reached in time`] : []),
  ];
  return `Of ${domains} domains: ${parts.join("; ")}.`;
}
