import * as gcp from "@pulumi/gcp";
import type * as pulumi from "@pulumi/pulumi";
import type { ArtefactFormat } from "../bundling/artefact-format.ts";
import { bundle } from "./bundle.ts";

export interface CodeObjectArgs {
  /** The folder in `runtime/`. */
  readonly workload: string;
  readonly codeBucket: pulumi.Input<string>;
  readonly format: ArtefactFormat;
}

/** A workload's code in Storage, `NAME-code`: replaced when the code changes, and else the same. */
export function codeObject(
  name: string,
  { workload, codeBucket, format }: CodeObjectArgs,
  parent: pulumi.Resource,
): gcp.storage.BucketObject {
  const { objectName, contentType, archive } = bundle(workload, format);
  return new gcp.storage.BucketObject(
    `${name}-code`,
    { bucket: codeBucket, name: objectName, source: archive, contentType },
    { parent },
  );
}
