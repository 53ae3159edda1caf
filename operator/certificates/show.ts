import { ApiClient } from "./api-client.ts";
import { howToSee, until } from "./domains.ts";
import { probeEdge, type Sight } from "./edge-probe.ts";
import type { Target } from "./target.ts";
import { printJson } from "./terminal/output.ts";

interface BackedUp {
  /** In the form that the API gives the name. */
  readonly domain: string;
  readonly serial: string | null;
  readonly issuer: string | null;
  readonly notAfter: string | null;
  readonly version: string | null;
}

export async function showCertificate(
  target: Target,
  name: string,
  options: { readonly json?: boolean },
): Promise<void> {
  const api = new ApiClient(target);
  const backup = (await api.call("GET", `/v1/domains/${encodeURIComponent(name)}/certificate`))
    .body as BackedUp;
  const edge = await seen(api, backup.domain);
  if (options.json) {
    printJson({ backup, edge });
    return;
  }
  process.stdout.write(
    backup.version === null
      ? "backup  none yet\n"
      : `backup  ${backup.version}  ${backup.issuer}  serial ${backup.serial}  until ${backup.notAfter}\n`,
  );
  process.stdout.write(
    "error" in edge
      ? `edge    ${edge.error}\n`
      : `edge    ${edge.issuer}  serial ${edge.serialNumber}  until ${edge.notAfter}\n`,
  );
}

export async function restoreCertificate(
  target: Target,
  name: string,
  options: { readonly json?: boolean; readonly timeout: number },
): Promise<void> {
  const api = new ApiClient(target);
  const path = `/v1/domains/${encodeURIComponent(name)}/certificate`;
  const { domain, serial } = (await api.call("GET", path)).body as BackedUp;
  await api.call("POST", `${path}:restore`);
  const sight = await until(options.timeout, `the edge to show ${domain}'s certificate`, async () => {
    const edge = await seen(api, domain);
    return "error" in edge || edge.serialNumber !== serial ? undefined : edge;
  });
  if (options.json) printJson({ domain, ...sight });
  else {
    process.stdout.write(
      `${domain} is back at the edge: serial ${sight.serialNumber}, until ${sight.notAfter}.\n`,
    );
    process.stdout.write(`${howToSee(target, domain)}\n`);
  }
}

async function seen(api: ApiClient, name: string): Promise<Omit<Sight, "page"> | { readonly error: string }> {
  try {
    const { page, ...sight } = await probeEdge(api.target.edge, name);
    return sight;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EPROTO") {
      return { error: "none: the edge refuses the TLS handshake for this name" };
    }
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
