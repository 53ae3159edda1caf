import * as pulumi from "@pulumi/pulumi";
import type { ArtefactFormat } from "../bundling/artefact-format.ts";
import { buildBundle } from "../bundling/build-bundle.ts";

export interface Bundle {
  /** By its contents, so that another object stands for changed code: `certificates/token-proxy/SHA256.zip`. */
  readonly objectName: string;
  readonly contentType: string;
  /** For `BucketObject.source`. The engine compares it by content, so its path means nothing to a diff. */
  readonly archive: pulumi.asset.FileAsset;
}

/** The one seam from source to artefact: `bundle("certificates/token-proxy", BUNDLE)`. */
export function bundle(workload: string, format: ArtefactFormat): Bundle {
  const { sha256, path } = buildBundle(workload, { format });
  return {
    objectName: `${workload}/${sha256}.${format.extension}`,
    contentType: format.contentType,
    archive: new pulumi.asset.FileAsset(path),
  };
}
