import { readFileSync } from "node:fs";
import type { ApiClient } from "../api-client.ts";
import { inBulk } from "../bulk/in-bulk.ts";
import { PatientApi } from "../bulk/patient-api.ts";
import { CDN_WRITES, WRITES_PER_HOUR } from "../limits.ts";
import type { Target } from "../target.ts";
import { Failure } from "../terminal/failure.ts";
import { paint, printJson, table } from "../terminal/output.ts";
import { type Adoptable, type Adopted, adopt, isRegistered, openVault } from "./adopt.ts";
import { candidatesIn, type Unfit } from "./candidates.ts";
import { type Dump, readDump } from "./cluster-dump.ts";
import { customersOf } from "./customers.ts";

/** Of what the CDN has without a Secret in the dump. */
const AT_CDN = "activation at the CDN";

export interface ImportOptions {
  readonly json?: boolean;
  readonly customer?: string;
  readonly customers?: string;
  readonly dryRun?: boolean;
  /** Seconds. */
  readonly timeout: number;
}

/**
 * Adopts what an older platform left, without an order at a CA. Safe to repeat, and to interrupt: nothing that is
 * there is overwritten.
 */
export async function importCertificates(
  target: Target,
  files: readonly string[],
  { json, dryRun = false, timeout, ...whose }: ImportOptions,
): Promise<void> {
  const api = new PatientApi(target);
  const { adoptables, unfit } = planOf(files.map(dumpIn), customersOf(whose));
  const vault = dryRun ? undefined : openVault(await target.vault());
  const byName = new Map(adoptables.map((one) => [one.domain, one]));
  const failed = (domain: string, why: string): Adopted => {
    return { domain, source: byName.get(domain)?.source ?? "", outcome: "failed", why };
  };
  const { results, left } = await inBulk(
    [...byName.keys()],
    async (domain) => {
      const adoptable = byName.get(domain);
      if (!adoptable) return { kind: "settled", result: failed(domain, "It is not in the plan.") };
      const result = vault ? await adopt(api, vault, adoptable) : await wouldAdopt(api, adoptable);
      return { kind: "settled", result };
    },
    {
      json,
      timeout,
      // What the CDN takes in an hour, the platform sees to afterwards.
      writesEach: 0,
      writesPerHour: WRITES_PER_HOUR,
      failed,
      line: ({ domain, outcome, why }) =>
        outcome === "failed" ? `${paint("red", domain)}: ${why}` : undefined,
    },
  );
  tell(results, unfit, left, json);
  if (left.length > 0 || results.some(({ outcome }) => outcome === "failed")) process.exitCode = 1;
}

function planOf(
  dumps: readonly Dump[],
  customerOf: (namespace: string) => string | undefined,
): { readonly adoptables: readonly Adoptable[]; readonly unfit: readonly Unfit[] } {
  const { candidates, unfit } = candidatesIn(
    dumps.flatMap(({ secrets }) => secrets),
    new Date(),
  );
  const named = new Set(candidates.map(({ domain }) => domain));
  const served = [...new Set(dumps.flatMap(({ activated }) => activated))].filter((name) => !named.has(name));
  const wanted = [
    ...candidates.map((candidate) => ({ ...candidate, candidate })),
    ...served.map((domain) => ({ domain, source: AT_CDN, namespace: "", candidate: undefined })),
  ];
  const adoptables: Adoptable[] = [];
  const strangers: Unfit[] = [];
  for (const { domain, source, namespace, candidate } of wanted) {
    const customer = customerOf(namespace);
    if (customer === undefined)
      strangers.push({ domain, source, why: "is of a namespace without a customer" });
    else adoptables.push({ domain, source, customer, candidate });
  }
  return { adoptables, unfit: [...unfit, ...strangers] };
}

async function wouldAdopt(api: ApiClient, { domain, source }: Adoptable): Promise<Adopted> {
  const outcome = (await isRegistered(api, domain)) ? "registered" : "would-adopt";
  return { domain, source, outcome, why: null };
}

function tell(
  results: readonly Adopted[],
  unfit: readonly Unfit[],
  left: readonly string[],
  json: boolean | undefined,
): void {
  const count = (outcome: Adopted["outcome"]) => results.filter((one) => one.outcome === outcome).length;
  const summary = {
    adopted: count("adopted"),
    wouldAdopt: count("would-adopt"),
    registered: count("registered"),
    failed: results.filter(({ outcome }) => outcome === "failed"),
    unfit,
    left: left.length,
  };
  if (json) {
    printJson(summary);
    return;
  }
  const rows = [
    ...results.map(({ domain, source, outcome, why }) => [domain, source, outcome, why ?? ""]),
    ...unfit.map(({ domain, source, why }) => [domain ?? "", source, "left out", why]),
  ];
  if (rows.length > 0) process.stdout.write(`${table([["DOMAIN", "FROM", "WHAT", "WHY"], ...rows])}\n`);
  process.stdout.write(
    `${summary.adopted} adopted, ${summary.wouldAdopt} to be adopted, ${summary.registered} registered already, ` +
      `${unfit.length} left out, ${summary.failed.length} failed, ${left.length} not reached.\n`,
  );
  if (summary.adopted > 0) {
    const changes = Math.round(WRITES_PER_HOUR / CDN_WRITES.restore);
    process.stdout.write(
      `The platform activates ${changes} an hour; npm run certificates -- verify --all shows when all are served.\n`,
    );
  }
}

/** @throws {Failure} */
function dumpIn(file: string): Dump {
  try {
    return readDump(readFileSync(file, "utf8"));
  } catch (error) {
    const said = error instanceof SyntaxError ? error.message : `cannot be read: ${(error as Error).message}`;
    throw new Failure(`${file} ${said}.`);
  }
}
