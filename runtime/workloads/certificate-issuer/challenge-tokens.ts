import type { ObjectStore } from "../../google/object-store.ts";

const LIST_PAGE_SIZE = 100;
/** Bounds one sweep, far beyond the one or two tokens of a domain. */
const MAX_SWEEP_PAGES = 10;

/** What the token proxy serves: `DOMAIN/.well-known/acme-challenge/TOKEN`. */
export class ChallengeTokens {
  readonly #objects: ObjectStore;
  readonly #prefix: string;
  readonly #published = new Set<string>();

  constructor(objects: ObjectStore, domain: string) {
    this.#objects = objects;
    this.#prefix = `${domain}/.well-known/acme-challenge/`;
  }

  /** A token's content depends on the account alone, so what is there already is right. */
  async publish(token: string, keyAuthorization: string): Promise<void> {
    const name = this.#prefix + token;
    this.#published.add(name);
    await this.#objects.create(name, keyAuthorization, { contentType: "text/plain" });
  }

  /** Removes what this delivery published; one that published nothing clears up after an earlier one. */
  async clear(): Promise<void> {
    if (this.#published.size === 0) return this.sweep();
    await Promise.all([...this.#published].map((name) => this.#objects.remove(name)));
    this.#published.clear();
  }

  async sweep(): Promise<void> {
    for (let page = 0; page < MAX_SWEEP_PAGES; page++) {
      const { objects, nextPageToken } = await this.#objects.list({
        prefix: this.#prefix,
        pageSize: LIST_PAGE_SIZE,
      });
      for (const { name } of objects) await this.#objects.remove(name);
      if (!nextPageToken) return;
    }
  }
}
