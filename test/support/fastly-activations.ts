import { readFileSync } from "node:fs";
import { FASTLY_API_TOKEN } from "../../local/daemon/cloud.ts";
import type { CloudStatus } from "../../local/daemon/control.ts";
import { exchange } from "../../operator/exchange.ts";

interface Listed {
  readonly data: readonly { readonly id: string }[];
  readonly meta: { readonly record_count: number };
}

/** A request to the local Fastly API, as an operator with the token would make it. */
export async function fastly(cloud: CloudStatus, method: string, path: string): Promise<unknown> {
  const { status, text } = await exchange({
    port: cloud.ports.fastlyApi,
    ca: readFileSync(cloud.caFile),
    servername: "localhost",
    method,
    path,
    headers: { "fastly-key": FASTLY_API_TOKEN, accept: "application/vnd.api+json" },
    deadlineMs: 5_000,
  });
  if (status >= 400) throw new Error(`${method} ${path}: ${status} ${text}`);
  return text === "" ? undefined : JSON.parse(text);
}

/** How many TLS activations Fastly has for a domain. */
export async function countActivations(cloud: CloudStatus, domain: string): Promise<number> {
  return (await activations(cloud, domain)).length;
}

/** How many resources of a kind Fastly has, `private_keys` for one. */
export async function countAtFastly(cloud: CloudStatus, collection: string): Promise<number> {
  const { meta } = (await fastly(cloud, "GET", `/tls/${collection}`)) as Listed;
  return meta.record_count;
}

/** What an accident at Fastly would do: the domain's activations are gone. */
export async function forgetActivations(cloud: CloudStatus, domain: string): Promise<void> {
  for (const id of await activations(cloud, domain)) await fastly(cloud, "DELETE", `/tls/activations/${id}`);
}

async function activations(cloud: CloudStatus, domain: string): Promise<readonly string[]> {
  const path = `/tls/activations?filter%5Btls_domain.id%5D=${domain}`;
  return ((await fastly(cloud, "GET", path)) as Listed).data.map(({ id }) => id);
}

/** What losing the account would do: activations, certificates, keys and links are gone. */
export async function emptyFastly(cloud: CloudStatus): Promise<void> {
  for (const collection of ["/tls/activations", "/tls/certificates", "/tls/private_keys"]) {
    await removeAll(cloud, collection, "?page%5Bsize%5D=100");
  }
  await removeAll(cloud, "/domain-management/v1/domains", "?limit=100");
}

async function removeAll(cloud: CloudStatus, path: string, query: string): Promise<void> {
  for (;;) {
    const { data } = (await fastly(cloud, "GET", path + query)) as Listed;
    if (data.length === 0) return;
    for (const { id } of data) await fastly(cloud, "DELETE", `${path}/${id}`);
  }
}
