/**
 * Writes `data/shapes.json`: the fields of every kind in `data/kinds.json`, as the SDK's type
 * declarations and their comments give them. Run by hand after an update of an SDK:
 * `node local/provider/generate-types.ts && biome format --write local/provider/data`
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import type { ObjectShape, ResourceShape, Shape } from "./shapes.ts";

const HERE = dirname(fileURLToPath(import.meta.url));
const PACKAGES = join(HERE, "../../node_modules/@pulumi");
/** Wrappers that `pulumi.Input` adds around the type proper. */
const WRAPPERS = new Set(["Promise", "OutputInstance", "Output"]);

const tokens = Object.keys(JSON.parse(readFileSync(join(HERE, "data/kinds.json"), "utf8")));
const files = new Map(tokens.map((token) => [token, declarationFile(token)]));
const program = ts.createProgram([...files.values()], {
  strict: true,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  skipLibCheck: true,
});
const checker = program.getTypeChecker();
const objects: Record<string, ObjectShape> = {};
const resources: Record<string, ResourceShape> = {};

for (const [token, file] of files) {
  const source = program.getSourceFile(file);
  const symbol = source && checker.getSymbolAtLocation(source);
  const exported = new Map(symbol && checker.getExportsOfModule(symbol).map((item) => [item.name, item]));
  const name = token.slice(token.lastIndexOf(":") + 1);
  const args = exported.get(`${name}Args`);
  const resource = exported.get(name);
  if (!args || !resource) throw new Error(`${file} must export ${name} and ${name}Args.`);
  resources[token] = {
    inputs: objectShape(checker.getDeclaredTypeOfSymbol(args)),
    outputs: outputsOf(resource),
  };
}

const sorted = Object.fromEntries(Object.entries(objects).sort(([a], [b]) => (a < b ? -1 : 1)));
const versions = Object.fromEntries(
  [...new Set(tokens.map((token) => token.slice(0, token.indexOf(":"))))].map((name) => [
    name,
    versionOf(name),
  ]),
);
writeFileSync(join(HERE, "data/shapes.json"), JSON.stringify({ versions, resources, objects: sorted }));

/** Major and minor: a patch declares nothing else. */
function versionOf(packageName: string): string {
  const { version } = JSON.parse(readFileSync(join(PACKAGES, packageName, "package.json"), "utf8"));
  return String(version).split(".").slice(0, 2).join(".");
}

/** `gcp:compute/uRLMap:URLMap` is declared in `urlmap.d.ts`: a leading acronym is wholly lower-cased there. */
function declarationFile(token: string): string {
  const [packageName = "", path = ""] = token.split(":");
  const inPackage = path.replace(/^index\//, "");
  const candidates = [inPackage, inPackage.replace(/[^/]+$/, (file) => file.toLowerCase())];
  const found = candidates
    .map((candidate) => join(PACKAGES, packageName, `${candidate}.d.ts`))
    .find((file) => existsSync(file));
  if (!found) throw new Error(`${token}: no declaration file among ${candidates.join(", ")}.`);
  return found;
}

function objectShape(type: ts.Type): ObjectShape {
  const required: string[] = [];
  const fields: Record<string, Shape> = {};
  for (const property of checker.getPropertiesOfType(type)) {
    const optional = (property.flags & ts.SymbolFlags.Optional) !== 0;
    if (!optional) required.push(property.name);
    const shape = shapeOf(checker.getTypeOfSymbol(property), property.name);
    fields[property.name] = narrowed(shape, property);
  }
  return { required, fields };
}

/** Text of which the declaration's comment lists all values, as the provider's own generator writes it. */
function narrowed(shape: Shape, property: ts.Symbol): Shape {
  const comment = ts.displayPartsToString(property.getDocumentationComment(checker)).replace(/\s+/g, " ");
  const [, listed] =
    /(?:Possible values are|Each value may be one of): ((?:`\w+`, )*`\w+`)\./.exec(comment) ?? [];
  if (listed === undefined) return shape;
  const oneOf = listed.split(", ").map((value) => value.slice(1, -1));
  if (shape === "string") return { oneOf };
  return typeof shape === "object" && "list" in shape && shape.list === "string"
    ? { list: { oneOf } }
    : shape;
}

function shapeOf(type: ts.Type, where: string): Shape {
  const members = flatten(type);
  if (members.some((member) => member.flags & ts.TypeFlags.Any)) return "any";
  const [first] = members;
  if (!first) throw new Error(`${where}: nothing is left of ${checker.typeToString(type)}.`);
  const literals = members.filter((member) => member.isStringLiteral()).map((member) => member.value);
  const others = members.filter((member) => !member.isStringLiteral());
  if (others.length === 0) return { oneOf: literals };
  const shapes = [...new Set(others.map((member) => JSON.stringify(singleShape(member, where))))];
  const [shape] = shapes;
  if (shapes.length !== 1 || shape === undefined) {
    throw new Error(`${where}: ${checker.typeToString(type)} is more than one thing: ${shapes.join(", ")}.`);
  }
  return JSON.parse(shape) as Shape;
}

function singleShape(type: ts.Type, where: string): Shape {
  if (type.flags & ts.TypeFlags.StringLike) return "string";
  if (type.flags & ts.TypeFlags.NumberLike) return "number";
  if (type.flags & ts.TypeFlags.BooleanLike) return "boolean";
  const name = type.symbol?.name ?? "";
  if (/Asset$|Archive$/.test(name)) return "asset";
  if (checker.isArrayType(type)) {
    const [element] = checker.getTypeArguments(type as ts.TypeReference);
    if (!element) throw new Error(`${where}: a list of nothing.`);
    return { list: shapeOf(element, `${where}[]`) };
  }
  const values = checker.getIndexTypeOfType(type, ts.IndexKind.String);
  if (values) return { map: shapeOf(values, `${where}{}`) };
  if (type.symbol && checker.getPropertyOfType(type, "__pulumiResource")) return "string";
  const key = qualifiedName(type.symbol);
  if (!(key in objects)) {
    objects[key] = { required: [], fields: {} };
    objects[key] = objectShape(type);
  }
  return `#${key}`;
}

/** The members of a union without what `Input` and optionality add. */
function flatten(type: ts.Type): ts.Type[] {
  const members = type.isUnion() ? type.types : [type];
  return members.filter(
    (member) =>
      !(member.flags & (ts.TypeFlags.Undefined | ts.TypeFlags.Null)) &&
      !WRAPPERS.has(member.symbol?.name ?? "") &&
      !(member.isIntersection() && member.types.some((part) => WRAPPERS.has(part.symbol?.name ?? ""))),
  );
}

function qualifiedName(symbol: ts.Symbol): string {
  const name = checker.getFullyQualifiedName(symbol);
  const local = name.slice(name.lastIndexOf('"') + 2);
  const declared = symbol.declarations?.[0]?.getSourceFile().fileName ?? "";
  return `${declared.includes("/fastly/") ? "fastly" : "gcp"}.${local}`;
}

function outputsOf(symbol: ts.Symbol): string[] {
  const type = checker.getDeclaredTypeOfSymbol(symbol);
  const inherited = new Set(["id", "urn"]);
  return checker
    .getPropertiesOfType(type)
    .filter((property) => !inherited.has(property.name) && !property.name.startsWith("_"))
    .filter((property) => property.declarations?.some(ts.isPropertyDeclaration))
    .map((property) => property.name)
    .sort();
}
