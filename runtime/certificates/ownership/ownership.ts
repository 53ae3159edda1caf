import { createHmac } from "node:crypto";
import { DeadlineExceeded, withDeadline } from "../../workload/deadline.ts";
import type { DnsLookup } from "../dns/dns-lookup.ts";
import type { PlatformKey } from "../keys/platform-key.ts";

/** How a customer shows that a name is his; `none`: by leading it to the edge, as anybody may. */
export const OWNERSHIP_METHODS = ["none", "txt", "cname"] as const;
export type OwnershipMethod = (typeof OWNERSHIP_METHODS)[number];

const CHALLENGE_LABEL = "_platform-challenge";
/** Half of an HMAC-SHA256: beyond guessing, and short enough for a label. */
const ID_CHARACTERS = 32;
/** Longer than a resolver that answers at all needs, and short enough for a caller who waits. */
const DEADLINE_MS = 5_000;

/** A record that shows whose a name is. */
export interface Proof {
  readonly method: "txt" | "cname";
  readonly name: string;
  readonly value: string;
}

/** Which of the customers that were asked about show a name to be theirs. */
export type OwnershipSight =
  | { readonly kind: "seen"; readonly proven: ReadonlySet<string> }
  | { readonly kind: "trouble"; readonly what: string };

export interface OwnershipOptions {
  readonly method: OwnershipMethod;
  /** The edge's own name: every name in it leads to the edge. */
  readonly edgeHost: string;
  readonly key: PlatformKey;
  readonly dns: Pick<DnsLookup, "txt" | "cname">;
}

/**
 * Whose a name is, by what is in its DNS. Each customer has one text for all of his names: it is no
 * secret, since of no use to another.
 */
export class Ownership {
  readonly method: OwnershipMethod;
  readonly #options: OwnershipOptions;

  constructor(options: OwnershipOptions) {
    this.method = options.method;
    this.#options = options;
  }

  /** What would show that the name is the customer's; nothing where nobody has to. */
  async proof(domain: string, customer: string): Promise<Proof | undefined> {
    if (this.method === "none") return undefined;
    const id = createHmac("sha256", await this.#options.key.derive("ownership"))
      .update(customer)
      .digest("hex")
      .slice(0, ID_CHARACTERS);
    return this.method === "txt"
      ? { method: "txt", name: `${CHALLENGE_LABEL}.${domain}`, value: id }
      : { method: "cname", name: domain, value: `${id}.${this.#options.edgeHost}` };
  }

  /** Looks once, for seconds at most. @throws {Error} when our own resolvers cannot be reached. */
  async look(domain: string, customers: readonly string[]): Promise<OwnershipSight> {
    const proofs = await Promise.all(
      customers.map(async (customer) => ({ customer, proof: await this.proof(domain, customer) })),
    );
    const [first] = proofs;
    if (!first?.proof) return { kind: "seen", proven: new Set(customers) };
    const { method, name } = first.proof;
    try {
      const { dns } = this.#options;
      const answer = await withDeadline(`DNS of ${name}`, DEADLINE_MS, dns[method](name));
      if (answer.kind === "trouble") return answer;
      const shown = proofs.filter(({ proof }) => proof && answer.records.includes(proof.value));
      return { kind: "seen", proven: new Set(shown.map(({ customer }) => customer)) };
    } catch (error) {
      if (!(error instanceof DeadlineExceeded)) throw error;
      return { kind: "trouble", what: "no answer in time" };
    }
  }
}

/** As zone files write it. */
export function proofText({ method, name, value }: Proof): string {
  return method === "txt" ? `${name} TXT "${value}"` : `${name} CNAME ${value}`;
}
