import { textOf } from "../../../kernel/property-values.ts";
import { type CertificateFacts, readCertificate } from "../certificate-facts.ts";
import type { FastlyStore, StoredCertificate } from "../fastly-store.ts";
import { ApiError, badRequest, notFound } from "./api-error.ts";
import type { Call, Endpoint } from "./endpoint.ts";
import { attributesOf, type Entity, filters, page } from "./json-api.ts";

const TYPE = "tls_certificate";

/** @see https://www.fastly.com/documentation/reference/api/tls/custom-certs/certificates/ */
export function certificates(store: FastlyStore): Endpoint {
  const find = (id: string): StoredCertificate => {
    const certificate = store.find("certificates", { id });
    if (!certificate) throw notFound("a certificate", id);
    return certificate;
  };
  const upload = (call: Call): { blob: string; facts: CertificateFacts; name: string | undefined } => {
    const attributes = attributesOf(call, TYPE);
    const blob = textOf(attributes.cert_blob);
    if (blob === undefined)
      throw badRequest("data.attributes.cert_blob must be a chain of certificates in PEM.");
    const facts = readFacts(blob);
    if (!store.find("keys", { public_key_sha1: facts.publicKeySha1 })) {
      throw badRequest("No private key matches the certificate; upload the key first.");
    }
    return { blob, facts, name: textOf(attributes.name) };
  };
  return {
    path: "/tls/certificates",
    mediaType: "application/vnd.api+json",
    list(call) {
      const { "tls_domains.id": domain } = filters(call, ["tls_domains.id"]);
      const rows = domain === undefined ? store.list("certificates") : store.certificatesNaming(domain);
      return page(call, rows, (certificate) => entity(certificate));
    },
    get: (id) => ({ status: 200, body: { data: entity(find(id)) } }),
    create(call) {
      const { blob, facts, name } = upload(call);
      if (store.find("certificates", { cert_blob: blob })) {
        throw new ApiError(409, "Conflict", "The certificate has been uploaded already.");
      }
      const now = new Date().toISOString();
      const stored = store.addCertificate(
        {
          name: name ?? facts.issuedTo,
          cert_blob: blob,
          public_key_sha1: facts.publicKeySha1,
          created_at: now,
          updated_at: now,
        },
        facts.names,
      );
      return { status: 201, body: { data: entity(stored, facts) } };
    },
    change(id, call) {
      const current = find(id);
      const { blob, facts, name } = upload(call);
      const missing = readFacts(current.cert_blob).names.find((domain) => !facts.names.includes(domain));
      if (missing !== undefined) {
        throw badRequest(`The new certificate must hold every name of the old; it lacks ${missing}.`);
      }
      store.changeCertificate(
        id,
        {
          name: name ?? current.name,
          cert_blob: blob,
          public_key_sha1: facts.publicKeySha1,
          updated_at: new Date().toISOString(),
        },
        facts.names,
      );
      return { status: 200, body: { data: entity(find(id), facts) } };
    },
    remove(id) {
      find(id);
      if (store.find("activations", { certificate_id: id })) {
        throw new ApiError(
          403,
          "Forbidden",
          "A certificate can't be deleted while it is activated for a domain.",
        );
      }
      store.remove("certificates", id);
      return { status: 204 };
    },
  };
}

function readFacts(blob: string): CertificateFacts {
  try {
    return readCertificate(blob);
  } catch (error) {
    throw badRequest(`data.attributes.${(error as Error).message}.`);
  }
}

function entity(
  { id, name, cert_blob, created_at, updated_at }: StoredCertificate,
  facts = readFacts(cert_blob),
): Entity {
  return {
    id,
    type: TYPE,
    attributes: {
      name,
      issued_to: facts.issuedTo,
      issuer: facts.issuer,
      serial_number: facts.serialNumber,
      signature_algorithm: facts.signatureAlgorithm,
      not_before: facts.notBefore,
      not_after: facts.notAfter,
      replace: false,
      created_at,
      updated_at,
    },
    relationships: { tls_domains: { data: facts.names.map((name) => ({ id: name, type: "tls_domain" })) } },
  };
}
