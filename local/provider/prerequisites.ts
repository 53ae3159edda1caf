import { showAt } from "../../review/rules/paths.ts";
import { valuesAt } from "../../review/rules/rule.ts";
import type { Properties } from "../../review/rules/values.ts";
import type { CloudParts, CloudResource } from "../kernel/parts.ts";
import { FUNCTION_KIND } from "../services/cloud-run/function-service.ts";
import { resolve } from "../services/google/references.ts";
import type { Draft, Kind, Surroundings } from "./kind.ts";
import { ProviderError } from "./provider-error.ts";
import { decodeProperties } from "./wire.ts";

/** What a project's services are, as the cloud keeps them. */
const SERVICE = "gcp:projects/service:Service";
const SERVICE_USAGE = "https://cloud.google.com/service-usage/docs/enabled-service";
const ERRORS = "https://cloud.google.com/apis/design/errors";
const FASTLY_API = "https://www.fastly.com/documentation/reference/api/";

const STATUS = { PERMISSION_DENIED: 403, NOT_FOUND: 404, INVALID_ARGUMENT: 400 } as const;

/** What a resource needs of others and lacks. */
interface Unmet {
  readonly code: keyof typeof STATUS;
  /** In a sentence that names the rule, the value and where the rule stands. */
  readonly reason: string;
}

/** A cloud holds all there is. */
export function inTheCloud({ kernel: { resources } }: CloudParts, home: string | undefined): Surroundings {
  return {
    home,
    get: (kind, id) => resources.get(kind, id),
    list: (kind) => resources.list(kind),
    mayBeElsewhere: () => false,
  };
}

/**
 * What only other resources show of this one: services that are off, references to nothing, and what does not
 * go together. Asked of a draft before it is written, and of a plan before anything is.
 *
 * @param shown The inputs with their marks of secrecy: what may be shown of them.
 */
export function unmetPrerequisites(
  kind: Kind,
  draft: Draft,
  around: Surroundings,
  shown = draft.inputs,
): readonly Unmet[] {
  return [
    ...disabledServices(kind, draft, around),
    ...danglingReferences(kind, draft, around, shown),
    ...mismatches(kind, draft, around, shown),
  ];
}

/**
 * @throws {ProviderError} PERMISSION_DENIED for a kind whose API is not enabled in its project, else NOT_FOUND for
 * inputs that name what is not there, else INVALID_ARGUMENT; with every mistake of that sort.
 */
export function refuseUnmet(kind: Kind, draft: Draft, around: Surroundings): void {
  const unmet = unmetPrerequisites(kind, draft, around);
  const [first] = unmet;
  if (!first) return;
  const reasons = unmet.filter(({ code }) => code === first.code).map(({ reason }) => reason);
  const { code } = first;
  const subject = code === "PERMISSION_DENIED" ? "" : `${kind.token} "${draft.id}": `;
  throw new ProviderError(code, `Error ${STATUS[code]}: ${subject}${reasons.join(" ")}`);
}

/** The project that a resource is in, as far as it says so. */
export function projectOf({ id, inputs }: Pick<Draft, "id" | "inputs">): string | undefined {
  return typeof inputs.project === "string"
    ? inputs.project.replace(/^projects\//, "")
    : /^projects\/([^/]+)\//.exec(id)?.[1];
}

function disabledServices({ services = [] }: Kind, draft: Draft, around: Surroundings): readonly Unmet[] {
  const project = projectOf(draft);
  if (project === undefined) return [];
  return services
    .map((service) => ({ service, id: `${project}/${service}` }))
    .filter(({ id }) => !around.get(SERVICE, id) && !around.mayBeElsewhere([SERVICE], id, project))
    .map(({ service }) => ({
      code: "PERMISSION_DENIED",
      reason: `${service} has not been used in project ${project} before or it is disabled, SERVICE_DISABLED. "${draft.urn}" must depend on a ${SERVICE} that enables it (${SERVICE_USAGE}).`,
    }));
}

function danglingReferences(
  { token, references = {} }: Kind,
  draft: Draft,
  around: Surroundings,
  shown: Properties,
): readonly Unmet[] {
  const unmet: Unmet[] = [];
  for (const [pattern, kinds] of Object.entries(references)) {
    for (const [path, value] of valuesAt(draft.inputs, pattern)) {
      if (typeof value !== "string" || value === "") continue;
      if (kinds.some((kind) => resolve(around, kind, nameIn(kind, value)))) continue;
      if (around.mayBeElsewhere(kinds, value, projectOf(draft))) continue;
      const source = token.startsWith("fastly:") ? FASTLY_API : ERRORS;
      unmet.push({
        code: "NOT_FOUND",
        reason: `${path} must name a ${kinds.join(" or ")} that exists; got ${showAt(shown, path)} (${source}).`,
      });
    }
  }
  return unmet;
}

function mismatches(
  { verify }: Kind,
  draft: Draft,
  around: Surroundings,
  shown: Properties,
): readonly Unmet[] {
  const unmet: Unmet[] = [];
  verify?.(draft, around, (path, rule, source) => {
    unmet.push({
      code: "INVALID_ARGUMENT",
      reason: `${path} ${rule}; got ${showAt(shown, path)} (${source}).`,
    });
  });
  return unmet;
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
