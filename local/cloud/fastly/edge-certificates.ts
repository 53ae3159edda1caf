import { createSecureContext, type SecureContext } from "node:tls";
import type { FastlyStore } from "./fastly-store.ts";

/** Contexts kept; the one longest unused goes first. */
const MOST_CONTEXTS = 512;

/** Which certificate the edge shows for a server name: what is activated for it now. */
export class EdgeCertificates {
  readonly #store: FastlyStore;
  readonly #contexts = new Map<string, SecureContext>();

  constructor(store: FastlyStore) {
    this.#store = store;
  }

  /** @returns `undefined` when nothing is activated for the name or a wildcard that covers it. */
  contextFor(serverName: string): SecureContext | undefined {
    const name = serverName.toLowerCase();
    const activation =
      this.#store.find("activations", { domain: name }) ??
      this.#store.find("activations", { domain: name.replace(/^[^.]+/, "*") });
    const certificate = activation && this.#store.find("certificates", { id: activation.certificate_id });
    if (!certificate) return undefined;
    const { id, updated_at, cert_blob, public_key_sha1 } = certificate;
    const key = `${id} ${updated_at}`;
    const known = this.#contexts.get(key);
    if (known) {
      this.#contexts.delete(key);
      this.#contexts.set(key, known);
      return known;
    }
    const privateKey = this.#store.find("keys", { public_key_sha1 });
    if (!privateKey) return undefined;
    const context = createSecureContext({ cert: cert_blob, key: privateKey.key_pem });
    this.#contexts.set(key, context);
    for (const oldest of this.#contexts.keys()) {
      if (this.#contexts.size <= MOST_CONTEXTS) break;
      this.#contexts.delete(oldest);
    }
    return context;
  }
}
