import type { ResourceState } from "../preview/stack-preview.ts";
import { noun, shown, subject } from "./wording.ts";

/** What a grant says beside what it is on. */
export const TERMS: readonly string[] = [
  "role",
  "member",
  "members",
  "condition",
  "policyData",
  "etag",
  "deletionPolicy",
  ...["entity", "roleEntities", "predefinedAcl", "defaultAcl"],
  ...["iamMember", "userByEmail", "groupByEmail", "domain", "specialGroup", "accesses"],
  ...["view", "routine", "authorizedDataset"],
];
/** Where it is, and not what. */
const PLACES = ["location", "region", "project"];

/** What a grant is on. */
export interface Target {
  /** In a sentence. */
  readonly name: string;
  /** Its inputs that say so. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** What the program makes it of, by input. */
  readonly made: Readonly<Record<string, readonly string[]>>;
}

export function targetOf(state: ResourceState): Target {
  const { inputs, propertyDependencies, type, urn } = state;
  const names = Object.keys(inputs).filter((name) => !TERMS.includes(name));
  const isOwn = type.includes(":bigquery/dataset:");
  const told = isOwn ? ["datasetId", "project"] : names;
  const fields = Object.fromEntries(told.map((name) => [name, inputs[name]]));
  const made = Object.fromEntries(told.map((name) => [name, propertyDependencies[name] ?? []]));
  const [main] = [...names.filter((name) => !PLACES.includes(name)), "project"];
  const [source] = [...names.filter((name) => !PLACES.includes(name)), ...names].flatMap(
    (name) => made[name] ?? [],
  );
  const name = isOwn
    ? subject(urn)
    : source !== undefined
      ? subject(source)
      : `${nounOfTarget(type)} "${shown(inputs[main ?? "project"], [])}"`;
  return { name, fields, made };
}

/** `gcp:storage/bucketIAMMember:BucketIAMMember` → `bucket` */
function nounOfTarget(type: string): string {
  const last = type
    .slice(type.lastIndexOf(":") + 1)
    .replace(/I(AM|am)(Member|Binding|Policy)$|(Default)?(AccessControl|ACL|Access)$/, "");
  if (last !== "") return noun(`::${last}`);
  return /:projects\//.test(type) ? "project" : noun(`::${/:(\w+)\//.exec(type)?.[1] ?? "resource"}`);
}
