import { isProperties, type Properties, reveal, UNKNOWN } from "../../review/rules/values.ts";
import type { ProviderConfig } from "./kind.ts";
import type { Package } from "./package.ts";
import type { Failure } from "./requests.ts";

const ENGINE_OWN = ["version", "pluginDownloadURL", "pluginChecksums"];

/** Refuses every setting of the package that would otherwise be ignored in silence. */
export function checkSettings(
  { name: packageName, settings }: Pick<Package, "name" | "settings">,
  news: Properties,
): readonly Failure[] {
  return Object.keys(news)
    .filter(
      (name) => !settings.read.includes(name) && !settings.access.test(name) && !ENGINE_OWN.includes(name),
    )
    .map((name) => ({
      property: name,
      reason: `${packageName}:${name} must be a setting that the local provider knows (${settings.read.join(", ") || "none"}, and those of access).`,
    }));
}

/** What kinds read, out of Configure's two forms: properties, or variables such as `gcp:config:project`. */
export function readSettings(
  packageName: string,
  args: Properties | undefined,
  variables: ReadonlyMap<string, string>,
): ProviderConfig {
  const config: Record<string, string> = {};
  for (const [key, value] of variables) {
    config[key.replace(`${packageName}:config:`, "").replace(`${packageName}:`, "")] = value;
  }
  for (const [name, value] of Object.entries(reveal(args ?? {}))) {
    if (value === undefined || value === null || value === UNKNOWN || isProperties(value)) continue;
    config[name] = typeof value === "string" ? value : String(value);
  }
  return config;
}
