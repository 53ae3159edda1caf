import * as z from "zod";
import type { InstanceMessage } from "./container/messages.ts";

const MAX_LENGTH = 500;

const text = z.string().transform((value) => value.slice(0, MAX_LENGTH));
const port = z.number().int();
const connectionsSchema = z.object({
  destination: text,
  verdict: z.union([z.strictObject({ part: text }), z.strictObject({ rule: text })]),
  count: z.number().int().min(1),
});

const schema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("listening"), port }),
  z.object({ kind: z.literal("portTaken"), port }),
  z.object({ kind: z.literal("egress"), connections: z.array(connectionsSchema) }),
]) satisfies z.ZodType<InstanceMessage>;

/** What an instance said, if it is in the form of a message: the workload's code shares the process. */
export function parseMessage(value: unknown): InstanceMessage | undefined {
  return schema.safeParse(value).data;
}
