import { invalid, notModified, preconditionFailed } from "./storage-refusal.ts";

/** Conditions on an object's current state, in Google's words without the `if`. 0 as a generation stands for "none is live". */
export interface Preconditions {
  readonly generationMatch?: number;
  readonly generationNotMatch?: number;
  readonly metagenerationMatch?: number;
  readonly metagenerationNotMatch?: number;
}

/** The query parameters of one side of a request: `if…` for its target, `ifSource…` for what a copy reads. */
const PRECONDITION_PARAMETERS = [
  "GenerationMatch",
  "GenerationNotMatch",
  "MetagenerationMatch",
  "MetagenerationNotMatch",
] as const;

/** @throws {StorageRefusal} 400 for a value that is no generation. */
export function readPreconditions(query: URLSearchParams, prefix: "if" | "ifSource" = "if"): Preconditions {
  const conditions: Record<string, number> = {};
  for (const suffix of PRECONDITION_PARAMETERS) {
    const value = readInteger(query, `${prefix}${suffix}`);
    if (value !== undefined) conditions[`${suffix.charAt(0).toLowerCase()}${suffix.slice(1)}`] = value;
  }
  return conditions;
}

/** @throws {StorageRefusal} 400 unless the parameter is absent or a whole number. */
export function readInteger(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null) return undefined;
  if (!/^\d{1,19}$/.test(value))
    throw invalid(`Invalid argument: ${name} must be a whole number; got "${value}".`, name);
  return Number(value);
}

/**
 * @param current the object that the request is about, if there is one.
 * @throws {StorageRefusal} 412, or 304 where a `NotMatch` does match.
 * @see https://cloud.google.com/storage/docs/request-preconditions
 */
export function checkPreconditions(
  conditions: Preconditions,
  current: { readonly generation: string; readonly metageneration: string } | undefined,
): void {
  const generation = Number(current?.generation ?? 0);
  const metageneration = Number(current?.metageneration ?? 0);
  if (conditions.generationMatch !== undefined && conditions.generationMatch !== generation) {
    throw preconditionFailed();
  }
  if (conditions.metagenerationMatch !== undefined && conditions.metagenerationMatch !== metageneration) {
    throw preconditionFailed();
  }
  // Without a live object every NotMatch fails, by Google's reference for these parameters.
  if (
    conditions.generationNotMatch !== undefined &&
    (!current || conditions.generationNotMatch === generation)
  ) {
    throw notModified();
  }
  if (
    conditions.metagenerationNotMatch !== undefined &&
    (!current || conditions.metagenerationNotMatch === metageneration)
  ) {
    throw notModified();
  }
}
