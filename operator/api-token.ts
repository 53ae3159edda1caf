import type { Target } from "./target.ts";
import { printJson } from "./terminal/output.ts";

/** Prints a token, so that `$(…)` gives it, and tells a person what to do with it. */
export async function printToken(target: Target, { json }: { readonly json?: boolean }): Promise<void> {
  const token = await target.idToken();
  const curl = curlOf(target);
  if (json) printJson({ token, curl });
  else {
    process.stdout.write(`${token}\n`);
    process.stderr.write(`Try: ${curl}\n`);
  }
}

function curlOf({ apiUrl, api }: Target): string {
  const { address, port, caFile } = api;
  const isElsewhere = address !== undefined;
  const origin = isElsewhere ? `${apiUrl.protocol}//${apiUrl.hostname}:${port}` : apiUrl.origin;
  return [
    "curl",
    ...(caFile === undefined ? [] : [`--cacert ${/\s/.test(caFile) ? `'${caFile}'` : caFile}`]),
    ...(isElsewhere ? [`--resolve ${apiUrl.hostname}:${port}:${address}`, `-H 'Host: ${apiUrl.host}'`] : []),
    `-H "Authorization: Bearer $(npm run --silent domains -- token)"`,
    `${origin}/v1/domains`,
  ].join(" ");
}
