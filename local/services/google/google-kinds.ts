import { labels } from "../../../review/rules/google/labels.ts";
import { cite } from "../../../review/rules/rule.ts";
import { FACTS } from "../../provider/facts.ts";
import type { Kind } from "../../provider/kind.ts";
import { ENABLED_BY_DEFAULT } from "../service-usage/rules.ts";

const LABELS = cite("https://cloud.google.com/resource-manager/docs/labels-overview#requirements", {
  labels: labels(),
});

/** Kinds with what all of Google's share: the services that they are made with, and the rules of labels. */
export function googleKinds(services: readonly string[], kinds: readonly Kind[]): readonly Kind[] {
  return kinds.map((kind) => ({
    ...kind,
    services: madeWith(...services),
    rules: [...(kind.rules ?? []), ...(FACTS[kind.token]?.computed.includes("pulumiLabels") ? [LABELS] : [])],
  }));
}

/** Those of the services that have to be enabled first: some are, in every new project. */
export function madeWith(...services: readonly string[]): readonly string[] {
  return services.filter((service) => !ENABLED_BY_DEFAULT.includes(service));
}
