import { keyName, type PlatformConfig } from "./config.ts";

/**
 * Projects named `example-…`, the domains and addresses that documents are to use, and ids that say what
 * they are. None of them belongs to whoever deploys this.
 *
 * @see RFC 2606 section 3 (domains), RFC 5737 and RFC 3849 (addresses)
 */
const EXAMPLE =
  /(^|@)example-|(^|[@.])example(\.(com|net|org))?$|^(192\.0\.2|198\.51\.100|203\.0\.113)\.|^2001:db8:/;
/** Prose, and hosts that the zone's domain is the end of. */
const SILENT = ["platformName", "originHost", "apiHost", "host"];

/** A sentence for each value that is still this repository's example: with it an `up` fails, or serves nobody. */
export function exampleValues(config: PlatformConfig): readonly string[] {
  return sentences(config, []);
}

function sentences(value: unknown, path: readonly string[]): readonly string[] {
  const texts = [value].flat().filter((text) => typeof text === "string");
  if (texts.some((text) => EXAMPLE.test(text))) {
    return [`${keyName(path)} is still the example's; got ${JSON.stringify(value)}.`];
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value)
    .filter(([key]) => !SILENT.includes(key))
    .flatMap(([key, inner]) => sentences(inner, [...path, key]));
}
