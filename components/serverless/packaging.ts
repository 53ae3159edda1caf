import type { FunctionBuilds } from "./function-builds.ts";

/** `REGISTRY/PATH@sha256:DIGEST`: a tag could lead to another image tomorrow. */
export const IMAGE_BY_DIGEST = /^[a-z0-9.-]+(:\d+)?(\/[a-z0-9._-]+)+@sha256:[0-9a-f]{64}$/;

/**
 * How a workload's code reaches Google, as configuration names it. One artefact serves all three: it
 * exports its handler, and listens when it is started.
 *
 * - `bundle`: Cloud Run runs it from Storage, without a build. Ready in seconds; Preview at Google.
 * - `function`: Cloud Functions builds an image of it. Takes minutes; generally available.
 * - `image`: Cloud Run runs an image that was built elsewhere, `REGISTRY/PATH@sha256:DIGEST`.
 */
export type PackagingChoice =
  | { readonly kind: "bundle" }
  | { readonly kind: "function" }
  | { readonly kind: "image"; readonly reference: string };

/** A choice with what it takes. */
export type Packaging =
  | Exclude<PackagingChoice, { kind: "function" }>
  | { readonly kind: "function"; readonly builds: FunctionBuilds };
