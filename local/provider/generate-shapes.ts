/**
 * Writes `shapes.generated.json` beside every `facts.json`: the fields of the kinds in it, as the SDK's type
 * declarations and their comments give them. Run by hand after an update of an SDK, or for a new kind:
 * `node local/provider/generate-shapes.ts && npm run format`
 */
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";
import type { ObjectShape, ResourceShape, Shape, Shapes } from "./shapes.ts";

const SERVICES = join(import.meta.dirname, "../services");
const PACKAGES = join(import.meta.dirname, "../../node_modules/@pulumi");
/** Fields whose comment lists what another type has: Yum's repositories are no closed list of Apt's. */
const MISLISTED = new Set([
  "gcp.artifactregistry.RepositoryRemoteRepositoryConfigAptRepositoryPublicRepository.repositoryBase",
]);
/** Wrappers that `pulumi.Input` adds around the type proper. */
const WRAPPERS = new Set(["Promise", "OutputInstance", "Output"]);

const folders = globSync("*/facts.json", { cwd: SERVICES }).map((file) => join(SERVICES, dirname(file)));
const tokensOf = new Map(folders.map((folder) => [folder, tokensIn(folder)]));
const files = new Map([...tokensOf.values()].flat().map((token) => [token, declarationFile(token)]));
const program = ts.createProgram([...files.values()], {
  strict: true,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  skipLibCheck: true,
});
const checker = program.getTypeChecker();
/** Of the folder at hand. */
let objects: Record<string, ObjectShape> = {};

for (const [folder, tokens] of tokensOf) {
  objects = {};
  const resources = Object.fromEntries(tokens.map((token) => [token, resourceShape(token)]));
  const sorted = Object.fromEntries(Object.entries(objects).sort(([a], [b]) => (a < b ? -1 : 1)));
  const [packageName = ""] = tokens[0]?.split(":", 1) ?? [];
  const shapes: Shapes = {
    sdk: `@pulumi/${packageName} ${versionOf(packageName)}`,
    resources,
    objects: sorted,
  };
  writeFileSync(join(folder, "shapes.generated.json"), JSON.stringify(shapes));
}

function tokensIn(folder: string): readonly string[] {
  return Object.keys(JSON.parse(readFileSync(join(folder, "facts.json"), "utf8"))).sort();
}

function resourceShape(token: string): ResourceShape {
  const source = program.getSourceFile(files.get(token) ?? "");
  const symbol = source && checker.getSymbolAtLocation(source);
  const exported = new Map(symbol && checker.getExportsOfModule(symbol).map((item) => [item.name, item]));
  const name = token.slice(token.lastIndexOf(":") + 1);
  const args = exported.get(`${name}Args`);
  const resource = exported.get(name);
  if (!args || !resource) throw new Error(`${files.get(token)} must export ${name} and ${name}Args.`);
  return {
    inputs: objectShape(checker.getDeclaredTypeOfSymbol(args)),
    outputs: outputsOf(resource),
  };
}

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

function objectShape(type: ts.Type, name = ""): ObjectShape {
  const required: string[] = [];
  const fields: Record<string, Shape> = {};
  for (const property of checker.getPropertiesOfType(type)) {
    const optional = (property.flags & ts.SymbolFlags.Optional) !== 0;
    if (!optional) required.push(property.name);
    const shape = shapeOf(checker.getTypeOfSymbol(property), property.name);
    fields[property.name] = MISLISTED.has(`${name}.${property.name}`) ? shape : narrowed(shape, property);
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
    objects[key] = objectShape(type, key);
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
  return `${/\/@pulumi\/([^/]+)\//.exec(declared)?.[1]}.${local}`;
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
