import { createHash, createPublicKey, X509Certificate } from "node:crypto";
import type { Secret } from "../../workload/secret.ts";
import { FastlyApi, type FastlyApiOptions } from "./fastly-api.ts";
import { FastlyError } from "./fastly-error.ts";
import { type TlsResource, TlsResources } from "./tls-resources.ts";

const IN_USE_STATUSES = new Set([400, 403, 409, 422]);

export interface Activation {
  readonly activationId: string;
  readonly certificateId: string;
}

/** What a domain is activated with: the certificate in question, another, or nothing. */
export type Activated = "this" | "another" | "none";

/** Certificates at Fastly's edge, one a domain. */
export interface FastlyTls {
  /**
   * Lets `domain` be served with this certificate. Idempotent: every resource is found again by a name
   * made of the domain and a digest, so a lost reply makes nothing twice. "Accepted by Fastly" is all that
   * it promises: at the edge it can take an hour, in which the one before still serves.
   *
   * @param chainPem leaf first
   * @throws {FastlyError}
   */
  activate(
    domain: string,
    chainPem: string,
    keyPem: Secret<string>,
    signal?: AbortSignal,
  ): Promise<Activation>;
  /** Whether `domain` is activated with this certificate. Reads alone. @throws {FastlyError} */
  activated(domain: string, chainPem: string, signal?: AbortSignal): Promise<Activated>;
  /** Removes all other certificates and keys of `domain`: what served it before `certificateId`. Idempotent. @throws {FastlyError} */
  retire(domain: string, certificateId: string, signal?: AbortSignal): Promise<void>;
  /** Removes activation, certificates and keys of `domain`. Idempotent. @throws {FastlyError} */
  deactivate(domain: string, signal?: AbortSignal): Promise<void>;
}

export interface FastlyTlsOptions extends FastlyApiOptions {
  /** The TLS configuration (addresses, protocols) under which domains are activated. */
  readonly configurationId: string;
}

