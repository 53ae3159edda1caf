import * as z from "zod";
import type { ObjectStore } from "../../google/object-store.ts";
import { journalPrefix } from "./layout.ts";

/** Each round loses to the answer to another request, of which one is as good as the other. */
const MAX_ROUNDS = 4;

export const findingSchema = z.object({
  /** Which request it answers. */
  request: z.string(),
  /** RFC 3339. */
  at: z.iso.datetime(),
  /** Of a restore: `restored`, or `refused` for `reason`; of a look alone: `verified`, whatever was seen. */
  outcome: z.enum(["restored", "refused", "verified"]),
  reason: z.string().nullable(),
  /** Before this, the same request would be refused again. */
  retryAt: z.iso.datetime().nullable(),
  /** The newest backup that opens and is valid. */
  backup: z.object({ version: z.string(), serial: z.string(), notAfter: z.iso.datetime() }).nullable(),
  /** Newer ones, and why they are of no use. */
  passedOver: z.array(z.object({ version: z.string(), why: z.string() })),
  /** What the CDN serves the name with: that backup's certificate, another, or none. */
  activated: z.enum(["this", "another", "none"]).nullable(),
  /** Whose the name is at the CDN. */
  linked: z.enum(["ours", "another's", "none"]).nullable(),
});
export type Finding = z.output<typeof findingSchema>;

/**
 * What the issuer, who alone can open backups and ask the CDN, last found of a domain when somebody
 * asked it to look. One object a domain, beside its journal and removed with it.
 */
export interface Findings {
  write(domain: string, finding: Finding): Promise<void>;
  read(domain: string): Promise<Finding | undefined>;
}

export function openFindings(objects: ObjectStore): Findings {
  const nameOf = (domain: string) => `${journalPrefix(domain)}finding.json`;

  return {
    async write(domain, finding) {
      const name = nameOf(domain);
      const bytes = JSON.stringify(finding);
      for (let round = 0; round < MAX_ROUNDS; round++) {
        const found = await objects.read(name);
        const outcome = found
          ? await objects.replace(name, bytes, found.generation)
          : await objects.create(name, bytes);
        if (outcome === "created" || outcome === "replaced") return;
      }
    },

    async read(domain) {
      const found = await objects.read(nameOf(domain));
      return found && findingSchema.parse(JSON.parse(found.bytes.toString("utf8")));
    },
  };
}
