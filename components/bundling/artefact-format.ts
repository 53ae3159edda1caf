import { tarGz } from "./archive.ts";
import { functionManifests } from "./function-manifests.ts";
import { zip } from "./zip-archive.ts";

/** The one file of every workload's code. */
export const MAIN_FILE = "index.js";

/** In what a workload's code is packed for one of Google's products. */
export interface ArtefactFormat {
  readonly extension: "tar.gz" | "zip";
  readonly contentType: string;
  /** Files of the repository, beyond the workload's own, that decide the bytes. */
  readonly manifests: readonly string[];
  /** The product's own limit. */
  readonly maxBytes: number;
  /** @param root the repository. */
  pack(code: Buffer, root: string): Buffer;
}

/** For Cloud Run without a container build. @see https://cloud.google.com/run/docs/deploying-source-code#no-build */
export const BUNDLE: ArtefactFormat = {
  extension: "tar.gz",
  contentType: "application/gzip",
  manifests: [],
  maxBytes: 250 * 1024 * 1024,
  pack: (code) => tarGz([{ name: MAIN_FILE, bytes: code }]),
};

/** For Cloud Functions, which builds an image of it. @see https://cloud.google.com/functions/quotas#resource_limits */
export const FUNCTION_SOURCE: ArtefactFormat = {
  extension: "zip",
  contentType: "application/zip",
  manifests: ["package.json", "package-lock.json"],
  maxBytes: 500 * 1024 * 1024,
  pack: (code, root) => zip([{ name: MAIN_FILE, bytes: code }, ...functionManifests(root)]),
};
