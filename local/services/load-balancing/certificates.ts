import type { ResourceStore } from "../../kernel/contract.ts";
import { objectOf, textOf, textsOf } from "../../kernel/property-values.ts";
import { refersTo, resolve } from "../google/references.ts";
import { CERTIFICATE, CERTIFICATE_MAP, CERTIFICATE_MAP_ENTRY } from "./kind-tokens.ts";

/**
 * The names on the certificate that a certificate map shows for a server name: the entry of
 * that very name, else of a wildcard one label above, else the primary entry.
 *
 * @returns `undefined` when the map has no certificate for it: the handshake then fails.
 */
export function namesOnCertificate(
  resources: ResourceStore,
  certificateMap: unknown,
  serverName: string,
): readonly string[] | undefined {
  const map = resolve(resources, CERTIFICATE_MAP, certificateMap);
  if (!map) return undefined;
  const name = serverName.toLowerCase();
  const wildcard = name.replace(/^[^.]+/, "*");
  const entries = resources
    .list(CERTIFICATE_MAP_ENTRY)
    .map(({ properties }) => properties)
    .filter((entry) => refersTo(textOf(entry.map) ?? "", map.id));
  const entry =
    entries.find(({ hostname }) => textOf(hostname)?.toLowerCase() === name) ??
    entries.find(({ hostname }) => textOf(hostname)?.toLowerCase() === wildcard) ??
    entries.find(({ matcher }) => matcher === "PRIMARY");
  for (const reference of textsOf(entry?.certificates)) {
    const certificate = resolve(resources, CERTIFICATE, reference);
    const domains = textsOf(objectOf(certificate?.properties.managed).domains);
    if (domains.length > 0) return domains;
  }
  return undefined;
}
