import type { CloudResource, ResourceStore } from "../../kernel/contract.ts";
import { objectsOf, textOf } from "../../kernel/property-values.ts";
import type { FastlyStore } from "./fastly-store.ts";
import { DOMAIN, DOMAIN_LINK, SERVICE_VCL } from "./kind-tokens.ts";

/**
 * The service that a host belongs to: by a versionless domain, made through the API or by the
 * program, else by a domain of the service itself. A name beats a wildcard of one label.
 */
export function serviceFor(
  resources: ResourceStore,
  store: FastlyStore,
  host: string,
): CloudResource | undefined {
  const name = host.replace(/:\d+$/, "").toLowerCase();
  for (const candidate of [name, name.replace(/^[^.]+/, "*")]) {
    const id = versionless(resources, store, candidate);
    const service =
      (id === undefined ? undefined : resources.get(SERVICE_VCL, id)) ??
      resources
        .list(SERVICE_VCL)
        .find(({ properties }) =>
          objectsOf(properties.domains).some((domain) => textOf(domain.name)?.toLowerCase() === candidate),
        );
    if (service) return service;
  }
  return undefined;
}

function versionless(resources: ResourceStore, store: FastlyStore, name: string): string | undefined {
  const stored = store.find("domains", { fqdn: name });
  if (stored) return stored.service_id ?? undefined;
  const made = resources
    .list(DOMAIN)
    .find(({ properties }) => textOf(properties.fqdn)?.toLowerCase() === name);
  if (!made) return undefined;
  const link = resources
    .list(DOMAIN_LINK)
    .find(({ properties }) => textOf(properties.domainId) === (textOf(made.properties.domainId) ?? made.id));
  return textOf(made.properties.serviceId) ?? textOf(link?.properties.serviceId);
}
