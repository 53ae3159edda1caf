import { createHash } from "node:crypto";
import type { Kernel } from "../../kernel/contract.ts";
import { ProviderError } from "../../provider/provider-error.ts";
import { FUNCTION_KIND } from "./function-service.ts";
import { SERVICE_KIND } from "./service-settings.ts";

/**
 * A service's URI by Google's scheme, `https://NAME-HASH-REGIONCODE.a.run.app`, the same every time. The
 * hash covers the region too, since codes of two letters made from a region's name can coincide.
 *
 * @param id `projects/P/locations/L/services/S`
 * @param owner the id of the resource whose URI it is to be.
 * @throws {ProviderError} ALREADY_EXISTS when another resource has it.
 */
export function claimUri(id: string, owner: string, { resources }: Pick<Kernel, "resources">): string {
  const uri = uriOf(id);
  const taken = [
    ...resources.list(SERVICE_KIND).map((other) => [other.id, other.properties.uri]),
    ...resources
      .list(FUNCTION_KIND)
      .map((other) => [other.id, (other.properties.serviceConfig as { uri?: string } | undefined)?.uri]),
  ].find(([other, theirs]) => other !== owner && theirs === uri);
  if (taken) throw new ProviderError("ALREADY_EXISTS", `Error 409: ${uri} belongs to ${taken[0]} already.`);
  return uri;
}

function uriOf(id: string): string {
  const [, project, , location = "", , name] = id.split("/");
  const digest = createHash("sha256").update(`projects/${project}/${location}/${name}`).digest("hex");
  const hash = BigInt(`0x${digest.slice(0, 16)}`)
    .toString(36)
    .padStart(10, "0")
    .slice(-10);
  const code = location
    .split("-")
    .map((word) => word.charAt(0))
    .join("");
  return `https://${name}-${hash}-${code}.a.run.app`;
}
