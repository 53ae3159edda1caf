import { namedPath, showAt } from "../../review/rules/paths.ts";
import { type CitedReport, judge, segmentsOf, valuesAt } from "../../review/rules/rule.ts";
import { absentFrom, type Properties, reveal, type Value } from "../../review/rules/values.ts";
import { autoname } from "./autonaming.ts";
import type { Kind, ProviderConfig } from "./kind.ts";
import { type CheckRequest, type CheckResult, type Failure, nameOf } from "./requests.ts";
import { markSecrets } from "./secrecy.ts";
import { checkObject } from "./shape-check.ts";
import type { ObjectShape, Shape } from "./shapes.ts";

/** The source of what the service itself would take. */
const LOCAL_LIMIT = "a limit of the local cloud";

interface Circumstances {
  readonly config: ProviderConfig;
  /** Whether a local cloud will act on the resource, so that its limits count too. */
  readonly local: boolean;
}

/** Fills in name and defaults, then reports every mistake at once, one a property. */
export function checkInputs(
  kind: Kind,
  request: CheckRequest,
  { config, local }: Circumstances,
): CheckResult {
  const { facts, shape, shapes } = kind;
  const failures = new Map<string, Failure>();
  const inputs: Record<string, Value | undefined> = { ...request.news };
  const unnamed = name(kind, request, inputs);
  Object.assign(inputs, defaults(kind, inputs, config));

  const checked = markSecrets(inputs, facts.secret ?? []);
  const report: CitedReport = (path, rule, source) => {
    if (failures.has(path)) return;
    // A rule that shows a value of its own says all there is to say of one that isn't there.
    const got = unnamed && path === kind.autoname?.property ? "" : `; got ${showAt(checked, path)}`;
    failures.set(path, { property: path, reason: `${namedPath(checked, path)} ${rule}${got} (${source}).` });
  };
  if (kind.autoname && unnamed) report(kind.autoname.property, unnamed.rule, unnamed.source);
  const plain = reveal(inputs);
  checkObject({ ...shape.inputs, required: facts.required }, shapes, plain, report, `${kind.token}Args`);
  judge(kind.rules ?? [], plain, report);
  checkReferences(kind, plain, report);
  if (local) kind.unsupported?.(plain, (path, rule) => report(path, rule, LOCAL_LIMIT));
  return { inputs: checked, failures: [...failures.values()] };
}

/** An empty name of what has to be named leads nowhere; elsewhere it is none. */
function checkReferences(kind: Kind, inputs: Properties, report: CitedReport): void {
  for (const [pattern, kinds] of Object.entries(kind.references ?? {})) {
    if (!mustBeNamed(kind, pattern)) continue;
    for (const [path, value] of valuesAt(inputs, pattern)) {
      if (value === "") report(path, `must name a ${kinds.join(" or ")}`, kind.errors);
    }
  }
}

/** Whether a pattern leads to an element of a list, or to a field that its object is declared to require. */
function mustBeNamed({ facts, shape, shapes }: Kind, pattern: string): boolean {
  const segments = segmentsOf(pattern);
  const last = segments.at(-1);
  if (last === undefined || last === "[]" || segments.length === 1)
    return last === "[]" || facts.required.includes(last ?? "");
  let object: ObjectShape | undefined = shape.inputs;
  let field: Shape | undefined;
  for (const segment of segments.slice(0, -1)) {
    if (segment === "[]") field = typeof field === "object" && "list" in field ? field.list : undefined;
    else field = object?.fields[segment];
    object = typeof field === "string" ? shapes.objects[field.slice(1)] : undefined;
  }
  return object?.required.includes(last) === true;
}

/** Keeps the name that the resource has, or makes one. Returns the rule that forbids it. */
function name(
  { autoname: rules }: Kind,
  { olds, urn, randomSeed, autonaming }: CheckRequest,
  inputs: Record<string, Value | undefined>,
): { readonly rule: string; readonly source: string } | undefined {
  if (!rules || inputs[rules.property] !== undefined) return undefined;
  inputs[rules.property] = olds[rules.property];
  if (inputs[rules.property] !== undefined) return undefined;
  const made = autoname(rules, {
    name: nameOf({ urn }),
    urn,
    ...(randomSeed && { randomSeed }),
    ...(autonaming && { autonaming }),
  });
  if ("rule" in made) return made;
  inputs[rules.property] = made.value;
  return undefined;
}

function defaults(kind: Kind, inputs: Properties, config: ProviderConfig): Properties {
  return absentFrom(inputs, {
    ...kind.facts.defaults,
    ...kind.defaults?.(reveal(inputs), config),
  });
}
