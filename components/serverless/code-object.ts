import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import type { ArtefactFormat } from "../bundling/artefact-format.ts";
import { buildBundle } from "../bundling/build-bundle.ts";
import type { HostedWorkload } from "./hosted-workload.ts";

/**
 * A workload's code in Storage, `NAME-code`, under a name by its contents: replaced when the code changes,
 * and else the same. The engine compares the source by content, so its path means nothing to a diff.
 */
export function codeObject(
  name: string,
  { folder, codeBucket }: HostedWorkload,
  format: ArtefactFormat,
  parent: pulumi.Resource,
): gcp.storage.BucketObject {
  const { sha256, path } = buildBundle(folder, { format });
  return new gcp.storage.BucketObject(
    `${name}-code`,
    {
      bucket: codeBucket,
      name: `${folder}/${sha256}.${format.extension}`,
      source: new pulumi.asset.FileAsset(path),
      contentType: format.contentType,
    },
    { parent },
  );
}
