import { SECRET, UNKNOWN } from "../preview/stack-preview.ts";
import { nameOf, typeOf } from "../preview/urn.ts";
import { segmentsOf } from "./property-paths.ts";
import { nameIn, redacted } from "./redaction.ts";

/** A longer value says no more in a sentence. */
const MOST_CHARACTERS = 160;
/** So many before the first that differs. */
const LEAD = 40;
/** Where splitting a type's name at its capitals says it wrongly. */
const WORDS: Readonly<Record<string, string>> = {
  "gcp:cloudrunv2/service:Service": "Cloud Run service",
  "gcp:cloudrunv2/job:Job": "Cloud Run job",
  "gcp:cloudfunctionsv2/function:Function": "function",
  "gcp:cloudscheduler/job:Job": "scheduled job",
  "gcp:projects/service:Service": "project service",
  "gcp:serviceaccount/account:Account": "service account",
  "gcp:compute/uRLMap:URLMap": "URL map",
  "gcp:monitoring/alertPolicy:AlertPolicy": "alert",
  "gcp:dns/recordSet:RecordSet": "DNS record",
  "gcp:dns/managedZone:ManagedZone": "DNS zone",
  "gcp:kms/cryptoKey:CryptoKey": "encryption key",
  "gcp:kms/keyRing:KeyRing": "key ring",
  "fastly:index/serviceVcl:ServiceVcl": "Fastly service",
  "fastly:index/domainV1:DomainV1": "Fastly domain",
};

/** What a person calls a resource: `bucket "certs-registry"`. */
export function subject(urn: string): string {
  return `${noun(typeOf(urn))} "${nameOf(urn)}"`;
}

/** `gcp:storage/bucketObject:BucketObject` → `bucket object` */
export function noun(type: string): string {
  const known = WORDS[type];
  if (known !== undefined) return known;
  const last = type.slice(type.lastIndexOf(":") + 1);
  return last
    .replace(/I(AM|am)(Member|Binding|Policy)$/, " IAM $2")
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2")
    .trim()
    .split(/ +/)
    .map((word) => (/^[A-Z]{2,}$/.test(word) ? word : word.toLowerCase()))
    .join(" ");
}

export function capitalised(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}

/** A value in a sentence or a table, on one line, without secrets. */
export function shown(value: unknown, names: readonly string[]): string {
  if (value === undefined || value === null) return "nothing";
  const open = redacted(value, names);
  const text = typeof open === "string" ? open : JSON.stringify(open);
  return shortened(text.replaceAll(UNKNOWN, "(known only once it is made)").replaceAll(SECRET, "[secret]"));
}

/** The value at a property path, judged by all that names it on the way there. */
export function shownAt(root: unknown, path: string): string {
  const names: string[] = [];
  const value = segmentsOf(path).reduce<unknown>((holder, segment) => {
    names.push(nameIn(holder, segment));
    return typeof holder === "object" && holder !== null
      ? (holder as Readonly<Record<string, unknown>>)[segment]
      : undefined;
  }, root);
  return shown(value, names);
}

export function shortened(text: string): string {
  const letters = [...text];
  return letters.length <= MOST_CHARACTERS ? text : `${letters.slice(0, MOST_CHARACTERS - 1).join("")}…`;
}

/** Two values that differ, so that it shows: of long ones, from shortly before where they do. */
export function shownChange(before: unknown, after: unknown): readonly [string, string] {
  const [old, next] = [shown(before, []), shown(after, [])];
  if (old !== next || typeof before !== "string" || typeof after !== "string") return [old, next];
  const differing = [...before].findIndex((letter, index) => letter !== after[index]);
  const start = Math.max(0, (differing === -1 ? before.length : differing) - LEAD);
  return [`…${shown(before.slice(start), [])}`, `…${shown(after.slice(start), [])}`];
}

/** `one`, `one and two`, `one, two and 3 more`. */
export function listed(items: readonly string[], most = 3): string {
  if (items.length <= most)
    return [items.slice(0, -1).join(", "), ...items.slice(-1)].filter(Boolean).join(" and ");
  return `${items.slice(0, most - 1).join(", ")} and ${items.length - most + 1} more`;
}
