import * as z from "zod";
import type { KeyWrapper } from "../../google/key-wrapper.ts";
import type { ObjectStore } from "../../google/object-store.ts";
import { Secret } from "../../workload/secret.ts";
import type { CertificateFacts } from "../certificate-facts.ts";
import {
  createDataKey,
  type DataKey,
  EnvelopeBroken,
  type EnvelopeSubject,
  seal,
  unseal,
} from "./envelope.ts";

const LIST_PAGE_SIZE = 1_000;
/** Renewals of one domain over more than a century. */
const MAX_LIST_PAGES = 10;

const contentSchema = z.object({ chainPem: z.string().min(1), keyPem: z.string().min(1) });

export type BackupDescription = CertificateFacts;

export interface CertificateWithKey {
  /** Leaf first. */
  readonly chainPem: string;
  readonly keyPem: Secret<string>;
}

export interface OrderKey {
  readonly keyPem: Secret<string>;
  /** For the backup of the certificate that belongs to it, which so costs no second call of KMS. */
  readonly dataKey: DataKey;
}

/**
 * Certificates and their keys, encrypted, in a bucket that is only ever added to: no method here
 * overwrites or removes, so the issuer needs no permission to.
 *
 * - `orders/DOMAIN/VERSION/key.json`: an order's private key, stored before its ACME order is finalised,
 *   so that no certificate is ever without its key;
 * - `certificates/DOMAIN/VERSION.json`: the chain and the key.
 *
 * Versions sort by age.
 */
export interface CertificateBackups {
  /** Makes the order's key on the first call, and finds the same one on every later call, whoever makes them. */
  orderKey(domain: string, version: string, generate: () => Secret<string>): Promise<OrderKey>;
  save(
    domain: string,
    version: string,
    certificate: CertificateWithKey,
    dataKey: DataKey,
    description: BackupDescription,
  ): Promise<"saved" | "exists">;
  /** @throws {EnvelopeBroken} */
  read(domain: string, version: string): Promise<CertificateWithKey | undefined>;
  /** The newest version's name. */
  newest(domain: string): Promise<string | undefined>;
  /** The names of all versions, newest first. */
  versions(domain: string): Promise<readonly string[]>;
}

export function openCertificateBackups(objects: ObjectStore, wrapper: KeyWrapper): CertificateBackups {
  const certificateName = (domain: string, version: string) => `certificates/${domain}/${version}.json`;

  return {
    async orderKey(domain, version, generate) {
      const subject: EnvelopeSubject = { kind: "order-key", owner: domain, version };
      const name = `orders/${domain}/${version}/key.json`;
      const found = await objects.read(name);
      if (!found) {
        const dataKey = await createDataKey(wrapper, subject);
        const keyPem = generate();
        if ((await objects.create(name, seal(subject, dataKey, keyPem))) === "created")
          return { keyPem, dataKey };
      }
      const winner = found ?? (await objects.read(name));
      if (!winner) throw new EnvelopeBroken(subject, "was there and is gone");
      const { plaintext, dataKey } = await unseal(subject, wrapper, winner.bytes);
      return { keyPem: plaintext, dataKey };
    },

    async save(domain, version, { chainPem, keyPem }, dataKey, description) {
      const subject: EnvelopeSubject = { kind: "certificate", owner: domain, version };
      const content = new Secret(JSON.stringify({ chainPem, keyPem: keyPem.reveal() }));
      const metadata = { ...description };
      const bytes = seal(subject, dataKey, content, metadata);
      const result = await objects.create(certificateName(domain, version), bytes, { metadata });
      return result === "created" ? "saved" : "exists";
    },

    async read(domain, version) {
      const subject: EnvelopeSubject = { kind: "certificate", owner: domain, version };
      const found = await objects.read(certificateName(domain, version));
      if (!found) return undefined;
      const { plaintext } = await unseal(subject, wrapper, found.bytes);
      return contentOf(subject, plaintext);
    },

    async newest(domain) {
      return (await this.versions(domain))[0];
    },

    async versions(domain) {
      const prefix = `certificates/${domain}/`;
      const versions: string[] = [];
      let pageToken: string | undefined;
      for (let page = 0; page < MAX_LIST_PAGES; page++) {
        const listed = await objects.list({
          prefix,
          pageSize: LIST_PAGE_SIZE,
          ...(pageToken && { pageToken }),
        });
        versions.push(...listed.objects.map(({ name }) => name.slice(prefix.length).replace(/\.json$/, "")));
        pageToken = listed.nextPageToken;
        if (!pageToken) break;
      }
      return versions.reverse();
    },
  };
}

/** Its errors quote none of the content. */
function contentOf(subject: EnvelopeSubject, plaintext: Secret<string>): CertificateWithKey {
  let content: unknown;
  try {
    content = JSON.parse(plaintext.reveal());
  } catch {
    throw new EnvelopeBroken(subject, "does not hold JSON");
  }
  const parsed = contentSchema.safeParse(content);
  if (!parsed.success) throw new EnvelopeBroken(subject, "does not hold a chain and a key");
  return { chainPem: parsed.data.chainPem, keyPem: new Secret(parsed.data.keyPem) };
}
