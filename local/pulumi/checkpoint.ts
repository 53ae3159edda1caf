import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { EXIT, Failure } from "../../operator/terminal/failure.ts";
import { PROJECT } from "./local-stack.ts";

const STACK_TYPE = "pulumi:pulumi:Stack";
const PROVIDER_TYPE = /^pulumi:providers:/;

const properties = z.record(z.string(), z.unknown()).optional();
const resourceSchema = z.looseObject({
  urn: z.string(),
  type: z.string(),
  custom: z.boolean().default(false),
  delete: z.boolean().optional(),
  external: z.boolean().optional(),
  id: z.string().default(""),
  inputs: properties,
  outputs: properties,
});
const checkpointSchema = z.object({
  checkpoint: z.object({
    latest: z
      .looseObject({
        resources: z.array(resourceSchema).nullish(),
        pending_operations: z
          .array(z.looseObject({ type: z.string(), resource: z.looseObject({ urn: z.string() }) }))
          .nullish(),
      })
      .nullish(),
  }),
});

export type StateResource = z.infer<typeof resourceSchema>;

/** A stack's state as Pulumi's file backend has it. Secrets are encrypted. */
export interface Checkpoint {
  readonly outputs: Readonly<Record<string, unknown>>;
  /** Components too; neither the stack itself nor providers. */
  readonly resources: readonly StateResource[];
  /** Whether an update has begun since the stack was made, or was emptied. */
  readonly isBegun: boolean;
  /** What an update was making, changing or deleting when it was ended: URNs. */
  readonly pending: ReadonlySet<string>;
}

export function checkpointFile(backend: string, stack: string): string {
  return join(backend, ".pulumi", "stacks", PROJECT, `${stack}.json`);
}

/**
 * Reads a stack's state without a start of the CLI; `undefined` if the stack was never made.
 * @throws {Failure} when the file cannot be read, with the way out.
 */
export function readCheckpoint(stateDir: string, stack: string): Checkpoint | undefined {
  const file = checkpointFile(join(stateDir, "pulumi"), stack);
  if (!existsSync(file)) return undefined;
  const latest = parsed(file)?.checkpoint.latest;
  const resources = latest?.resources ?? [];
  return {
    outputs: resources.find(({ type }) => type === STACK_TYPE)?.outputs ?? {},
    resources: resources.filter(({ type }) => type !== STACK_TYPE && !PROVIDER_TYPE.test(type)),
    isBegun: resources.some(({ type }) => type === STACK_TYPE),
    pending: new Set((latest?.pending_operations ?? []).map(({ resource }) => resource.urn)),
  };
}

function parsed(file: string): z.infer<typeof checkpointSchema> | undefined {
  try {
    return checkpointSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    throw new Failure(`The stack's state ${file} is damaged: ${wayBack(file)}.`, EXIT.stateUnusable, {
      cause: error,
    });
  }
}

/** What a person can do whose state is lost: Pulumi keeps the one before. */
export function wayBack(file: string): string {
  const before = `${file}.bak`;
  return existsSync(before)
    ? `put the one before it in its place, ${before}, and run npm run pulumi -- refresh`
    : "start over with npm run down -- --purge";
}
