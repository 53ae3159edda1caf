import * as z from "zod";
import type { AcmeTransport } from "./acme-transport.ts";
import { CaUnavailable } from "./certificate-authority.ts";

/** A CA moves its endpoints seldom, and an hour after that they are found again. */
const FRESH_MS = 3_600_000;

const directorySchema = z.object({
  newNonce: z.url(),
  newAccount: z.url(),
  newOrder: z.url(),
  revokeCert: z.url().optional(),
  /** Absent where the CA has no ARI. */
  renewalInfo: z.url().optional(),
});
export type Directory = z.output<typeof directorySchema>;

/**
 * Where a CA's endpoints are. What a CA in trouble shows in its place, a page or `{}`, is never kept;
 * the last directory that was one then stays in use.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8555#section-7.1.1
 */
export class AcmeDirectory {
  readonly #url: string;
  readonly #transport: Pick<AcmeTransport, "request">;
  readonly #now: () => number;
  #kept: { readonly directory: Directory; readonly at: number } | undefined;
  #reading: Promise<Directory> | undefined;

  constructor(url: string, transport: Pick<AcmeTransport, "request">, now: () => number = Date.now) {
    this.#url = url;
    this.#transport = transport;
    this.#now = now;
  }

  /** @throws {AcmeProblem} @throws {CaUnavailable} */
  async read(): Promise<Directory> {
    const kept = this.#kept;
    if (kept && this.#now() - kept.at < FRESH_MS) return kept.directory;
    this.#reading ??= this.#fetch().finally(() => {
      this.#reading = undefined;
    });
    return kept ? this.#reading.catch(() => kept.directory) : this.#reading;
  }

  async #fetch(): Promise<Directory> {
    const { data } = await this.#transport.request(this.#url, "get");
    const parsed = directorySchema.safeParse(data);
    if (!parsed.success) {
      throw new CaUnavailable(`The CA's directory ${this.#url} is none: ${z.prettifyError(parsed.error)}`, {
        mayHaveTakenEffect: false,
      });
    }
    this.#kept = { directory: parsed.data, at: this.#now() };
    return parsed.data;
  }
}
