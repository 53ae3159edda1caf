import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Facts } from "./facts.ts";
import type { ResourceShape, Shapes } from "./shapes.ts";

/** What is known of a kind beside what its entry says. */
export interface KindData {
  readonly facts: Facts;
  readonly shape: ResourceShape;
  readonly shapes: Shapes;
}

/**
 * Reads `facts.json`, from the schemas of the real providers, and `shapes.generated.json`, which
 * `generate-shapes.ts` makes of the SDK's own declarations.
 *
 * @param folder of the service whose kinds they describe.
 */
export function readKindData(folder: string): (token: string) => KindData {
  const facts = read<Readonly<Record<string, Facts>>>(folder, "facts.json");
  const shapes = read<Shapes>(folder, "shapes.generated.json");
  return (token) => {
    const [known, shape] = [facts[token], shapes.resources[token]];
    if (!known) throw new Error(`${folder}/facts.json lacks the kind ${token}.`);
    if (!shape)
      throw new Error(`${folder}/shapes.generated.json lacks the kind ${token}: run generate-shapes.ts.`);
    return { facts: known, shape, shapes };
  };
}

function read<Content>(folder: string, file: string): Content {
  return JSON.parse(readFileSync(join(folder, file), "utf8")) as Content;
}
