import { readFileSync } from "node:fs";
import { parse } from "yaml";

/** A stack's own configuration by full keys, as Pulumi hands it to the program: objects as JSON. */
export function readStackFile(stack: string): Record<string, string> {
  const file = new URL(`../../Pulumi.${stack}.yaml`, import.meta.url);
  const { config } = parse(readFileSync(file, "utf8")) as { config: Record<string, unknown> };
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      key,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
}
