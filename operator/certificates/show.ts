import { ApiClient } from "../api-client.ts";
import type { Target } from "../target.ts";
import { printJson } from "../terminal/output.ts";
import { requireCertificate, seenAtEdge } from "./certificate-api.ts";

export async function showCertificate(
  target: Target,
  name: string,
  options: { readonly json?: boolean },
): Promise<void> {
  const api = new ApiClient(target);
  const { finding: _finding, ...backup } = await requireCertificate(api, name);
  const edge = await seenAtEdge(api, backup.domain);
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
