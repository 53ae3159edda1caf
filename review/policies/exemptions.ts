import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import type { ResourceGraph } from "../graph/resource-graph.ts";
import { nameOf, typeOf } from "../preview/urn.ts";
import type { Policy, PolicyFinding } from "./policy.ts";

/** Beside the Pulumi.yaml of the program that they are for. */
const FILE = "policy-exemptions.yaml";
const WAY_OUT = "Mend what it is for, or have its owner look at it again and take it out or renew it.";

const exemption = z.strictObject({
  policy: z.string(),
  /** `TYPE::NAME`; none: the stack as a whole. */
  resource: z
    .string()
    .regex(/^[^:]+:[^:]+:[^:]+::.+$/, "must be TYPE::NAME")
    .optional(),
  /** The input, variable or role, as the finding says it; none: the finding says none. What else breaks there is not exempt. */
  what: z.string().optional(),
  stacks: z.array(z.string()).min(1),
  owner: z.email("must be the e-mail address of who answers for it"),
  /** The last day. */
  expires: z.iso.date("must be a date, YYYY-MM-DD"),
  reason: z.string().min(20, "must say why it may be so"),
});

export type Exemption = z.output<typeof exemption>;

/** Exemptions that are not what they should be, each mistake with its place. */
export class InvalidExemptions extends Error {}

/**
 * Of a program; one without the file has none.
 *
 * @throws {InvalidExemptions}
 */
export function readExemptions(folder: string, policies: readonly Policy[]): readonly Exemption[] {
  const file = join(folder, FILE);
  return existsSync(file) ? parseExemptions(readFileSync(file, "utf8"), policies) : [];
}

/** @throws {InvalidExemptions} */
export function parseExemptions(text: string, policies: readonly Policy[]): readonly Exemption[] {
  const ids = policies.map(({ id }) => id);
  const schema = z.strictObject({
    exemptions: z.array(
      exemption.refine(({ policy }) => ids.includes(policy), {
        path: ["policy"],
        message: `must be one of ${ids.join(", ")}`,
      }),
    ),
  });
  const read = schema.safeParse(yamlOf(text));
  if (!read.success) throw new InvalidExemptions(`${FILE}: ${z.prettifyError(read.error)}`);
  return read.data.exemptions;
}

function yamlOf(text: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    throw new InvalidExemptions(`${FILE}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

/** Marks the findings that are exempt, and adds one for each exemption that is past its day, or that nothing needs. */
export function withExemptions(
  findings: readonly PolicyFinding[],
  { stack }: ResourceGraph,
  exemptions: readonly Exemption[],
  now: Date,
): readonly PolicyFinding[] {
  const today = now.toISOString().slice(0, 10);
  const here = exemptions.filter(({ stacks }) => stacks.includes(stack));
  const marked = findings.map((finding): PolicyFinding => {
    const found = here.find((each) => each.expires >= today && isFor(each, finding));
    return found ? { ...finding, exemption: { owner: found.owner, expires: found.expires } } : finding;
  });
  return [...marked, ...here.flatMap((each) => flawOf(each, findings, today))];
}

function isFor(exemption: Exemption, finding: PolicyFinding): boolean {
  return isThere(exemption, finding) && exemption.what === finding.what;
}

function isThere({ policy, resource }: Exemption, { id, urn }: PolicyFinding): boolean {
  return policy === id && resource === (urn === undefined ? undefined : `${typeOf(urn)}::${nameOf(urn)}`);
}

function flawOf(
  exemption: Exemption,
  findings: readonly PolicyFinding[],
  today: string,
): readonly PolicyFinding[] {
  const found = findings.find((finding) => isFor(exemption, finding));
  const { policy, resource, what, owner, expires } = exemption;
  const of = [resource ?? "the stack", ...(what === undefined ? [] : [what])].join(", ");
  const about = `The exemption of ${of} from ${policy} (${owner})`;
  const told = (id: string, sentence: string): readonly PolicyFinding[] => [
    {
      id,
      severity: "mandatory",
      ...(found?.urn && { urn: found.urn }),
      what: `${policy}: ${of}`,
      sentence,
      wayOut: WAY_OUT,
    },
  ];
  if (found === undefined) {
    const others = findings.filter((finding) => isThere(exemption, finding));
    const there =
      others.length === 0
        ? "nothing breaks the policy there"
        : `what breaks the policy there is ${others.map((each) => each.what ?? "the whole").join(", ")}`;
    return told("exemption-unused", `${about} must be of use: ${there}.`);
  }
  return expires < today
    ? told("exemption-expired", `${about} must be renewed: it ended with ${expires}.`)
    : [];
}
