import { resolve } from "../cloud/load-balancing/references.ts";
import type { CloudParts, CloudResource } from "../cloud/parts.ts";
import { FUNCTION_KIND } from "../cloud/run/function-service.ts";
import type { Draft, Kind } from "./kind.ts";
import { showAt } from "./paths.ts";
import { ProviderError } from "./provider-error.ts";
import { valuesAt } from "./rules/rule.ts";
import { decodeProperties } from "./wire.ts";

/** What a project's services are, as the cloud keeps them. */
const SERVICE = "gcp:projects/service:Service";
const SERVICE_USAGE = "https://cloud.google.com/service-usage/docs/enabled-service";
const ERRORS = "https://cloud.google.com/apis/design/errors";
const FASTLY_API = "https://www.fastly.com/documentation/reference/api/";

/** @throws {ProviderError} PERMISSION_DENIED for a kind whose API is not enabled in its project. */
export function refuseDisabled({ services = [] }: Kind, { id, inputs, urn }: Draft, parts: CloudParts): void {
  const project =
    typeof inputs.project === "string"
      ? inputs.project.replace(/^projects\//, "")
      : /^projects\/([^/]+)\//.exec(id)?.[1];
  if (project === undefined) return;
  for (const service of services) {
    if (parts.kernel.resources.get(SERVICE, `${project}/${service}`)) continue;
    throw new ProviderError(
      "PERMISSION_DENIED",
      `Error 403: ${service} has not been used in project ${project} before or it is disabled, SERVICE_DISABLED. "${urn}" must depend on a ${SERVICE} that enables it (${SERVICE_USAGE}).`,
    );
  }
}

/** @throws {ProviderError} NOT_FOUND for an input that names what the cloud does not hold. */
export function refuseDangling(
  { token, references = {} }: Kind,
  { id, inputs }: Draft,
  parts: CloudParts,
): void {
  for (const [pattern, kinds] of Object.entries(references)) {
    for (const [path, value] of valuesAt(inputs, pattern)) {
      if (typeof value !== "string" || value === "") continue;
      if (kinds.some((kind) => resolve(parts.kernel.resources, kind, nameIn(kind, value)))) continue;
      const source = token.startsWith("fastly:") ? FASTLY_API : ERRORS;
      throw new ProviderError(
        "NOT_FOUND",
        `Error 404: ${token} "${id}": ${path} must name a ${kinds.join(" or ")} that exists; got ${JSON.stringify(value)} (${source}).`,
      );
    }
  }
}

/** @throws {ProviderError} INVALID_ARGUMENT with every mistake that only the cloud's other resources show. */
export function refuseMismatches({ token, verify }: Kind, draft: Draft, parts: CloudParts): void {
  const mistakes: string[] = [];
  verify?.(draft, parts, (path, rule, source) => {
    mistakes.push(`${path} ${rule}; got ${showAt(draft.inputs, path)} (${source}).`);
  });
  if (mistakes.length === 0) return;
  throw new ProviderError("INVALID_ARGUMENT", `Error 400: ${token} "${draft.id}": ${mistakes.join(" ")}`);
}

/** A function goes by the name of the Cloud Run service under it. */
function nameIn(kind: string, value: string): string {
  return kind === FUNCTION_KIND ? value.replace("/services/", "/functions/") : value;
}

/** @throws {ProviderError} FAILED_PRECONDITION while another resource refers to what its service then keeps. */
export function refuseInUse(
  { token, keptInUse }: Kind,
  resource: CloudResource,
  kinds: Iterable<Kind>,
  parts: CloudParts,
): void {
  if (keptInUse === undefined) return;
  for (const { token: user, references = {} } of kinds) {
    const patterns = Object.entries(references).filter(([, targets]) => targets.includes(token));
    for (const other of patterns.length > 0 ? parts.kernel.resources.list(user) : []) {
      const inputs = decodeProperties(other.properties);
      const named = patterns
        .flatMap(([pattern]) => valuesAt(inputs, pattern))
        .find(([, value]) => resolve(parts.kernel.resources, token, value)?.id === resource.id);
      if (!named) continue;
      throw new ProviderError(
        "FAILED_PRECONDITION",
        `Error 400: ${token} "${resource.id}" cannot be deleted while it is the ${named[0]} of ${user} "${other.id}", resourceInUseByAnotherResource (${keptInUse}).`,
      );
    }
  }
}
