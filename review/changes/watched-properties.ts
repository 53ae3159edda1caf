import { effectOfLoss } from "./effects-of-loss.ts";
import type { Rule } from "./finding.ts";
import { segmentsOf } from "./property-paths.ts";
import type { ResourceChange } from "./stack-changes.ts";
import { WATCHES, type Watch } from "./watches.ts";
import { capitalised, listed, shownAt, subject } from "./wording.ts";

/** Maps whose keys are the program's own: what is called like an input is none. */
const OWN_KEYS = /(labels|annotations|variables|metadata|tags|attributes|substitutions|parameters)$/i;
/** Changes of what requests, certificates, retention and alerts depend on. */
export const watchedProperties: Rule = (change) => {
  const { urn, type, outcome } = change;
  if (outcome === "delete") return [];
  const who = capitalised(subject(urn));
  const lost = outcome === "replace" ? effectOfLoss(change)?.kind : undefined;
  const byWatch = new Map<Watch, string[]>();
  for (const path of Object.keys(change.paths)) {
    const watch = WATCHES.find((each) => each.type.test(type) && each.path.test(schemaPath(path)));
    // That it is replaced says it already.
    if (watch && watch.kind !== lost) byWatch.set(watch, [...(byWatch.get(watch) ?? []), path]);
  }
  return [...byWatch].map(([{ kind, effect }, paths]) => {
    const told = paths.map((path) => toldChange(change, path));
    return { urn, kind, sentence: `${who}: ${effect} (${listed(told)}).` };
  });
};

/** As far as the provider names its parts. */
function schemaPath(path: string): string {
  const segments = segmentsOf(path);
  const own = segments.findIndex((segment) => OWN_KEYS.test(segment));
  return (own === -1 ? segments : segments.slice(0, own + 1)).join(".");
}

function toldChange({ before, after }: ResourceChange, path: string): string {
  const [old, next] = [before, after].map((state) => shownAt(state?.inputs, path));
  return old === next ? `${path} changes` : `${path}: ${old} → ${next}`;
}
