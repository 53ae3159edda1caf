import { z } from "zod";
import { byName, checkedConfig, member, projectId, region } from "../checked-config.ts";

/** Of whom GitHub has none. */
const EXAMPLE_ID = "0";
const gitHubId = z.string().regex(/^(0|[1-9]\d{0,18})$/, "must be a number of GitHub's, in digits");

const configSchema = z.strictObject({
  "gcp:project": projectId,
  region,
  repositoryOwnerId: gitHubId,
  repositoryId: gitHubId,
  /** What is deployed. */
  branch: z.string().regex(/^[A-Za-z0-9._/-]{1,100}$/, "must be the name of a branch"),
  /** Who reads states and their secrets, as the commands that take `--stack` do; by a stable name. */
  operators: byName(member).default({}),
});

export type DeliveryConfig = z.output<typeof configSchema>;

/** @throws {InvalidConfig} with the key, the rule and the value of every mistake. */
export function parseDeliveryConfig(values: Readonly<Record<string, string>>): DeliveryConfig {
  return checkedConfig(configSchema, "delivery", values);
}

/** The keys whose values are still this repository's example. */
export function exampleKeys(config: DeliveryConfig): readonly string[] {
  return [
    ...(config["gcp:project"].startsWith("example-") ? ["gcp:project"] : []),
    ...(config.repositoryOwnerId === EXAMPLE_ID ? ["delivery:repositoryOwnerId"] : []),
    ...(config.repositoryId === EXAMPLE_ID ? ["delivery:repositoryId"] : []),
    ...(/@example\.com$/m.test(Object.values(config.operators).join("\n")) ? ["delivery:operators"] : []),
  ];
}
