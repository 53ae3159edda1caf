import { labels } from "../../../review/rules/google/labels.ts";
import { type CitedRules, cite, inObject, valuesAt } from "../../../review/rules/rule.ts";
import type { Value } from "../../../review/rules/values.ts";
import type { CloudResource, ResourceView } from "../../kernel/contract.ts";
import type { Draft, Kind, KindEntry, Surroundings, Unmet } from "../../provider/kind.ts";
import { type KindData, readKindData } from "../../provider/kind-data.ts";
import { ProviderError } from "../../provider/provider-error.ts";
import { FUNCTION_KIND } from "../cloud-run/function-service.ts";
import { ENABLED_BY_DEFAULT } from "../service-usage/rules.ts";
import { commonOutputs, VOLATILE } from "./common-outputs.ts";
import { projectIn, projectOf } from "./names.ts";
import { resolve } from "./references.ts";

/** What a project's services are, as the cloud keeps them. */
const SERVICE = "gcp:projects/service:Service";
const SERVICE_USAGE = "https://cloud.google.com/service-usage/docs/enabled-service";
const ERRORS = "https://cloud.google.com/apis/design/errors";
const LABELS = cite("https://cloud.google.com/resource-manager/docs/labels-overview#requirements", {
  labels: labels(),
});
const PROJECT = cite("https://www.pulumi.com/registry/packages/gcp/installation-configuration/", {
  "": inObject(({ project }, report) => {
    if (project === undefined) report("project", "must be set, on the resource or as gcp:project");
  }),
});

/** What a kind of Google's says beyond what any does. */
export interface GoogleKindEntry<in Parts = unknown> extends KindEntry<Parts> {
  /** Inputs whose service takes names of the resource's own project alone: where that is stated, by path. */
  readonly ownProject?: Readonly<Record<string, string>>;
}

/**
 * The kinds of a service's folder, with what all of Google's share: the project, labels, deletion policies, and
 * the APIs that have to be enabled before one can be made.
 *
 * @param folder where `facts.json` and `shapes.generated.json` are.
 * @param services `pubsub.googleapis.com`
 */
export function googleKinds<Parts>(
  folder: string,
  services: readonly string[],
  entries: readonly GoogleKindEntry<Parts>[],
): readonly Kind<Parts>[] {
  const dataOf = readKindData(folder);
  return entries.map((entry) => completed(entry, dataOf(entry.token), services));
}

function completed<Parts>(
  { ownProject = {}, ...entry }: GoogleKindEntry<Parts>,
  data: KindData,
  services: readonly string[],
): Kind<Parts> {
  const { facts, shape } = data;
  const { project, deletionPolicy } = shape.inputs.fields;
  const needed = services.filter((service) => !ENABLED_BY_DEFAULT.includes(service));
  const common: CitedRules[] = [
    ...(project ? [PROJECT] : []),
    ...(facts.computed.includes("pulumiLabels") ? [LABELS] : []),
  ];
  return {
    ...entry,
    ...data,
    errors: ERRORS,
    rules: [...(entry.rules ?? []), ...common],
    defaults: (inputs, config) => ({
      ...(project && config.project && { project: config.project }),
      ...entry.defaults?.(inputs, config),
    }),
    tacit: deletionPolicy ? { deletionPolicy: "DELETE" } : {},
    volatile: [...VOLATILE, ...(entry.volatile ?? [])],
    outputs: (draft, parts) => ({ ...commonOutputs(facts, draft), ...entry.outputs?.(draft, parts) }),
    resolve: resolveName,
    services: needed,
    lacks: (draft, around) => [...disabled(needed, draft, around), ...strangers(ownProject, draft)],
    outlives: (resource) => {
      const policy = resource.properties.deletionPolicy;
      return policy === "ABANDON" || (policy !== "PREVENT" && entry.outlives?.(resource) === true);
    },
    remove: (resource, parts) => {
      refusePrevented(resource);
      entry.remove?.(resource, parts);
    },
  };
}

/** A function goes by the name of the Cloud Run service under it. */
function resolveName(resources: ResourceView, kind: string, name: Value): CloudResource | undefined {
  const meant =
    kind === FUNCTION_KIND && typeof name === "string" ? name.replace("/services/", "/functions/") : name;
  return resolve(resources, kind, meant);
}

function disabled(services: readonly string[], draft: Draft, around: Surroundings): readonly Unmet[] {
  const project = projectOf(draft);
  if (project === undefined) return [];
  return services
    .map((service) => ({ service, id: `${project}/${service}` }))
    .filter(({ id }) => !around.get(SERVICE, id) && !around.mayBeElsewhere([SERVICE], id, draft))
    .map(({ service }) => ({
      code: "PERMISSION_DENIED",
      reason: `${service} has not been used in project ${project} before or it is disabled, SERVICE_DISABLED. "${draft.urn}" must depend on a ${SERVICE} that enables it (${SERVICE_USAGE}).`,
    }));
}

/** Names of another project's resources where the service takes its own alone. */
function strangers(paths: Readonly<Record<string, string>>, draft: Draft): readonly Unmet[] {
  const project = projectOf(draft);
  return Object.entries(paths).flatMap(([pattern, source]) =>
    valuesAt(draft.inputs, pattern).flatMap(([path, name]): readonly Unmet[] => {
      const other = typeof name === "string" ? projectIn(name, project) : project;
      // Some answer with the project's number in place of its id.
      if (other === project || other === undefined || /^\d+$/.test(other)) return [];
      const reason = `${path} must be of the same project, ${project}; got ${JSON.stringify(name)} (${source}).`;
      return [{ code: "INVALID_ARGUMENT", reason }];
    }),
  );
}

function refusePrevented({ kind, id, properties }: CloudResource): void {
  if (properties.deletionPolicy !== "PREVENT") return;
  throw new ProviderError(
    "FAILED_PRECONDITION",
    `${kind} "${id}" cannot be deleted: deletionPolicy must be DELETE or ABANDON; got "PREVENT".`,
  );
}
