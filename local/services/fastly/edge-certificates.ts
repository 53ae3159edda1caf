import { createSecureContext, type SecureContext } from "node:tls";
import type { FastlyStore } from "./fastly-store.ts";

/** Contexts kept; the one longest unused goes first. */
const MOST_CONTEXTS = 512;

/** Which certificate the edge shows for a server name: what is activated for it now. */
export class EdgeCertificates {
  readonly #store: FastlyStore;
  /** By the chain: the same chain has the same key. */
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
    const { cert_blob, public_key_sha1 } = certificate;
    const known = this.#contexts.get(cert_blob);
    if (known) {
      this.#contexts.delete(cert_blob);
      this.#contexts.set(cert_blob, known);
      return known;
    }
    const privateKey = this.#store.find("keys", { public_key_sha1 });
    if (!privateKey) return undefined;
    const context = createSecureContext({ cert: cert_blob, key: privateKey.key_pem });
    this.#contexts.set(cert_blob, context);
    for (const oldest of this.#contexts.keys()) {
      if (this.#contexts.size <= MOST_CONTEXTS) break;
      this.#contexts.delete(oldest);
    }
    return context;
  }
}
