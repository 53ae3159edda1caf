import { z } from "zod";
import { EXIT, Failure } from "../../operator/terminal/failure.ts";
import { UNREADABLE_SECRET } from "../../review/rules/values.ts";
import { PROJECT } from "./local-stack.ts";

const DEPLOYMENT_VERSION = 3;
/** @see https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/sig/sig.go */
const SIGNATURE = "4dabf18193072939515e22adb298388d";

const exportSchema = z.looseObject({
  version: z.literal(DEPLOYMENT_VERSION),
  /** A stack that never was updated has none. */
  deployment: z
    .looseObject({
      resources: z
        .array(z.looseObject({ urn: z.string().regex(/^urn:pulumi:[^:]+::[^:]+::.+::.+$/, "must be a URN") }))
        .nullish(),
      pending_operations: z.array(z.unknown()).nullish(),
    })
    .nullish(),
});

/** What `pulumi stack import` takes. */
export type Exported = z.infer<typeof exportSchema>;

export interface GivenExport {
  /** To be imported into a stack of ours. */
  readonly deployment: Exported;
  /** Secrets of which only the ciphertext is there. */
  readonly encrypted: number;
  /** Operations that an update had begun and not finished. */
  readonly pending: number;
}

/**
 * Reads what `pulumi stack export` wrote. Whoever encrypted its secrets is not here to decrypt them: each is taken for
 * one that is unchanged.
 *
 * @throws {Failure} when it is not that, or of another stack.
 */
export function readExport(text: string, stack: string): GivenExport {
  const given = parsed(text);
  const { resources, pending_operations, ...rest } = given.deployment ?? {};
  for (const { urn } of resources ?? []) {
    const [, itsStack, itsProject] = /^urn:pulumi:([^:]+)::([^:]+)::/.exec(urn) ?? [];
    if (itsStack === stack && itsProject === PROJECT) continue;
    throw refusal(
      `must be of stack "${stack}" of project "${PROJECT}"; it is of "${itsStack}" of "${itsProject}".`,
    );
  }
  let encrypted = 0;
  const open = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(open);
    if (typeof value !== "object" || value === null) return value;
    if (SIGNATURE in value && "ciphertext" in value) {
      encrypted += 1;
      return { [SIGNATURE]: value[SIGNATURE], plaintext: JSON.stringify(UNREADABLE_SECRET) };
    }
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, open(item)]));
  };
  const opened = open(resources ?? []) as NonNullable<typeof resources>;
  return {
    deployment: { ...given, deployment: { ...rest, resources: opened, pending_operations: [] } },
    encrypted,
    pending: pending_operations?.length ?? 0,
  };
}

function parsed(text: string): z.infer<typeof exportSchema> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw refusal("must be JSON, as pulumi stack export writes it.", error);
  }
  const result = exportSchema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const got = (json as { version?: unknown } | null)?.version;
  throw refusal(
    issue?.path[0] === "version"
      ? `must be of version ${DEPLOYMENT_VERSION}; got ${JSON.stringify(got)}.`
      : `is none of pulumi stack export: ${issue?.path.join(".")} ${issue?.message}.`,
    result.error,
  );
}

function refusal(rule: string, cause?: unknown): Failure {
  return new Failure(`The exported state ${rule}`, EXIT.stateUnusable, { cause });
}
