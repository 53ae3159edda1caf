import type { Kind } from "./kind.ts";
import type { ObjectShape, Shape, Shapes } from "./shapes.ts";

interface TypeSpec {
  readonly type?: string;
  readonly $ref?: string;
  readonly items?: TypeSpec;
  readonly additionalProperties?: TypeSpec;
}

interface PropertySpec extends TypeSpec {
  readonly willReplaceOnChanges?: true;
  readonly secret?: true;
}

/** Object types by name, each with what its own fields refer to. */
type Types = Map<string, ObjectShape & { readonly shapes: Shapes }>;

const ANY: TypeSpec = { $ref: "pulumi.json#/Any" };

/**
 * The kinds that a provider has, as Pulumi describes a package: what is typed, required, secret, and what
 * replaces. What the SDK does not type, among it most outputs, is left open.
 * @see https://www.pulumi.com/docs/iac/guides/building-extending/packages/schema/
 */
export function schemaOf(packageName: string, version: string, kinds: Iterable<Kind>): object {
  const types: Types = new Map();
  const resources = [...kinds].map((kind) => [kind.token, resourceSpec(kind, types)]);
  return {
    name: packageName,
    version,
    resources: Object.fromEntries(resources),
    types: Object.fromEntries(
      [...types].map(([name, { fields, required, shapes }]) => [
        typeToken(name),
        { type: "object", properties: propertiesOf(fields, shapes, types), required },
      ]),
    ),
  };
}

function resourceSpec({ facts, shape, shapes }: Kind, types: Types): object {
  const inputs = propertiesOf(shape.inputs.fields, shapes, types);
  const inputProperties = Object.fromEntries(
    Object.entries(inputs).map(([name, spec]): [string, PropertySpec] => [
      name,
      {
        ...spec,
        ...(facts.replaceOnChange.includes(name) && { willReplaceOnChanges: true }),
        ...(facts.secret?.includes(name) && { secret: true }),
      },
    ]),
  );
  return {
    inputProperties,
    requiredInputs: facts.required,
    properties: Object.fromEntries(
      shape.outputs.map((name): [string, PropertySpec] => [
        name,
        { ...(inputs[name] ?? ANY), ...(facts.secret?.includes(name) && { secret: true }) },
      ]),
    ),
  };
}

/** Notes the object types that the properties mention, and those that these mention. */
function propertiesOf(
  fields: Readonly<Record<string, Shape>>,
  shapes: Shapes,
  types: Types,
): Readonly<Record<string, TypeSpec>> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, shape]) => [name, typeSpec(shape, shapes, types)]),
  );
}

function typeSpec(shape: Shape, shapes: Shapes, types: Types): TypeSpec {
  if (typeof shape === "object") {
    if ("list" in shape) return { type: "array", items: typeSpec(shape.list, shapes, types) };
    if ("map" in shape) return { type: "object", additionalProperties: typeSpec(shape.map, shapes, types) };
    return { type: "string" };
  }
  if (shape === "any") return ANY;
  if (shape === "asset") return { $ref: "pulumi.json#/Asset" };
  if (shape === "string" || shape === "number" || shape === "boolean") return { type: shape };
  const name = shape.slice(1);
  const object = shapes.objects[name];
  if (!object) throw new Error(`shapes.generated.json lacks the object type ${name}.`);
  if (!types.has(name)) {
    types.set(name, { ...object, shapes });
    propertiesOf(object.fields, shapes, types);
  }
  return { $ref: `#/types/${typeToken(name)}` };
}

/** `gcp.storage.BucketCors` is `gcp:storage/BucketCors:BucketCors`. */
function typeToken(name: string): string {
  const parts = name.split(".");
  const [packageName = "", ...rest] = parts;
  const type = rest.at(-1) ?? "";
  const module = rest.slice(0, -1).join("/") || "index";
  return `${packageName}:${module}/${type}:${type}`;
}
