import { namedPath, showAt } from "../../review/rules/paths.ts";
import { type CitedReport, valuesAt } from "../../review/rules/rule.ts";
import type { Properties, Value } from "../../review/rules/values.ts";
import type { CloudResource, ResourceView } from "../kernel/contract.ts";
import type { Draft, Kind, ProviderConfig, ResourceHolder, Surroundings, Unmet } from "./kind.ts";
import { ProviderError } from "./provider-error.ts";
import { decodeProperties } from "./wire.ts";

const STATUS = { PERMISSION_DENIED: 403, NOT_FOUND: 404, INVALID_ARGUMENT: 400 } as const;

/** A cloud holds all there is. */
export function inTheCloud({ kernel: { resources } }: ResourceHolder, config: ProviderConfig): Surroundings {
  return {
    config,
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
    ...(kind.lacks?.(draft, around) ?? []),
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

function danglingReferences(
  kind: Kind,
  draft: Draft,
  around: Surroundings,
  shown: Properties,
): readonly Unmet[] {
  const unmet: Unmet[] = [];
  for (const [pattern, kinds] of Object.entries(kind.references ?? {})) {
    for (const [path, value] of valuesAt(draft.inputs, pattern)) {
      if (typeof value !== "string" || value === "") continue;
      if (kinds.some((other) => leadsTo(kind, around, other, value))) continue;
      if (around.mayBeElsewhere(kinds, value, draft)) continue;
      unmet.push({
        code: "NOT_FOUND",
        reason: `${namedPath(shown, path)} must name a ${kinds.join(" or ")} that exists; got ${showAt(shown, path)} (${kind.errors}).`,
      });
    }
  }
  return unmet;
}

function mismatches(kind: Kind, draft: Draft, around: Surroundings, shown: Properties): readonly Unmet[] {
  return toldBy((report) => kind.verify?.(draft, around, report), shown).map((reason) => ({
    code: "INVALID_ARGUMENT",
    reason,
  }));
}

/** What a kind is not sure of. */
export function doubtsOf(
  kind: Kind,
  draft: Draft,
  around: Surroundings,
  shown: Properties,
): readonly string[] {
  return toldBy((report) => kind.doubt?.(draft, around, report), shown);
}

function toldBy(ask: (report: CitedReport) => void, shown: Properties): readonly string[] {
  const told: string[] = [];
  ask((path, rule, source) => {
    told.push(`${namedPath(shown, path)} ${rule}; got ${showAt(shown, path)} (${source}).`);
  });
  return told;
}

function leadsTo(from: Kind, resources: ResourceView, kind: string, name: Value): CloudResource | undefined {
  if (from.resolve) return from.resolve(resources, kind, name);
  return typeof name === "string" ? resources.get(kind, name) : undefined;
}

/** @throws {ProviderError} FAILED_PRECONDITION while another resource refers to what its service then keeps. */
export function refuseInUse(
  { token, keptInUse }: Kind,
  resource: CloudResource,
  kinds: Iterable<Kind>,
  resources: ResourceView,
): void {
  if (keptInUse === undefined) return;
  for (const kind of kinds) {
    const user = kind.token;
    const patterns = Object.entries(kind.references ?? {}).filter(([, targets]) => targets.includes(token));
    for (const other of patterns.length > 0 ? resources.list(user) : []) {
      const inputs = decodeProperties(other.properties);
      const named = patterns
        .flatMap(([pattern]) => valuesAt(inputs, pattern))
        .find(([, value]) => leadsTo(kind, resources, token, value)?.id === resource.id);
      if (!named) continue;
      throw new ProviderError(
        "FAILED_PRECONDITION",
        `Error 400: ${token} "${resource.id}" cannot be deleted while it is the ${named[0]} of ${user} "${other.id}", resourceInUseByAnotherResource (${keptInUse}).`,
      );
    }
  }
}
