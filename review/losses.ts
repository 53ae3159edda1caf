import { nameOf, typeOf } from "./preview/urn.ts";

/** What goes with a resource, and making it again does not bring back. */
export type Holding = "data" | "an address" | "trust";

/** Of kinds that the local cloud does not have. */
const BY_NAME: readonly (readonly [RegExp, Holding])[] = [
  [
    /^gcp:(sql|firestore|firebase|datastore|bigtable|spanner|alloydb|redis|memorystore|memcache|filestore)\/|:bigquery\/(dataset|table):|:compute\/(region)?(disk|snapshot|image|instance):|backup/i,
    "data",
  ],
  [/:compute\/(global)?address:|reservedDomain/i, "an address"],
];

/** What a resource most likely holds, by what its type is called. */
export function likelyHolding(type: string): Holding | undefined {
  return BY_NAME.find(([pattern]) => pattern.test(type))?.[1];
}

/** A step of a plan, in Pulumi's words: `delete`, `replace`, `create`, … */
export interface PlannedStep {
  readonly op: string;
  readonly urn: string;
  /** Inputs that force a replacement. */
  readonly keys?: readonly string[];
}

/** A resource that would go with what it holds. */
export interface Loss {
  readonly urn: string;
  readonly message: string;
}

/** In a sentence: "it holds …". */
export const WHAT: Readonly<Record<Holding, string>> = {
  data: "data, which goes with it",
  "an address": "an address, which others know and will not get back",
  trust: "trust, which others gave to it and not to another",
};

/**
 * What a plan deletes or replaces of what holds data, an address or trust; with the alias that would avoid it, where
 * the plan makes another of its type, as happens when a resource is moved or renamed.
 *
 * @param holdingOf by type
 * @param placeOf where the program makes a resource, `FILE:LINE`
 */
export function lossesIn(
  steps: readonly PlannedStep[],
  holdingOf: (type: string) => Holding | undefined,
  placeOf: (urn: string) => string | undefined,
): readonly Loss[] {
  const made = steps.filter(({ op }) => op === "create").map(({ urn }) => urn);
  return steps.flatMap(({ op, urn, keys = [] }): readonly Loss[] => {
    const holding = holdingOf(typeOf(urn));
    if (holding === undefined || (op !== "delete" && op !== "replace")) return [];
    const subject = `Resource "${nameOf(urn)}" (${typeOf(urn)})`;
    if (op === "replace") {
      const cause = keys.length > 0 ? ` because of ${keys.join(", ")}` : "";
      return [{ urn, message: `${subject} would be replaced${cause}: it holds ${WHAT[holding]}.` }];
    }
    return [
      {
        urn,
        message: `${subject} would be deleted: it holds ${WHAT[holding]}.${advice(urn, made, placeOf)}`,
      },
    ];
  });
}

/** Of the one of its name, or else the one whose name begins most alike. */
function advice(urn: string, made: readonly string[], placeOf: (urn: string) => string | undefined): string {
  const heir = heirOf(urn, made);
  if (heir === undefined) return "";
  const place = placeOf(heir);
  const at = place === undefined ? "" : ` at ${place}`;
  return ` If "${nameOf(heir)}"${at} is the same one, moved or renamed, give that aliases: ["${urn}"].`;
}

/**
 * What is made in its place, as far as names tell.
 * @param made URNs of all that is made
 */
export function heirOf(urn: string, made: readonly string[]): string | undefined {
  const alike = made.filter((other) => typeOf(other) === typeOf(urn));
  return alike.find((other) => nameOf(other) === nameOf(urn)) ?? mostAlike(urn, alike);
}

/** The only one, or of several the one that shares more of the beginning than all others. */
function mostAlike(urn: string, others: readonly string[]): string | undefined {
  const [best, next] = others
    .map((other) => ({ other, shared: sharedLength(nameOf(urn), nameOf(other)) }))
    .sort((left, right) => right.shared - left.shared);
  return best && (next === undefined || best.shared > next.shared) ? best.other : undefined;
}

/** Whether names alone say that one is the other, renamed: a whole word of the beginning is the same. */
export function isAlike(urn: string, other: string): boolean {
  const [name, otherName] = [nameOf(urn), nameOf(other)];
  const firstWord = (text: string) => text.split(/[-_.]/)[0] ?? "";
  return name === otherName || (firstWord(name) !== "" && firstWord(name) === firstWord(otherName));
}

function sharedLength(left: string, right: string): number {
  const differing = [...left].findIndex((letter, index) => letter !== right[index]);
  return differing === -1 ? left.length : differing;
}