/** @see https://www.fastly.com/documentation/reference/api/tls/custom-certs */
export function openFastlyTls({ configurationId, ...options }: FastlyTlsOptions): FastlyTls {
  const tls = new TlsResources(new FastlyApi(options));

  const activationsOf = async (domain: string, signal?: AbortSignal) => {
    const all = await tls.list("activations", { "filter[tls_domain.id]": domain }, signal);
    return all.filter((one) => one.related.tls_domain === domain);
  };
  const certificatesNaming = (domain: string, signal?: AbortSignal) =>
    tls.list("certificates", { "filter[tls_domains.id]": domain }, signal);
  const certificatesOf = async (domain: string, signal?: AbortSignal) =>
    ownedBy(domain, await certificatesNaming(domain, signal));
  /** Keys without a certificate: those of others are in use, and only these can be removed. */
  const unusedKeysOf = async (domain: string, signal?: AbortSignal) =>
    ownedBy(domain, await tls.list("private_keys", { "filter[in_use]": "false" }, signal));

  async function upload(
    domain: string,
    chainPem: string,
    keyPem: Secret<string>,
    unusedKeys: readonly TlsResource[],
    signal?: AbortSignal,
  ): Promise<TlsResource> {
    const key = { key: keyPem.reveal(), name: keyName(domain, keyPem) };
    if (!unusedKeys.some(({ name }) => name === key.name)) {
      try {
        await tls.create("private_keys", { type: "tls_private_key", attributes: key }, signal);
      } catch (error) {
        // Fastly has this key already, under another name; the certificate finds it by its content.
        if (!(error instanceof FastlyError) || error.status !== 409) throw error;
      }
    }
    const attributes = { cert_blob: chainPem, name: certificateName(domain, chainPem) };
    try {
      return await tls.create("certificates", { type: "tls_certificate", attributes }, signal);
    } catch (error) {
      if (!(error instanceof FastlyError) || error.status !== 409) throw error;
      // It is there under another name: of another domain that it names too, or from before this platform.
      const naming = await certificatesNaming(domain, signal);
      const same = naming.find((one) => isSame(one, domain, chainPem));
      if (!same) throw error;
      return same;
    }
  }

  /** Makes the domain's activation, or moves it: a PATCH switches certificates without a gap. */
  async function point(
    domain: string,
    current: TlsResource | undefined,
    certificate: TlsResource,
    signal?: AbortSignal,
  ): Promise<string> {
    const tls_certificate = relation("tls_certificate", certificate.id);
    if (!current) {
      const tls_configuration = relation("tls_configuration", configurationId);
      const relationships = {
        tls_certificate,
        tls_configuration,
        tls_domain: relation("tls_domain", domain),
      };
      const created = await tls.create("activations", { type: "tls_activation", relationships }, signal);
      return created.id;
    }
    if (current.related.tls_certificate !== certificate.id) {
      const relationships = { tls_certificate };
      await tls.change("activations", current.id, { type: "tls_activation", relationships }, signal);
    }
    return current.id;
  }

  /**
   * Fastly refuses to remove what is in use, which it may be under another configuration. Its answer
   * may be 403, which does not mean the token here: with that, the calls before succeeded.
   */
  async function removeUnused(
    collection: "certificates" | "private_keys",
    unused: readonly TlsResource[],
    signal?: AbortSignal,
  ) {
    for (const { id } of unused) {
      try {
        await tls.remove(collection, id, signal);
      } catch (error) {
        const isInUse = error instanceof FastlyError && IN_USE_STATUSES.has(error.status ?? 0);
        if (!isInUse) throw error;
      }
    }
  }

  return {
    async activate(domain, chainPem, keyPem, signal) {
      const [activations, certificates, unusedKeys] = await Promise.all([
        activationsOf(domain, signal),
        certificatesOf(domain, signal),
        unusedKeysOf(domain, signal),
      ]);
      const name = certificateName(domain, chainPem);
      const certificate =
        certificates.find((one) => one.name === name) ??
        (await upload(domain, chainPem, keyPem, unusedKeys, signal));
      const current = activations.find((one) => one.related.tls_configuration === configurationId);
      const activationId = await point(domain, current, certificate, signal);
      return { activationId, certificateId: certificate.id };
    },

    async activated(domain, chainPem, signal) {
      const [activations, certificates] = await Promise.all([
        activationsOf(domain, signal),
        certificatesNaming(domain, signal),
      ]);
      const current = activations.find((one) => one.related.tls_configuration === configurationId);
      if (!current) return "none";
      const certificate = certificates.find(({ id }) => id === current.related.tls_certificate);
      return certificate && isSame(certificate, domain, chainPem) ? "this" : "another";
    },

    async retire(domain, certificateId, signal) {
      const certificates = await certificatesOf(domain, signal);
      const others = certificates.filter(({ id }) => id !== certificateId);
      await removeUnused("certificates", others, signal);
      // Keys become unused as their certificates go.
      await removeUnused("private_keys", await unusedKeysOf(domain, signal), signal);
    },

    async deactivate(domain, signal) {
      for (const { id } of await activationsOf(domain, signal)) await tls.remove("activations", id, signal);
      // One that names several domains may serve another of them.
      await removeUnused("certificates", await certificatesOf(domain, signal), signal);
      for (const { id } of await unusedKeysOf(domain, signal)) await tls.remove("private_keys", id, signal);
    },
  };
}

/** Names start with the domain and a space, which no other domain's name can. */
function ownedBy(domain: string, resources: readonly TlsResource[]): readonly TlsResource[] {
  return resources.filter(({ name }) => name?.startsWith(`${domain} `));
}

/** By the name that we give; or, where somebody else gave one, by the serial number. */
function isSame({ name, serial }: TlsResource, domain: string, chainPem: string): boolean {
  if (name === certificateName(domain, chainPem)) return true;
  const { serialNumber } = new X509Certificate(chainPem);
  return (
    serial !== undefined &&
    [serialNumber.toLowerCase(), String(BigInt(`0x${serialNumber}`))].includes(serial.toLowerCase())
  );
}

function keyName(domain: string, keyPem: Secret<string>): string {
  const publicKey = createPublicKey(keyPem.reveal()).export({ type: "spki", format: "der" });
  return `${domain} ${digest(publicKey)}`;
}

function certificateName(domain: string, chainPem: string): string {
  return `${domain} ${digest(new X509Certificate(chainPem).raw)}`;
}

function digest(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex").slice(0, 40);
}

function relation(type: string, id: string) {
  return { data: { type, id } };
}
