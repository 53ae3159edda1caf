import { readCertificate } from "../certificate-facts.ts";
import type { FastlyStore, StoredActivation } from "../fastly-store.ts";
import { ApiError, badRequest, notFound } from "./api-error.ts";
import { DEFAULT_TLS_CONFIGURATION_ID } from "./configurations.ts";
import type { Endpoint } from "./endpoint.ts";
import { type Entity, filters, optionalRelatedId, page, relatedId } from "./json-api.ts";

const TYPE = "tls_activation";
const FILTERS = ["tls_certificate.id", "tls_configuration.id", "tls_domain.id"];

/** @see https://www.fastly.com/documentation/reference/api/tls/custom-certs/activations/ */
export function activations(store: FastlyStore): Endpoint {
  const find = (id: string): StoredActivation => {
    const activation = store.find("activations", { id });
    if (!activation) throw notFound("an activation", id);
    return activation;
  };
  const requireCovered = (certificateId: string, domain: string): void => {
    const certificate = store.find("certificates", { id: certificateId });
    if (!certificate) throw notFound("a certificate", certificateId);
    if (!readCertificate(certificate.cert_blob).names.includes(domain)) {
      throw badRequest(`The certificate "${certificateId}" is not valid for ${domain}.`);
    }
  };
  return {
    path: "/tls/activations",
    mediaType: "application/vnd.api+json",
    list(call) {
      const asked = filters(call, FILTERS);
      const rows = store.list("activations", {
        ...(asked["tls_certificate.id"] !== undefined && { certificate_id: asked["tls_certificate.id"] }),
        ...(asked["tls_configuration.id"] !== undefined && {
          configuration_id: asked["tls_configuration.id"],
        }),
        ...(asked["tls_domain.id"] !== undefined && { domain: asked["tls_domain.id"] }),
      });
      return page(call, rows, entity);
    },
    get: (id) => ({ status: 200, body: { data: entity(find(id)) } }),
    create(call) {
      const certificateId = relatedId(call, TYPE, "tls_certificate");
      const domain = relatedId(call, TYPE, "tls_domain").toLowerCase();
      const configurationId =
        optionalRelatedId(call, TYPE, "tls_configuration") ?? DEFAULT_TLS_CONFIGURATION_ID;
      if (configurationId !== DEFAULT_TLS_CONFIGURATION_ID)
        throw notFound("a TLS configuration", configurationId);
      requireCovered(certificateId, domain);
      if (store.find("activations", { domain, configuration_id: configurationId })) {
        throw new ApiError(409, "Conflict", `${domain} is activated under this TLS configuration already.`);
      }
      const stored = store.add("activations", {
        certificate_id: certificateId,
        configuration_id: configurationId,
        domain,
        created_at: new Date().toISOString(),
      });
      return { status: 201, body: { data: entity(stored) } };
    },
    change(id, call) {
      const { domain } = find(id);
      const certificateId = relatedId(call, TYPE, "tls_certificate");
      requireCovered(certificateId, domain);
      store.change("activations", id, { certificate_id: certificateId });
      return { status: 200, body: { data: entity(find(id)) } };
    },
    remove(id) {
      find(id);
      store.remove("activations", id);
      return { status: 204 };
    },
  };
}

function entity({ id, certificate_id, configuration_id, domain, created_at }: StoredActivation): Entity {
  return {
    id,
    type: TYPE,
    attributes: { created_at },
    relationships: {
      tls_certificate: { data: { id: certificate_id, type: "tls_certificate" } },
      tls_configuration: { data: { id: configuration_id, type: "tls_configuration" } },
      tls_domain: { data: { id: domain, type: "tls_domain" } },
    },
  };
}
