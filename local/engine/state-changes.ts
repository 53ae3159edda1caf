import { z } from "zod";
import { pendingRecord, resourceRecord } from "./records.ts";

/** One change of a state, as its journal has it and as it is made in memory: there is no other way to change one. */
export const stateChange = z.discriminatedUnion("do", [
  /** A resource is as it is now; it was recorded as `formerUrn` until now. */
  z.strictObject({ do: z.literal("put"), resource: resourceRecord, formerUrn: z.string() }),
  /** A record is replaced in its place; `superseded` is its key if it is one of those. */
  z.strictObject({
    do: z.literal("amend"),
    resource: resourceRecord,
    superseded: z.string().optional(),
  }),
  /** The current record of a URN is set aside for deletion, under the URN `as`. */
  z.strictObject({ do: z.literal("supersede"), urn: z.string(), as: z.string() }),
  z.strictObject({ do: z.literal("remove"), urn: z.string(), superseded: z.string().optional() }),
  z.strictObject({ do: z.literal("intend"), pending: pendingRecord }),
  z.strictObject({ do: z.literal("drop-intent"), urn: z.string() }),
]);

export type StateChange = z.infer<typeof stateChange>;
