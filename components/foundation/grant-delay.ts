import * as pulumi from "@pulumi/pulumi";

/** What was made longer ago has grants that hold by now. */
const NEW_MS = 15 * 60_000;

export interface NewGrants {
  /** When the resource that the grants are for was made, RFC 3339. */
  readonly madeAt: pulumi.Output<string>;
  readonly grants: readonly pulumi.Resource[];
  /** Whole seconds from the last of the grants until all of them hold. */
  readonly delaySeconds: number;
}

/**
 * Gives a value on once grants hold. Google answers before a grant holds everywhere, which takes two minutes
 * as a rule: a build or a revision that needs it earlier fails, and the first update of a project with it.
 * Only where the grants were made with what they are for is there anything to wait for, and never in a preview.
 *
 * @see https://cloud.google.com/iam/docs/access-change-propagation
 */
export function onceGranted(value: pulumi.Output<string>, granted: NewGrants): pulumi.Output<string> {
  const made = pulumi.all(granted.grants.map(({ urn }) => urn));
  return pulumi.all([value, granted.madeAt, made]).apply(async ([known, madeAt]) => {
    const delayMs = pulumi.runtime.isDryRun() ? 0 : grantDelayMs(madeAt, granted.delaySeconds, Date.now());
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
    return known;
  });
}

/** @param now milliseconds since 1970, on a clock that may differ from Google's. */
export function grantDelayMs(madeAt: string, delaySeconds: number, now: number): number {
  return now - Date.parse(madeAt) > NEW_MS ? 0 : delaySeconds * 1000;
}
