import * as pulumi from "@pulumi/pulumi";

/** What may stand in a VCL string and in an expression of Cloud Armor as it is, and nobody can guess. */
export const ORIGIN_SECRET = /^[A-Za-z0-9_-]{32,128}$/;
/** The header that the edge sets on requests to the origin. In lower case, as Cloud Armor knows headers. */
export const ORIGIN_SECRET_HEADER = "x-origin-secret";

/** By which the origin knows the platform's own edge: every customer of the CDN comes from its addresses. */
export interface OriginSecretArgs {
  /** What the edge sends. */
  readonly current: pulumi.Input<string>;
  /** What the origin takes beside it, so that one can follow the other without a gap. */
  readonly former?: pulumi.Input<string> | undefined;
}

/** What the origin takes, the current one first; secret, whatever was given. Each is an `ORIGIN_SECRET`. */
export function originSecrets({ current, former }: OriginSecretArgs): pulumi.Output<readonly string[]> {
  const all = former === undefined ? [current] : [current, former];
  return pulumi.secret(pulumi.all(all));
}
