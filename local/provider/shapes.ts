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

/** The fields of a folder's kinds, as `shapes.generated.json` has them. */
export interface Shapes {
  /** Where they are declared, `@pulumi/gcp 9.37`. */
  readonly sdk: string;
  readonly resources: Readonly<Record<string, ResourceShape>>;
  /** What resources refer to by `#Name`. */
  readonly objects: Readonly<Record<string, ObjectShape>>;
}
