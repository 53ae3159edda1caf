import { autoname } from "./autonaming.ts";
import { FACTS } from "./facts.ts";
import type { Kind, ProviderConfig, Report } from "./kind.ts";
import { showAt } from "./paths.ts";
import { type CheckRequest, type CheckResult, type Failure, nameOf } from "./requests.ts";
import { markSecrets } from "./secrecy.ts";
import { checkObject } from "./shape-check.ts";
import { SHAPES } from "./shapes.ts";
import { absentFrom, type Properties, reveal, type Value } from "./values.ts";

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
  const facts = FACTS[kind.token];
  const shape = SHAPES.resources[kind.token];
  if (!facts || !shape) throw new Error(`data/ lacks the kind ${kind.token}.`);

  const failures = new Map<string, Failure>();
  const inputs: Record<string, Value | undefined> = { ...request.news };
  const rule = name(kind, request, inputs);
  if (kind.autoname && rule !== undefined) {
    const { property } = kind.autoname;
    failures.set(property, { property, reason: `${property} ${rule}.` });
  }
  Object.assign(inputs, defaults(kind, inputs, config));

  const checked = markSecrets(inputs, facts.secret ?? []);
  const report: Report = (path, broken) => {
    const reason = `${path} ${broken}; got ${showAt(checked, path)}.`;
    if (!failures.has(path)) failures.set(path, { property: path, reason });
  };
  const plain = reveal(inputs);
  if ("project" in shape.inputs.fields && inputs.project === undefined) {
    report("project", "must be set, on the resource or as gcp:project");
  }
  checkObject({ ...shape.inputs, required: facts.required }, plain, report);
  kind.check?.(plain, report);
  if (local) kind.unsupported?.(plain, report);
  return { inputs: checked, failures: [...failures.values()] };
}

/** Keeps the name that the resource has, or makes one. Returns the rule that forbids it. */
function name(
  { autoname: rules }: Kind,
  { olds, urn, randomSeed, autonaming }: CheckRequest,
  inputs: Record<string, Value | undefined>,
): string | undefined {
  if (!rules || inputs[rules.property] !== undefined) return undefined;
  inputs[rules.property] = olds[rules.property];
  if (inputs[rules.property] !== undefined) return undefined;
  const made = autoname(rules, {
    name: nameOf({ urn }),
    urn,
    ...(randomSeed && { randomSeed }),
    ...(autonaming && { autonaming }),
  });
  if ("rule" in made) return made.rule;
  inputs[rules.property] = made.value;
  return undefined;
}

function defaults(kind: Kind, inputs: Properties, config: ProviderConfig): Properties {
  const fields = SHAPES.resources[kind.token]?.inputs.fields ?? {};
  return absentFrom(inputs, {
    ...FACTS[kind.token]?.defaults,
    ...("project" in fields && config.project && { project: config.project }),
    ...kind.defaults?.(reveal(inputs), config),
  });
}
