import { setTimeout as delay } from "node:timers/promises";
import { ApiClient, type DomainResource } from "./api-client.ts";
import type { Target } from "./target.ts";
import { Failure } from "./terminal/failure.ts";
import { paint, printJson, progressStream, table } from "./terminal/output.ts";

const POLL_MS = 100;
const SETTLED = ["active", "failed"];

interface Options {
  readonly json?: boolean;
}

interface WaitOptions extends Options {
  readonly wait?: boolean;
  /** Seconds. */
  readonly timeout: number;
}

export async function addDomain(target: Target, name: string, options: WaitOptions): Promise<void> {
  const api = new ApiClient(target);
  const { body } = await api.call("POST", "/v1/domains", { domain: name });
  let resource = body as DomainResource;
  if (resource.normalizedFrom && !options.json) {
    process.stdout.write(`${resource.normalizedFrom} is registered as ${resource.domain}.\n`);
  }
  if (options.wait) {
    resource = await followDomain(api, resource.domain, options.timeout, (phase, at) => {
      progressStream(options.json).write(`${paint("dim", at)}  ${phase}\n`);
    });
  }
  if (options.json) printJson(shown(resource));
  else process.stdout.write(`${summary(resource)}\n`);
  if (resource.state === "active" && !options.json)
    process.stdout.write(`${howToSee(target, resource.domain)}\n`);
  if (resource.state === "failed") process.exitCode = 1;
}

export async function showDomain(target: Target, name: string, options: Options): Promise<void> {
  const api = new ApiClient(target);
  const resource = await findDomain(api, name);
  if (!resource) throw new Failure(`${name} is not registered.`);
  if (options.json) {
    printJson(shown(resource));
    return;
  }
  process.stdout.write(`${summary(resource)}\n`);
  const { ownership } = resource;
  if (ownership) {
    const value = ownership.method === "txt" ? `"${ownership.value}"` : ownership.value;
    process.stdout.write(
      `  shown to be its customer's by ${ownership.name} ${ownership.method.toUpperCase()} ${value}\n`,
    );
  }
  for (const { phase, at } of resource.phases) process.stdout.write(`  ${paint("dim", at)}  ${phase}\n`);
}

export async function listDomains(target: Target, options: Options): Promise<void> {
  const api = new ApiClient(target);
  const all: DomainResource[] = [];
  let pageToken: string | undefined;
  do {
    const query = pageToken === undefined ? "" : `?pageToken=${encodeURIComponent(pageToken)}`;
    const { body } = await api.call("GET", `/v1/domains${query}`);
    const page = body as { domains: DomainResource[]; nextPageToken: string | null };
    all.push(...page.domains);
    pageToken = page.nextPageToken ?? undefined;
  } while (pageToken !== undefined);
  if (options.json) printJson({ domains: all });
  else if (all.length === 0) process.stdout.write("No domain is registered.\n");
  else {
    const rows = all.map(({ domain, state, notAfter, reason }) => [
      domain,
      state,
      notAfter ?? "",
      reason ?? "",
    ]);
    process.stdout.write(`${table([["DOMAIN", "STATE", "NOT AFTER", "REASON"], ...rows])}\n`);
  }
}

export async function checkDomain(target: Target, name: string, options: Options): Promise<void> {
  const api = new ApiClient(target);
  const { body } = await api.call("POST", `/v1/domains/${encodeURIComponent(name)}/certificate:check`);
  if (options.json) printJson(shown(body as DomainResource));
  else
    process.stdout.write(
      `${name} is being checked; npm run domains -- show ${name} tells what came of it.\n`,
    );
}

export async function removeDomain(
  target: Target,
  name: string,
  options: WaitOptions & { readonly revoke?: string },
): Promise<void> {
  const api = new ApiClient(target);
  const query = options.revoke === undefined ? "" : `?revoke=${encodeURIComponent(options.revoke)}`;
  const { body } = await api.call("DELETE", `/v1/domains/${encodeURIComponent(name)}${query}`);
  if (options.wait) {
    await until(options.timeout, `${name} to be gone`, async () =>
      (await findDomain(api, name)) === undefined ? true : undefined,
    );
  }
  if (options.json) printJson(options.wait ? { domain: name, state: "removed" } : body);
  else process.stdout.write(`${name} is ${options.wait ? "removed" : "being removed"}.\n`);
}

/** Tells of each phase as it happens, until the domain is active or failed. @throws {Failure} after `seconds`. */
export async function followDomain(
  api: ApiClient,
  domain: string,
  seconds: number,
  onPhase: (phase: string, at: string) => void,
): Promise<DomainResource> {
  let told = 0;
  return until(seconds, `${domain} to be active`, async () => {
    const resource = await findDomain(api, domain);
    if (!resource) throw new Failure(`${domain} was removed meanwhile.`);
    for (const { phase, at } of resource.phases.slice(told)) onPhase(phase, at);
    told = Math.max(told, resource.phases.length);
    return SETTLED.includes(resource.state) ? resource : undefined;
  });
}

async function findDomain(api: ApiClient, name: string): Promise<DomainResource | undefined> {
  return (await api.find(`/v1/domains/${encodeURIComponent(name)}`)) as DomainResource | undefined;
}

export async function until<Result>(
  seconds: number,
  what: string,
  poll: () => Promise<Result | undefined>,
): Promise<Result> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const result = await poll();
    if (result !== undefined) return result;
    if (Date.now() > deadline)
      throw new Failure(`Waited ${seconds} s for ${what}; npm run logs may tell why.`);
    await delay(POLL_MS);
  }
}

/** What a person can paste to see the domain. */
export function howToSee({ edge }: Target, domain: string): string {
  const { address, port, caFile } = edge;
  if (address === undefined || caFile === undefined) return `See https://${domain}/`;
  const file = /\s/.test(caFile) ? `'${caFile}'` : caFile;
  return `Try: curl --cacert ${file} --resolve ${domain}:${port}:${address} https://${domain}:${port}/`;
}

/** The shape of `domains show --json`, kept stable. */
function shown({ domain, state, reason, orderNumber, notAfter, phases }: DomainResource) {
  return { domain, state, reason, orderNumber, notAfter, phases };
}

function summary({ domain, state, reason, notAfter, retryAt }: DomainResource): string {
  const colour = state === "active" ? "green" : state === "failed" ? "red" : "yellow";
  const until = notAfter && state === "active" ? `, certificate valid until ${notAfter}` : "";
  const why = reason ? `: ${reason}` : "";
  const again = retryAt ? ` Another try is of use from ${retryAt}.` : "";
  return `${domain} is ${paint(colour, state)}${until}${why}${again}`;
}
