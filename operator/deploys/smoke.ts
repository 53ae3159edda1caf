import { setTimeout as delay } from "node:timers/promises";
import { ApiClient } from "../api-client.ts";
import { registeredDomains } from "../registered-domains.ts";
import type { Target } from "../target.ts";
import { paint, printJson, progressStream } from "../terminal/output.ts";
import { activeDomain, type SmokeCheck, smokeChecks } from "./smoke-checks.ts";

const PAUSE_MS = 1_000;

export interface SmokeOptions {
  readonly json?: boolean;
  readonly stack: string;
  /** @default the first that is active */
  readonly domain?: string;
  /** Seconds, for all of it. */
  readonly timeout: number;
}

interface Seen {
  readonly name: string;
  readonly outcome: "passed" | "failed";
  readonly said: string;
}

/**
 * Looks whether a platform that was just deployed does what it is for, from where its users are. Changes nothing. What
 * does not hold yet is looked at again until the time is over: an edge and a firewall take a minute to hear of a change.
 */
export async function smokeTest(
  target: Target,
  { json, stack, domain, timeout }: SmokeOptions,
): Promise<void> {
  const progress = progressStream(json);
  const deadline = Date.now() + timeout * 1_000;
  const api = new ApiClient(target);
  // Where the API does not answer, its own check tells so.
  const site = domain ?? (await activeDomain(registeredDomains(api)).catch(() => undefined));
  const checks = await Promise.all(
    smokeChecks(api, site).map(async (check) => {
      const seen = await looked(check, deadline);
      const mark =
        seen.outcome === "passed" ? paint("green", "ok", progress) : paint("red", "failed", progress);
      progress.write(`${mark}  ${seen.name}: ${seen.said}.\n`);
      return seen;
    }),
  );
  if (site === undefined) progress.write("No domain is active: no site was looked at.\n");
  const failed = checks.filter(({ outcome }) => outcome === "failed").length;
  if (json) printJson({ stack, domain: site ?? null, checks });
  else {
    const said =
      failed === 0
        ? `${stack} passes all of ${checks.length} checks`
        : `${failed} of ${checks.length} checks failed`;
    process.stdout.write(`${said}.\n`);
  }
  if (failed > 0) process.exitCode = 1;
}

async function looked({ name, look }: SmokeCheck, deadline: number): Promise<Seen> {
  for (;;) {
    try {
      return { name, outcome: "passed", said: await look() };
    } catch (error) {
      const said = (error instanceof Error ? error.message : String(error)).replace(/\.$/, "");
      if (Date.now() + PAUSE_MS > deadline) return { name, outcome: "failed", said };
    }
    await delay(PAUSE_MS * (0.5 + Math.random()));
  }
}
