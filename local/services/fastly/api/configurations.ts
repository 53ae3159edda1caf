import { notFound } from "./api-error.ts";
import type { Endpoint } from "./endpoint.ts";
import { type Entity, filters, page } from "./json-api.ts";

/** The one TLS configuration that every local account has. */
export const DEFAULT_TLS_CONFIGURATION_ID = "localTlsConfiguration0";

const DEFAULT: Entity = {
  id: DEFAULT_TLS_CONFIGURATION_ID,
  type: "tls_configuration",
  attributes: {
    name: "Local edge",
    bulk: false,
    default: true,
    http_protocols: ["http/1.1"],
    tls_protocols: ["1.2", "1.3"],
    created_at: "2026-01-01T00:00:00.000Z",
    updated_at: "2026-01-01T00:00:00.000Z",
  },
};

/** @see https://www.fastly.com/documentation/reference/api/tls/custom-certs/configuration/ */
export const configurations: Endpoint = {
  path: "/tls/configurations",
  mediaType: "application/vnd.api+json",
  list(call) {
    filters(call, []);
    return page(call, [DEFAULT], (configuration) => configuration);
  },
  get(id) {
    if (id !== DEFAULT.id) throw notFound("a TLS configuration", id);
    return { status: 200, body: { data: DEFAULT } };
  },
};
