import { type CitedReport, valuesAt } from "../../../review/rules/rule.ts";
import type { Properties } from "../../../review/rules/values.ts";
import type { Draft, Surroundings } from "../../provider/kind.ts";
import { doubtGrants } from "../google/agent-grants.ts";

export const KEY_KIND = "gcp:kms/cryptoKey:CryptoKey";

/** A field in which a resource names the key that its service is to encrypt it with. */
export interface CustomerKey {
  readonly at: string;
  /** The service's agent, which has to be let use the key: `gcp-sa-pubsub`. */
  readonly agent: string;
  /** Where the key has to be, for what stands at a path; nothing where it may be anywhere. */
  placeOf?(inputs: Properties, path: string): unknown;
  readonly source: string;
}

interface KeyChecks {
  readonly references: Readonly<Record<string, readonly string[]>>;
  verify(draft: Draft, around: Surroundings, report: CitedReport): void;
  doubt(draft: Draft, around: Surroundings, report: CitedReport): void;
}

/** What goes for every such field: the key exists, is near the resource, and is open to the service. */
export function customerKeys(keys: readonly CustomerKey[]): KeyChecks {
  return {
    references: Object.fromEntries(keys.map(({ at }) => [at, [KEY_KIND]])),
    verify({ inputs }, _, report) {
      for (const { at, placeOf, source } of keys) {
        for (const [path, key] of valuesAt(inputs, at)) {
          const [, place] = /^projects\/[^/]+\/locations\/([^/]+)\//.exec(String(key)) ?? [];
          const wanted = placeOf?.(inputs, path);
          if (place === undefined || typeof wanted !== "string") continue;
          if (!placesOf(wanted).includes(place.toLowerCase()))
            report(path, `must be a key in ${placesOf(wanted).join(" or ")}`, source);
        }
      }
    },
    doubt: doubtGrants(
      keys.map(({ at, agent, source }) => ({
        at,
        kind: KEY_KIND,
        grants: "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember",
        grantedAt: "cryptoKeyId",
        roles: /^roles\/(owner|cloudkms\.cryptoKeyEncrypterDecrypter(ViaDelegation)?)$/,
        agent,
        source,
      })),
    ),
  };
}

/** Storage says EU where Cloud KMS says europe. */
function placesOf(location: string): readonly string[] {
  const place = location.toLowerCase();
  return place === "eu" ? ["europe", "eu"] : [place];
}
