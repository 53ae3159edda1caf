import { readFileSync } from "node:fs";
import { exchange } from "../../local/command-line/exchange.ts";
import { FASTLY_API_TOKEN } from "../../local/daemon/cloud.ts";
import type { LocalPlatform } from "./local-platform.ts";

interface Listed {
  readonly data: readonly { readonly id: string }[];
  readonly meta: { readonly record_count: number };
}

/** A request to the local Fastly API, as an operator with the token would make it. */
export async function fastly(platform: LocalPlatform, method: string, path: string): Promise<unknown> {
  const { kernel } = platform.cloud;
  const { status, text } = await exchange({
    port: kernel.ports.fastlyApi,
    ca: readFileSync(kernel.authority.caFile),
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
export async function countActivations(platform: LocalPlatform, domain: string): Promise<number> {
  return (await activations(platform, domain)).length;
}

/** How many resources of a kind Fastly has, `private_keys` for one. */
export async function countAtFastly(platform: LocalPlatform, collection: string): Promise<number> {
  const { meta } = (await fastly(platform, "GET", `/tls/${collection}`)) as Listed;
  return meta.record_count;
}

/** What an accident at Fastly would do: the domain's activations are gone. */
export async function forgetActivations(platform: LocalPlatform, domain: string): Promise<void> {
  for (const id of await activations(platform, domain))
    await fastly(platform, "DELETE", `/tls/activations/${id}`);
}

async function activations(platform: LocalPlatform, domain: string): Promise<readonly string[]> {
  const path = `/tls/activations?filter%5Btls_domain.id%5D=${domain}`;
  return ((await fastly(platform, "GET", path)) as Listed).data.map(({ id }) => id);
}
