import * as z from "zod";
import type { ObjectStore } from "../../google/object-store.ts";

const PREFIX = "accounts/";
/** More than a platform has CAs. */
const MAX_ACCOUNTS = 100;

const accountSchema = z.object({
  /** The CA's name in the configuration. */
  ca: z.string(),
  /** What customers may name in `accounturi` (RFC 8657). */
  url: z.url(),
  /** Names by which CAA records may allow the CA. */
  caaIdentities: z.array(z.string()),
  /** RFC 3339: when this account was first used. */
  since: z.iso.datetime(),
});
export type KnownAccount = Readonly<z.output<typeof accountSchema>>;

/** Our accounts at CAs, `accounts/CA.json` in the registry's bucket: customers may let no other have certificates. */
export class KnownAccounts {
  readonly #objects: ObjectStore;
  readonly #now: () => Date;
  readonly #noted = new Map<string, string>();

  constructor(objects: ObjectStore, now: () => Date) {
    this.#objects = objects;
    this.#now = now;
  }

  /** Notes the account at a CA, unless that is done; once a process. */
  async note(ca: string, url: string, caaIdentities: readonly string[]): Promise<void> {
    if (this.#noted.get(ca) === url) return;
    const name = `${PREFIX}${ca}.json`;
    const found = await this.#objects.read(name);
    const known = found && accountSchema.parse(JSON.parse(found.bytes.toString("utf8")));
    const isSame = known?.url === url && known.caaIdentities.join() === caaIdentities.join();
    if (!isSame) {
      const since = known?.url === url ? known.since : this.#now().toISOString();
      const content = JSON.stringify({ ca, url, caaIdentities, since });
      // Who is faster notes the same.
      if (found) await this.#objects.replace(name, content, found.generation);
      else await this.#objects.create(name, content);
    }
    this.#noted.set(ca, url);
  }

  async list(): Promise<readonly KnownAccount[]> {
    const { objects } = await this.#objects.list({ prefix: PREFIX, pageSize: MAX_ACCOUNTS });
    const found = await Promise.all(objects.map(({ name }) => this.#objects.read(name)));
    return found.flatMap((object) =>
      object ? accountSchema.parse(JSON.parse(object.bytes.toString("utf8"))) : [],
    );
  }
}
