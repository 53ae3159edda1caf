import type { StackResource } from "../target.ts";

const OBJECT = "gcp:storage/bucketObject:BucketObject";
const SERVICE = "gcp:cloudrunv2/service:Service";
const CODE = /^(?<workload>[a-z0-9-]+)\/(?<digest>[0-9a-f]{64})\.(tar\.gz|zip)$/;
const IMAGE = /"(?<image>[^"]+)@sha256:(?<digest>[0-9a-f]{64})"/;

/** Digests of the code that a stack runs, by workload: of archives by their objects' names, of images by their references. */
export function artefactsOf(resources: readonly StackResource[]): Readonly<Record<string, string>> {
  const found = resources.flatMap(({ type, urn, outputs }): readonly [string, string][] => {
    if (type === OBJECT) {
      const { workload, digest } = CODE.exec(String(outputs.name))?.groups ?? {};
      return workload === undefined ? [] : [[workload, `sha256:${digest}`]];
    }
    const { digest } = (type === SERVICE && IMAGE.exec(JSON.stringify(outputs.template))?.groups) || {};
    return digest === undefined ? [] : [[urn.slice(urn.lastIndexOf("::") + 2), `sha256:${digest}`]];
  });
  return Object.fromEntries(found.sort(([one], [other]) => one.localeCompare(other)));
}
