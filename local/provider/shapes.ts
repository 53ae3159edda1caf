import { readFileSync } from "node:fs";

/**
 * What a value must be. A plain string names a primitive, an asset, or (`#Name`) an object type of
 * the table; `any` is what the SDK itself leaves open.
 */
export type Shape =
  | "string"
  | "number"
  | "boolean"
  | "asset"
  | "any"
  | `#${string}`
  | { readonly oneOf: readonly string[] }
  | { readonly list: Shape }
  | { readonly map: Shape };

export interface ObjectShape {
  readonly required: readonly string[];
  readonly fields: Readonly<Record<string, Shape>>;
}

export interface ResourceShape {
  readonly inputs: ObjectShape;
  /** Every property that the SDK's class declares. */
  readonly outputs: readonly string[];
}

interface Shapes {
  /** Of each SDK, major and minor. */
  readonly versions: Readonly<Record<string, string>>;
  readonly resources: Readonly<Record<string, ResourceShape>>;
  readonly objects: Readonly<Record<string, ObjectShape>>;
}

/** Read from the SDK's type declarations by `generate-types.ts`. */
export const SHAPES = JSON.parse(
  readFileSync(new URL("./data/shapes.json", import.meta.url), "utf8"),
) as Shapes;
