import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { DomainResource } from "../../runtime/workloads/domain-api/resources.ts";
import type { ApiClient } from "../api-client.ts";
import { ask, finding, seenAtEdge } from "../certificates/certificate-api.ts";
import { disagreements } from "../certificates/disagreements.ts";
import { probeEdge } from "../edge-probe.ts";
import { type Exchanged, exchange } from "../exchange.ts";
import type { Door } from "../target.ts";

const DEADLINE_MS = 10_000;
const FINDING_SECONDS = 60;
const CHALLENGES = "/.well-known/acme-challenge/";
/** As CAs make them. */
const TOKEN_BYTES = 32;

/** One thing that must hold of a platform that was just deployed. */
export interface SmokeCheck {
  readonly name: string;
  /** Looks once. Resolves with what it saw. @throws with what is wrong */
  look(): Promise<string>;
}

/** What holds of every platform, and, where a domain is active, of it. All of them read alone. */
export function smokeChecks(api: ApiClient, domain: string | undefined): readonly SmokeCheck[] {
  const { apiUrl, plain, edge, edgeHost } = api.target;
  const atEdge = edgeHost ?? domain;
  return [
    {
      name: "the API answers its operator",
      async look() {
        await api.call("GET", "/v1/domains?pageSize=1");
        return `${apiUrl.origin}/v1/domains answers`;
      },
    },
    {
      name: "the API refuses strangers",
      async look() {
        const { status } = await request(api.target.api, apiUrl.host, "/v1/domains", true);
        return must(`without a token, ${apiUrl.origin}/v1/domains`, [401, 403].includes(status), status);
      },
    },
    {
      name: "port 80 leads to HTTPS",
      look: () => leadsToHttps(plain.api, apiUrl.host),
    },
    ...(atEdge === undefined
      ? []
      : [
          { name: "the edge's port 80 leads to HTTPS", look: () => leadsToHttps(plain.edge, atEdge) },
          {
            name: "unknown challenges are all alike",
            async look() {
              const answers = await Promise.all(
                [1, 2].map(() => request(plain.edge, atEdge, `${CHALLENGES}${unknownToken()}`, false)),
              );
              const [first, second] = answers.map(({ status, text }) => `${status} ${text}`);
              const isUniform = answers.every(({ status }) => status === 404) && first === second;
              const got = answers.map(({ status }) => status).join(" and ");
              return must(`http://${atEdge}${CHALLENGES}… through edge and token proxy`, isUniform, got);
            },
          },
        ]),
    ...(domain === undefined
      ? []
      : [
          {
            name: "a customer's site is served",
            async look() {
              const { status, issuer, notAfter, isChainVerified } = await probeEdge(edge, domain);
              const signer = isChainVerified ? issuer : `${issuer}, a test CA that nothing trusts,`;
              const what = `https://${domain}/, certificate of ${signer} until ${notAfter},`;
              return must(what, status >= 200 && status < 400, status);
            },
          },
          {
            name: "backup, CDN and edge agree",
            look: () => agrees(api, domain),
          },
        ]),
  ];
}

/** The first that is served, as the API lists them. */
export async function activeDomain(
  domains: AsyncIterable<Pick<DomainResource, "domain" | "state">>,
): Promise<string | undefined> {
  for await (const { domain, state } of domains) if (state === "active") return domain;
  return undefined;
}

async function leadsToHttps(door: Door, host: string): Promise<string> {
  const path = `/smoke?${randomBytes(4).toString("hex")}`;
  const { status, headers } = await request(door, host, path, false);
  const { location = "nowhere" } = headers;
  const isRight = [301, 308].includes(status) && location === `https://${host}${path}`;
  return must(`http://${host}${path}`, isRight, `${status} to ${location}`);
}

/** By Pub/Sub and the issuer, with its key, its backups and the CDN: the longest way through the platform that changes nothing. */
async function agrees(api: ApiClient, domain: string): Promise<string> {
  const found = await finding(api, await ask(api, domain, "verify"), FINDING_SECONDS);
  const [wrong] = disagreements(domain, found, await seenAtEdge(api, domain));
  if (wrong) throw new Error(`${wrong.what} ${wrong.next}`);
  return `the issuer finds nothing wrong with ${domain}`;
}

function request(
  { address, port, caFile }: Door,
  host: string,
  path: string,
  secure: boolean,
): Promise<Exchanged> {
  const { hostname } = new URL(`http://${host}`);
  return exchange({
    host: address ?? hostname,
    port,
    secure,
    ...(secure && { servername: hostname }),
    ...(secure && caFile !== undefined && { ca: readFileSync(caFile) }),
    path,
    headers: { host },
    deadlineMs: DEADLINE_MS,
  });
}

function unknownToken(): string {
  return randomBytes(TOKEN_BYTES).toString("base64url");
}

/** @throws unless it holds */
function must(what: string, holds: boolean, got: number | string): string {
  if (!holds) throw new Error(`${what} answers ${got}`);
  return `${what} answers ${got}`;
}
