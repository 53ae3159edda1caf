import { createHash } from "node:crypto";
import { nested, type Properties, type Value } from "../../../review/rules/values.ts";
import { stableNumber } from "../../kernel/stable-number.ts";
import type { Facts } from "../../provider/facts.ts";
import type { Draft } from "../../provider/kind.ts";
import { encodeProperties } from "../../provider/wire.ts";

/** What Pulumi's provider adds to the labels of everything that it makes. */
const ATTRIBUTION = { "goog-pulumi-provisioned": "true" };

/** Outputs that mean the same in every kind that has them: labels, times, fingerprints, numbers. */
const COMMON: Readonly<Record<string, (draft: Draft) => Value>> = {
  effectiveLabels: ({ inputs }) => ({ ...nested(inputs, "labels"), ...ATTRIBUTION }),
  pulumiLabels: ({ inputs }) => ({ ...nested(inputs, "labels"), ...ATTRIBUTION }),
  effectiveAnnotations: ({ inputs }) => nested(inputs, "annotations"),
  createTime: born("createTime"),
  creationTime: born("creationTime"),
  creationTimestamp: born("creationTimestamp"),
  timeCreated: born("timeCreated"),
  updateTime: ({ now }) => now,
  updated: ({ now }) => now,
  etag: fingerprint,
  fingerprint,
  labelFingerprint: ({ inputs }) => digest(encodeProperties(nested(inputs, "labels"))),
  forwardingRuleId: ({ id }) => Number(stableNumber(id, 15)),
  generatedId: ({ id }) => Number(stableNumber(id, 15)),
  managedZoneId: ({ id }) => stableNumber(id, 19),
  mapId: ({ id }) => Number(stableNumber(id, 15)),
  proxyId: ({ id }) => Number(stableNumber(id, 15)),
  uniqueId: ({ id }) => stableNumber(id, 21),
};

/** Those among the common outputs that an update may change. */
export const VOLATILE = [
  "effectiveLabels",
  "pulumiLabels",
  "effectiveAnnotations",
  "updateTime",
  "updated",
  "etag",
  "fingerprint",
  "labelFingerprint",
];

/** The common outputs among those that a kind declares as computed. */
export function commonOutputs({ computed }: Facts, draft: Draft): Properties {
  return Object.fromEntries(
    computed.flatMap((name) => {
      const compute = COMMON[name];
      return compute ? [[name, compute(draft)]] : [];
    }),
  );
}

/** A time that stays for the resource's life. */
function born(name: string): (draft: Draft) => Value {
  return ({ previous, now }) => {
    const before = previous?.properties[name];
    return typeof before === "string" ? before : now;
  };
}

function fingerprint({ inputs }: Draft): string {
  return digest(encodeProperties(inputs));
}

function digest(value: unknown): string {
  return `${createHash("sha256").update(JSON.stringify(value)).digest("base64url").slice(0, 11)}=`;
}
