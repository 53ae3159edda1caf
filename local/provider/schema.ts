import { FACTS } from "./facts.ts";
import { type ObjectShape, SHAPES, type Shape } from "./shapes.ts";

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

const ANY: TypeSpec = { $ref: "pulumi.json#/Any" };

/**
 * The kinds that a provider has, as Pulumi describes a package: what is typed, required, secret, and what
 * replaces. What the SDK does not type, among it most outputs, is left open.
 * @see https://www.pulumi.com/docs/iac/guides/building-extending/packages/schema/
 */
export function schemaOf(packageName: string, version: string, tokens: readonly string[]): object {
  const types = new Map<string, ObjectShape>();
  const resources = tokens.map((token) => [token, resourceSpec(token, types)]);
  return {
    name: packageName,
    version,
    resources: Object.fromEntries(resources),
    types: Object.fromEntries(
      [...types].map(([name, { fields, required }]) => [
        typeToken(name),
        { type: "object", properties: propertiesOf(fields, types), required },
      ]),
    ),
  };
}

function resourceSpec(token: string, types: Map<string, ObjectShape>): object {
  const shape = SHAPES.resources[token];
  const facts = FACTS[token];
  if (!shape || !facts) throw new Error(`data/ lacks the kind ${token}.`);
  const inputs = propertiesOf(shape.inputs.fields, types);
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
  types: Map<string, ObjectShape>,
): Readonly<Record<string, TypeSpec>> {
  return Object.fromEntries(Object.entries(fields).map(([name, shape]) => [name, typeSpec(shape, types)]));
}

function typeSpec(shape: Shape, types: Map<string, ObjectShape>): TypeSpec {
  if (typeof shape === "object") {
    if ("list" in shape) return { type: "array", items: typeSpec(shape.list, types) };
    if ("map" in shape) return { type: "object", additionalProperties: typeSpec(shape.map, types) };
    return { type: "string" };
  }
  if (shape === "any") return ANY;
  if (shape === "asset") return { $ref: "pulumi.json#/Asset" };
  if (shape === "string" || shape === "number" || shape === "boolean") return { type: shape };
  const name = shape.slice(1);
  const object = SHAPES.objects[name];
  if (!object) throw new Error(`data/shapes.json lacks the object type ${name}.`);
  if (!types.has(name)) {
    types.set(name, object);
    propertiesOf(object.fields, types);
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
