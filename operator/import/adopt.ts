import { openCertificateBackups } from "../../runtime/certificates/backup/certificate-backups.ts";
import { createDataKey } from "../../runtime/certificates/backup/envelope.ts";
import { type CertificateFacts, certificateFacts } from "../../runtime/certificates/certificate-facts.ts";
import { openBuckets } from "../../runtime/google/bucket.ts";
import { type KeyWrapper, openKeyWrapper } from "../../runtime/google/key-wrapper.ts";
import type { ObjectStore } from "../../runtime/google/object-store.ts";
import { SYSTEM_TRANSPORT } from "../../runtime/workload/transport.ts";
import type { DomainResource } from "../../runtime/workloads/domain-api/resources.ts";
import type { ApiClient } from "../api-client.ts";
import { leafAtEdge } from "../edge-probe.ts";
import type { Vault } from "../target.ts";
import type { Candidate } from "./candidates.ts";

const CONFLICT = 409;

export interface Adopted {
  readonly domain: string;
  readonly source: string;
  readonly outcome: "adopted" | "would-adopt" | "registered" | "failed";
  readonly why: string | null;
}

/** A name with its customer; without a certificate of ours to give, it is taken as the CDN serves it. */
export interface Adoptable {
  readonly domain: string;
  readonly source: string;
  readonly customer: string;
  readonly candidate: Candidate | undefined;
}

export interface OpenVault {
  readonly objects: ObjectStore;
  readonly wrapper: KeyWrapper;
}

export function openVault({ bucket, key, storageEndpoint, kmsEndpoint, tokens }: Vault): OpenVault {
  const buckets = openBuckets({ STORAGE_EMULATOR_HOST: storageEndpoint }, SYSTEM_TRANSPORT, tokens);
  return { objects: buckets(bucket), wrapper: openKeyWrapper({ endpoint: kmsEndpoint, key, tokens }) };
}

/** Whether somebody has the name already, or had it and lost it before it was ever served. */
export async function isRegistered(api: ApiClient, domain: string): Promise<boolean> {
  const found = (await api.find(`/v1/domains/${encodeURIComponent(domain)}`)) as DomainResource | undefined;
  return found !== undefined && !(found.state === "failed" && found.notAfter === null);
}

/**
 * Seals a certificate with its key into the backups, and has the platform begin there. Whatever fails on the way
 * can be done again: the backup has a name of its own that is made of the serial number, and what is there is
 * left as it is.
 */
export async function adopt(api: ApiClient, vault: OpenVault, adoptable: Adoptable): Promise<Adopted> {
  const { domain, source, customer, candidate } = adoptable;
  const ended = (outcome: Adopted["outcome"], why: string | null): Adopted => ({
    domain,
    source,
    outcome,
    why,
  });
  if (await isRegistered(api, domain)) return ended("registered", null);
  let facts: CertificateFacts;
  let version: string | undefined;
  if (candidate) {
    facts = candidate.facts;
    version = `00000000-${facts.serial}`;
    const dataKey = await createDataKey(vault.wrapper, { owner: domain, version });
    const { chainPem, keyPem } = candidate;
    await openCertificateBackups(vault.objects, vault.wrapper).save(
      domain,
      version,
      { chainPem, keyPem },
      dataKey,
      facts,
    );
  } else {
    facts = certificateFacts((await leafAtEdge(api.target.edge, domain)).toString());
  }
  const body = { customer, ...facts, ...(version !== undefined && { version }) };
  const path = `/v1/domains/${encodeURIComponent(domain)}/certificate:adopt`;
  const { status, body: answer } = await api.send("POST", path, body);
  if (status < 400) return ended("adopted", null);
  const { detail = `The API answered ${status}.` } = (answer ?? {}) as { readonly detail?: string };
  return status === CONFLICT ? ended("registered", detail) : ended("failed", detail);
}
