import * as pulumi from "@pulumi/pulumi";
import { type BuiltBundle, buildBundle } from "./build-bundle.ts";

export interface Bundle extends BuiltBundle {
  /** For `BucketObject.source`. The engine compares it by content, so its path means nothing to a diff. */
  readonly archive: pulumi.asset.FileAsset;
}

/** The one seam from source to artefact: `bundle("certificates/token-proxy")`. */
export function bundle(workload: string): Bundle {
  const built = buildBundle(workload);
  return { ...built, archive: new pulumi.asset.FileAsset(built.path) };
}
